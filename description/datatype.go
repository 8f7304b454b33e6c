package description

import (
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// datatype says which values are valid and how kiwi reads them.
type datatype struct {
	name    string
	words   []string       // fixed values, compared after white space normalisation
	pattern *regexp.Regexp // or a pattern, likewise
	base    base
}

// base is the Go side of a datatype.
type base int

const (
	stringBase base = iota // as written
	tokenBase              // with white space collapsed
	boolBase
	intBase
)

const arches = `(x86_64|i586|i686|ix86|aarch64|arm64|amd64|armv5el|armv5tel|armv6hl|armv6l|armv7hl|armv7l|ppc|ppc64|ppc64le|s390|s390x|riscv64)`

const (
	consoles = `(console|gfxterm|serial|vga_text|mda_text|morse|spkmodem)`
	inputs   = `(console|serial|at_keyboard|usb_keyboard)`
	fsAttrs  = `(no-copy-on-write|synchronous-updates)`
	version4 = `(0|[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])`
	formats  = `(gce|ova|qcow2|vmdk|vdi|vhd|vhdx|vhd-fixed|raw)`
)

// patterns of the named string types.
var patterns = map[string]string{
	"name":          `[a-zA-Z0-9_\-\.]+`,
	"short-name":    `[a-zA-Z0-9_\-\.]{1,32}`,
	"achar":         `[a-zA-Z0-9!-/:-?_ ]{1,128}`,
	"locale":        `(C|POSIX|[a-z]{2,3}_[A-Z]{2})(,[a-z]{2,3}_[A-Z]{2})*`,
	"mac":           `([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}`,
	"digits":        `\p{Nd}+`,
	"blocks":        `(\p{Nd}*|all)`,
	"volume-size":   `(\p{Nd}+|\p{Nd}+M|\p{Nd}+G|all)`,
	"part-size":     `(\p{Nd}+|\p{Nd}+M|\p{Nd}+G)`,
	"vhd-tag":       `[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}`,
	"groups":        `[a-zA-Z0-9_\-\.:]+(,[a-zA-Z0-9_\-\.:]+)*`,
	"arch":          arches + `(,` + arches + `)*`,
	"port":          `(\p{Nd}+|\p{Nd}+/(udp|tcp))`,
	"console-out":   `(none|` + consoles[1:len(consoles)-1] + `)( ` + consoles + `)*`,
	"console-in":    `(none|` + inputs[1:len(inputs)-1] + `)( ` + inputs + `)*`,
	"fs-attributes": fsAttrs + `(,` + fsAttrs + `)*`,
	"four-part":     version4 + `(\.` + version4 + `){3}`,
	"uri":           `(file:|https:|http:|ftp:)[^\n\r]*`,
	"oci-format":    `(oci|docker):` + formats,
}

// describe is what a message says about a type of values.
var describe = map[string]string{
	"bool": "true or false", "number": "a whole number, 0 or more", "integer": "a whole number",
	"sector": "a whole number, 2048 or more", "name": "letters, digits, _ - .",
	"short-name": "up to 32 letters, digits, _ - .", "achar": "up to 128 characters A-Z a-z 0-9 space ! to / : to ? _",
	"locale": "C, POSIX or xx_YY, more xx_YY after commas", "mac": "six hexadecimal pairs with colons",
	"digits": "digits", "blocks": "digits or all", "volume-size": "a number with optional M or G, or all",
	"part-size": "a number with optional M or G", "vhd-tag": "8-4-4-4-12 lower-case hexadecimal digits",
	"groups": "names with optional :gid after commas, no blanks", "arch": "architectures after commas, no blanks",
	"port": "a number with optional /udp or /tcp", "console-out": "none or terminal names after single blanks",
	"console-in": "none or terminal names after single blanks", "fs-attributes": "no-copy-on-write, synchronous-updates after commas",
	"four-part": "four numbers up to 65535 with dots", "uri": "an address that begins with file:, https:, http: or ftp:",
	"oci-format": "oci: or docker: and a disk format",
}

// typeNamed makes the datatype that the schema file calls spec, once.
func typeNamed(known map[string]*datatype, spec string) *datatype {
	if d := known[spec]; d != nil {
		return d
	}
	d := &datatype{name: spec}
	words, extra, _ := strings.Cut(spec, "+")
	if list, ok := strings.CutPrefix(words, "{"); ok {
		d.words, d.base = strings.Split(strings.TrimSuffix(list, "}"), "|"), tokenBase
		spec = extra
	}
	switch spec {
	case "bool":
		d.base = boolBase
	case "number", "integer", "sector":
		d.base = intBase
	default:
		if p, ok := patterns[spec]; ok {
			d.pattern, d.base = regexp.MustCompile(`^(?:`+p+`)$`), tokenBase
		}
	}
	known[d.name] = d
	return d
}

// allows reports whether the schema accepts the value. White space around it and
// repeated inside does not count, except in free text.
func (d *datatype) allows(value string) bool {
	v := normalize(value)
	switch d.base {
	case boolBase:
		return v == "true" || v == "false" || v == "1" || v == "0"
	case intBase:
		return d.number(v)
	case tokenBase:
		return slices.Contains(d.words, v) || d.pattern != nil && d.pattern.MatchString(v)
	}
	return true
}

var wholeNumber = regexp.MustCompile(`^[+-]?[0-9]+$`)

func (d *datatype) number(value string) bool {
	if !wholeNumber.MatchString(value) {
		return false
	}
	v, ok := new(big.Int).SetString(strings.TrimPrefix(value, "+"), 10)
	switch {
	case !ok:
		return false
	case d.name == "number":
		return v.Sign() >= 0
	case d.name == "sector":
		return v.Cmp(big.NewInt(2048)) >= 0
	}
	return true
}

// readable reports whether kiwi's reader, which is stricter than the schema about
// blanks in truth values, takes the value; numbers must fit into 63 bits.
func (d *datatype) readable(value string) bool {
	switch d.base {
	case boolBase:
		return value == "true" || value == "false" || value == "1" || value == "0"
	case intBase:
		_, err := strconv.ParseInt(collapse(value), 10, 64)
		return err == nil
	}
	return true
}

// read returns the value as kiwi keeps it: bool, int64 or string.
func (d *datatype) read(value string) any {
	switch d.base {
	case boolBase:
		return value == "true" || value == "1"
	case intBase:
		v, _ := strconv.ParseInt(collapse(value), 10, 64)
		return v
	case tokenBase:
		return collapse(value)
	}
	return value
}

// about says in words what is allowed, for a message.
func (d *datatype) about() string {
	_, extra, _ := strings.Cut(d.name, "+")
	if len(d.words) == 0 {
		extra = d.name
	}
	return describe[extra]
}

// normalize is collapse for XML's own white space only, as the schema does it.
func normalize(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < 128 && isSpace(byte(r)) }), " ")
}

// collapse strips white space at the ends and makes one blank of it inside, as
// kiwi's reader does it.
func collapse(s string) string { return strings.Join(strings.Fields(s), " ") }
