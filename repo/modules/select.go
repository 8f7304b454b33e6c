package modules

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fimg/fimg/fault"
)

// Request is what a user wants of modules.
type Request struct {
	// Platform is the stream of the pseudo module "platform", "el9" or "f42";
	// empty means unknown, and then it satisfies every requirement.
	Platform string
	Arch     string   // the machine's; empty accepts modules of all
	Enable   []string // "name" (its default or only stream) or "name:stream"
	Disable  []string // "name"
}

// Selection is the outcome: which packages are hidden.
type Selection struct {
	Active  []string  // "name:stream:context", sorted
	Enabled []Enabled // what was asked for, in that order
	Known   []string  // the names of all modules, sorted
	include map[string]bool
	exclude map[string]bool
	names   map[string]bool
}

// Error says that a request about modules cannot be met.
type Error struct{ Spec, Reason string }

func (e *Error) Error() string { return fmt.Sprintf("module %s: %s", e.Spec, e.Reason) }

// FaultClass is Unsolvable.
func (e *Error) FaultClass() fault.Class { return fault.Unsolvable }

// Select finds the active streams. Unknown modules or streams, two streams of one
// module, and requirements of an enabled stream that cannot be met are *Error; a
// default stream that cannot be met is left inactive.
func (s *Set) Select(r Request) (*Selection, error) {
	c := chooser{set: s, request: r, streams: map[string]string{}, disabled: map[string]bool{}, active: map[string]*build{}}
	for _, spec := range r.Disable {
		name, _, _ := strings.Cut(spec, ":")
		if !c.known(name) {
			return nil, &Error{spec, "there is no such module"}
		}
		c.disabled[name] = true
	}
	for _, spec := range r.Enable {
		if err := c.enable(spec); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.streams)) {
		if reason := c.activate(name, c.streams[name], nil); reason != "" {
			return nil, &Error{name + ":" + c.streams[name], reason}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Defaults)) {
		if stream := s.Defaults[name].Stream; stream != "" && !c.disabled[name] && c.streams[name] == "" {
			before := maps.Clone(c.active)
			if c.activate(name, stream, nil) != "" {
				c.active = before
			}
		}
	}
	out := c.selection()
	out.Enabled, out.Known = c.enabled(), s.names()
	return out, nil
}

// build is all versions of one stream in one context.
type build struct {
	context string
	newest  *Module
}

type chooser struct {
	set      *Set
	request  Request
	streams  map[string]string // enabled by the user
	disabled map[string]bool
	active   map[string]*build // by module name
}

func (c *chooser) known(name string) bool {
	return slices.ContainsFunc(c.set.Modules, func(m Module) bool { return m.Name == name })
}

// enable notes the stream a user asks for.
func (c *chooser) enable(spec string) error {
	spec, _, _ = strings.Cut(spec, "/") // a profile has no say here
	name, rest, _ := strings.Cut(spec, ":")
	stream, _, _ := strings.Cut(rest, ":") // nor have version, context and architecture
	if stream == "" {
		all := c.streamsOf(name)
		switch {
		case len(all) == 0:
			return &Error{spec, "there is no such module"}
		case c.set.Defaults[name].Stream != "":
			stream = c.set.Defaults[name].Stream
		case len(all) == 1:
			stream = all[0]
		default:
			return &Error{spec, "there is no default stream; choose one of " + strings.Join(all, ", ")}
		}
	}
	if len(c.builds(name, stream)) == 0 {
		if all := c.streamsOf(name); len(all) > 0 {
			return &Error{spec, "there is no such stream, only " + strings.Join(all, ", ")}
		}
		return &Error{spec, "there is no such module"}
	}
	if have, ok := c.streams[name]; ok && have != stream {
		return &Error{spec, "stream " + have + " of it is asked for too"}
	}
	delete(c.disabled, name)
	c.streams[name] = stream
	return nil
}

