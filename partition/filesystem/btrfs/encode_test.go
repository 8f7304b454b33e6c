package btrfs

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"testing"
)

// fill sets all numbers of a structure to something.
func fill(rnd *rand.Rand, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(rnd, v.Field(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(rnd, v.Index(i))
		}
	case reflect.Int64:
		v.SetInt(int64(rnd.Uint64()))
	default:
		v.SetUint(rnd.Uint64() >> (64 - v.Type().Bits()))
	}
}

// What is encoded field by field has the bytes of its structure.
func TestEncode(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	for _, v := range []interface{ append([]byte) []byte }{
		new(timespec), new(inodeItem), new(extentData), new(extentItem), new(dataRef), new(header),
	} {
		fill(rnd, reflect.ValueOf(v).Elem())
		if x, ok := v.(*extentData); ok {
			x.Type = extentRegular
		}
		if got, want := v.append([]byte("before"))[6:], appendStruct(nil, v); !bytes.Equal(got, want) {
			t.Errorf("%T: %x, want %x", v, got, want)
		}
	}
	x := extentData{Generation: 1, RAMBytes: 2, Compression: 3, Encoding: 0x405, Type: extentInline}
	if got, want := x.append(nil), appendStruct(nil, x)[:inlineHeader]; !bytes.Equal(got, want) {
		t.Errorf("inline extent: %x, want %x", got, want)
	}
}
