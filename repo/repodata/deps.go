package repodata

import "bytes"

var entryName = []byte("entry")

// deps reads the entries of a dependency list into an arena, of which list
// becomes a part.
func (t *tokens) deps(list, arena *[]Dep) error {
	*arena = append(*arena, *list...) // a second element of the same name adds to the first
	start := len(*arena) - len(*list)
	err := t.entries(arena)
	*list = (*arena)[start:len(*arena):len(*arena)]
	return err
}

func (t *tokens) entries(list *[]Dep) error {
	return t.children(t.name, func(t *tokens) error {
		if !bytes.Equal(t.name, entryName) {
			return t.skip()
		}
		return t.dep(list)
	})
}

// dep reads one entry element.
func (t *tokens) dep(list *[]Dep) error {
	var d Dep
	for {
		more, err := t.attr()
		if err != nil {
			return err
		}
		if !more {
			break
		}
		if err := t.depAttr(&d); err != nil {
			return err
		}
	}
	if len(d.Name) == 0 {
		return t.fail("dependency without a name")
	}
	if d.Flags == 0 || len(d.Version) == 0 { // half a comparison compares nothing
		d = Dep{Name: d.Name, Pre: d.Pre}
	}
	*list = append(*list, d)
	if t.empty {
		return nil
	}
	t.name = entryName
	return t.skip()
}

func (t *tokens) depAttr(d *Dep) error {
	val := t.attrVal
	switch string(t.attrKey) {
	case "name":
		d.Name = val
	case "flags":
		if d.Flags = flags(val); d.Flags == 0 {
			return t.fail("unknown comparison %q", clip(val))
		}
	case "epoch":
		if !digits(val) {
			return t.fail("epoch %q is not a number", clip(val))
		}
		d.Epoch = val
	case "ver":
		d.Version = val
	case "rel":
		d.Release = val
	case "pre":
		d.Pre = string(val) == "1"
	}
	return nil
}

// flags decodes a comparison, zero for an unknown one.
func flags(text []byte) Flags {
	switch string(text) {
	case "EQ":
		return Equal
	case "GE":
		return Greater | Equal
	case "LE":
		return Less | Equal
	case "LT":
		return Less
	case "GT":
		return Greater
	}
	return 0
}

// digits says whether text is empty or a decimal number.
func digits(text []byte) bool {
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(text) <= 10
}

// clip shortens text that goes into an error.
func clip(text []byte) []byte {
	return text[:min(len(text), 200)]
}