func (c *chooser) streamsOf(name string) []string {
	streams := map[string]bool{}
	for i := range c.set.Modules {
		if m := &c.set.Modules[i]; m.Name == name && c.fits(m) {
			streams[m.Stream] = true
		}
	}
	return slices.Sorted(maps.Keys(streams))
}

func (c *chooser) fits(m *Module) bool {
	return c.request.Arch == "" || m.Arch == "" || m.Arch == "noarch" || m.Arch == c.request.Arch
}

// builds returns the contexts of a stream, the one with the newest version first.
func (c *chooser) builds(name, stream string) []*build {
	byContext := map[string]*build{}
	for i := range c.set.Modules {
		m := &c.set.Modules[i]
		if m.Name != name || m.Stream != stream || !c.fits(m) {
			continue
		}
		b := byContext[m.Context]
		if b == nil {
			b = &build{context: m.Context, newest: m}
			byContext[m.Context] = b
		}
		if m.Version > b.newest.Version {
			b.newest = m
		}
	}
	return slices.SortedFunc(maps.Values(byContext), func(a, b *build) int {
		return cmp.Or(cmp.Compare(b.newest.Version, a.newest.Version), cmp.Compare(a.context, b.context))
	})
}

const maxChain = 64 // of modules that require each other

// activate makes a stream active with what it requires. It returns the reason why
// it cannot; then what was activated on the way must be undone by the caller.
func (c *chooser) activate(name, stream string, chain []string) string {
	if have := c.active[name]; have != nil {
		if have.newest.Stream == stream {
			return ""
		}
		return "stream " + have.newest.Stream + " of it is active already"
	}
	if len(chain) > maxChain {
		return "modules require each other without end"
	}
	reason := "there is no such stream"
	for _, b := range c.builds(name, stream) {
		before := maps.Clone(c.active)
		c.active[name] = b
		if reason = c.satisfy(b.newest, append(chain, name)); reason == "" {
			return ""
		}
		c.active = before
	}
	return reason
}

// satisfy activates what one module requires, by the first alternative that works.
func (c *chooser) satisfy(m *Module, chain []string) string {
	if len(m.Requires) == 0 {
		return ""
	}
	reason := ""
	for _, alternative := range m.Requires {
		before := maps.Clone(c.active)
		if reason = c.satisfyAll(alternative, chain); reason == "" {
			return ""
		}
		c.active = before
	}
	return reason
}

func (c *chooser) satisfyAll(requires map[string][]string, chain []string) string {
	for _, name := range slices.Sorted(maps.Keys(requires)) {
		if name == "platform" {
			if p := c.request.Platform; p != "" && !accepts(requires[name], p) {
				return fmt.Sprintf("requires platform %s, this is %s", strings.Join(requires[name], " or "), p)
			}
			continue
		}
		if reason := c.require(name, requires[name], chain); reason != "" {
			return reason
		}
	}
	return ""
}

// require activates one of the accepted streams of a module: the one that is
// active or enabled, else the default, else the first that works.
func (c *chooser) require(name string, accepted []string, chain []string) string {
	if c.disabled[name] {
		return "requires module " + name + ", which is disabled"
	}
	fixed := c.streams[name]
	if have := c.active[name]; have != nil {
		fixed = have.newest.Stream
	}
	candidates := []string{fixed}
	if fixed == "" {
		candidates = append([]string{c.set.Defaults[name].Stream}, c.streamsOf(name)...)
	}
	reason := "requires module " + name + " in another stream than can be had"
	for _, stream := range candidates {
		if stream == "" || !accepts(accepted, stream) {
			continue
		}
		if why := c.activate(name, stream, chain); why != "" {
			reason = "requires module " + name + ":" + stream + ", which " + why
			continue
		}
		return ""
	}
	return reason
}

// accepts says whether a list of streams, some excluded by a minus, has one.
func accepts(list []string, stream string) bool {
	positive := false
	for _, s := range list {
		if out, negative := strings.CutPrefix(s, "-"); negative {
			if out == stream {
				return false
			}
			continue
		}
		positive = true
		if s == stream {
			return true
		}
	}
	return !positive
}
