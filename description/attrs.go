package description

import (
	"reflect"
	"strconv"
	"strings"
	"sync"
)

func numberAttr(n *node, name string) Number {
	v, ok := n.attr(name)
	if !ok {
		return Number{}
	}
	i, err := strconv.ParseInt(collapse(v), 10, 64)
	if err != nil {
		return Number{}
	}
	return NumberOf(i)
}

func flagAttr(n *node, name string) Flag {
	v, ok := n.attr(name)
	if !ok {
		return Unset
	}
	return FlagOf(truth(v))
}

// typeFields maps an attribute of <type> to its field of Attributes.
var typeFields = sync.OnceValue(func() map[string]int {
	fields := map[string]int{}
	t := reflect.TypeFor[Attributes]()
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		fields[name] = i
	}
	return fields
})

// readAttributes fills the attributes of a <type>, converted by the schema.
func readAttributes(n *node) Attributes {
	var a Attributes
	v := reflect.ValueOf(&a).Elem()
	r := schema85()["type"]
	for _, at := range n.Attr {
		i, ok := typeFields()[at.FullKey()]
		if !ok {
			continue
		}
		switch value := r.attr(at.FullKey()).typ.read(at.Value).(type) {
		case bool:
			v.Field(i).Set(reflect.ValueOf(FlagOf(value)))
		case int64:
			v.Field(i).Set(reflect.ValueOf(NumberOf(value)))
		case string:
			v.Field(i).SetString(value)
		}
	}
	return a
}
