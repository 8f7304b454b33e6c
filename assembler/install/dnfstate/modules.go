package dnfstate

import (
	"maps"
	"strings"
)

// ModuleState is what is decided about a module. The words are dnf5's.
type ModuleState string

// The states.
const (
	ModuleAvailable ModuleState = "Available" // nothing
	ModuleEnabled   ModuleState = "Enabled"
	ModuleDisabled  ModuleState = "Disabled"
)

// Module is the state of a module.
type Module struct {
	Name     string
	Stream   string // where it is enabled
	State    ModuleState
	Profiles []string
}

// ParseModule reads one of dnf4's module files, which dnf5 goes on from where it
// has none of its own.
func ParseModule(name string, file []byte) Module {
	m := Module{Name: name, State: ModuleAvailable}
	for line := range strings.Lines(string(file)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(key) {
		case "stream":
			m.Stream = value
		case "profiles":
			m.Profiles = strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })
		case "state":
			m.State = map[string]ModuleState{"enabled": ModuleEnabled, "disabled": ModuleDisabled}[value]
		}
	}
	if m.State == "" {
		m.State = ModuleAvailable
	}
	return m
}

// justModules reports whether a transaction is a command about modules.
func (t *Transaction) justModules() bool {
	return len(t.Modules) > 0 && len(t.Items)+len(t.Groups) == 0
}

// setModules brings the states to what they are after a transaction and reports
// whether that changes anything.
func (s *State) setModules(states map[string]Module, t *Transaction) (changed bool) {
	for _, m := range t.Modules {
		old, ok := states[m.Name]
		if !ok {
			old.State = ModuleAvailable
		}
		if old.State != m.State || old.Stream != m.Stream {
			states[m.Name] = m
			changed = true
		}
	}
	for _, name := range s.KnownModules {
		if _, ok := states[name]; changed && !ok {
			states[name] = Module{Name: name, State: ModuleAvailable}
		}
	}
	return changed
}

// modules are the states after all transactions, on top of what there was before.
func (s *State) modules() map[string]Module {
	states := make(map[string]Module)
	if s.past != nil {
		states = maps.Clone(s.past.modules)
	}
	for i := range s.Transactions {
		s.setModules(states, &s.Transactions[i])
	}
	return states
}
