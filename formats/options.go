package formats

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fimg/fimg/fault"
)

// QemuOptions are the options of a format under the names qemu-img -o gives
// them; an option without a value has the value "on".
type QemuOptions map[string]string

// ParseOptions reads kiwi's formatoptions attribute, a comma-separated list of
// key=value or key. As kiwi does, adapter_type=pvscsi becomes lsilogic.
func ParseOptions(text string) (QemuOptions, error) {
	opts := QemuOptions{}
	for item := range strings.SplitSeq(text, ",") {
		item = strings.TrimSpace(item)
		if item == "" {
			continue
		}
		key, value, found := strings.Cut(item, "=")
		if key == "" {
			return nil, &OptionError{Option: item, Reason: "has no name"}
		}
		if !found {
			value = "on"
		}
		if key == "adapter_type" && value == "pvscsi" {
			value = "lsilogic"
		}
		opts[key] = value
	}
	return opts, nil
}

// String returns the options as ParseOptions reads them, sorted by name.
func (o QemuOptions) String() string {
	items := make([]string, 0, len(o))
	for _, key := range slices.Sorted(maps.Keys(o)) {
		items = append(items, key+"="+o[key])
	}
	return strings.Join(items, ",")
}

// OptionError says that a format does not take an option or its value.
type OptionError struct {
	Format string // empty when the list itself is malformed
	Option string // "key" or "key=value"
	Reason string
}

func (e *OptionError) Error() string {
	if e.Format == "" {
		return fmt.Sprintf("read format option %q: %s", e.Option, e.Reason)
	}
	return fmt.Sprintf("read options of %s: %s", e.Format, e.Reason) // which names the option
}

// FaultClass implements fault.Classed.
func (e *OptionError) FaultClass() fault.Class { return fault.Description }
