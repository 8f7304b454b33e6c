package modules

import (
	"maps"
	"slices"
	"strings"
)

// Enabled is a stream that a request enables, with the streams of other modules, as
// "name:stream", that become enabled because it requires them.
type Enabled struct {
	Name, Stream string
	With         []string
}

// enabled lists the streams of the request in its order.
func (c *chooser) enabled() (list []Enabled) {
	for _, spec := range c.request.Enable {
		name, _, _ := strings.Cut(spec, ":")
		name, _, _ = strings.Cut(name, "/")
		list = append(list, Enabled{Name: name, Stream: c.streams[name], With: c.with(name)})
	}
	return list
}

// with lists what a module requires directly or indirectly.
func (c *chooser) with(name string) (list []string) {
	seen, stack := map[string]bool{name: true}, []string{name}
	for len(stack) > 0 {
		b := c.active[stack[len(stack)-1]]
		stack = stack[:len(stack)-1]
		if b == nil {
			continue
		}
		for _, other := range c.required(b.newest) {
			if !seen[other] {
				seen[other] = true
				stack = append(stack, other)
				list = append(list, other+":"+c.active[other].newest.Stream)
			}
		}
	}
	slices.Sort(list)
	return list
}

// required are the modules of the first alternative that holds.
func (c *chooser) required(m *Module) []string {
	for _, alternative := range m.Requires {
		names := slices.DeleteFunc(slices.Sorted(maps.Keys(alternative)), func(name string) bool { return name == "platform" })
		if !slices.ContainsFunc(names, func(name string) bool {
			b := c.active[name]
			return b == nil || !accepts(alternative[name], b.newest.Stream)
		}) {
			return names
		}
	}
	return nil
}

// names are those of all modules there are.
func (s *Set) names() []string {
	all := map[string]bool{}
	for i := range s.Modules {
		all[s.Modules[i].Name] = true
	}
	return slices.Sorted(maps.Keys(all))
}
