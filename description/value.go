package description

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// Flag is an optional boolean attribute or element: not written, false or true.
// The difference matters because kiwi's default rules look at it. In JSON it is a
// boolean, and absent when not written.
type Flag int8

// The values of a Flag.
const (
	Unset Flag = iota
	False
	True
)

// Set reports whether the description has a value.
func (f Flag) Set() bool { return f != Unset }

// IsTrue reports whether the description says true.
func (f Flag) IsTrue() bool { return f == True }

// IsFalse reports whether the description says false.
func (f Flag) IsFalse() bool { return f == False }

// Or returns the value, or def where none is written.
func (f Flag) Or(def bool) bool {
	if f == Unset {
		return def
	}
	return f == True
}

// FlagOf returns True or False.
func FlagOf(v bool) Flag {
	if v {
		return True
	}
	return False
}

// MarshalJSON writes true, false or null.
func (f Flag) MarshalJSON() ([]byte, error) {
	if f == Unset {
		return []byte("null"), nil
	}
	return strconv.AppendBool(nil, f == True), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (f *Flag) UnmarshalJSON(data []byte) error {
	var v *bool
	if err := json.Unmarshal(data, &v); err != nil {
		return fmt.Errorf("read flag: %w", err)
	}
	*f = Unset
	if v != nil {
		*f = FlagOf(*v)
	}
	return nil
}

// Number is an optional whole number; zero may be written and then differs from
// nothing written. In JSON it is a number, and absent when not written.
type Number struct {
	value int64
	set   bool
}

// NumberOf returns a Number that is set.
func NumberOf(v int64) Number { return Number{v, true} }

// Set reports whether the description has a value.
func (n Number) Set() bool { return n.set }

// Or returns the value, or def where none is written.
func (n Number) Or(def int64) int64 {
	if !n.set {
		return def
	}
	return n.value
}

// MarshalJSON writes the number or null.
func (n Number) MarshalJSON() ([]byte, error) {
	if !n.set {
		return []byte("null"), nil
	}
	return strconv.AppendInt(nil, n.value, 10), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (n *Number) UnmarshalJSON(data []byte) error {
	var v *int64
	if err := json.Unmarshal(data, &v); err != nil {
		return fmt.Errorf("read number: %w", err)
	}
	*n = Number{}
	if v != nil {
		*n = NumberOf(*v)
	}
	return nil
}
