// Package macro expands the macros that scriptlets marked for expansion and Lua
// scriptlets use: a table of names with rpm's usual values, "%name", "%{name}",
// "%{?name}", "%{?name:text}", "%{!?name:text}" and "%%" (rpm's
// docs/man/rpm-macros.7), and macros with parameters by Call and as "%{name a b}".
// Left out: shell and expression expansion, built-in functions; they stay as they
// are.
//
// Macros come from packages: the depth and the work of an expansion and the size of
// a set are bounded.
package macro

import (
	"errors"
	"maps"
	"strings"
)

// Limits of one expansion and of a set.
const (
	maxDepth = 64       // of nesting, as in rpm
	maxWork  = 16 << 20 // bytes read and written on all levels
	maxSet   = 16 << 20 // bytes of names and bodies
)

// Errors of expansions and definitions.
var (
	ErrDepth = errors.New("too many levels of recursion in macro expansion")
	ErrWork  = errors.New("macro expansion takes more than 16 MiB of work")
	ErrSet   = errors.New("macros take more than 16 MiB")
)

// Set is a set of macros. It is not for concurrent use.
type Set struct {
	table   map[string]string
	options map[string]string // of parametric macros
	size    int               // of names and bodies defined after New
}

// expansion is one Expand or Call.
type expansion struct {
	*Set
	local map[string]string // parameters, while a macro with them is expanded
	work  int
	err   error
}

// spend counts work; it is false when the expansion has failed.
func (x *expansion) spend(n int) bool {
	if x.work += n; x.work > maxWork && x.err == nil {
		x.err = ErrWork
	}
	return x.err == nil
}

// New returns the macros of an installed Fedora for an architecture, and more.
func New(arch string, more map[string]string) *Set {
	lib := "lib64"
	if arch == "i686" || arch == "i386" || arch == "armv7hl" {
		lib = "lib"
	}
	s := &Set{options: map[string]string{}, table: map[string]string{
		"_prefix": "/usr", "_exec_prefix": "%{_prefix}", "_bindir": "%{_exec_prefix}/bin",
		"_sbindir": "%{_exec_prefix}/sbin", "_libexecdir": "%{_exec_prefix}/libexec",
		"_lib": lib, "_libdir": "%{_exec_prefix}/%{_lib}", "_datadir": "%{_prefix}/share",
		"_datarootdir": "%{_prefix}/share", "_includedir": "%{_prefix}/include",
		"_sysconfdir": "/etc", "_var": "/var", "_localstatedir": "/var", "_sharedstatedir": "/var/lib",
		"_rundir": "/run", "_mandir": "%{_datadir}/man", "_infodir": "%{_datadir}/info",
		"_docdir": "%{_datadir}/doc", "_usr": "/usr", "_tmppath": "%{_var}/tmp",
		"_rpmconfigdir": "/usr/lib/rpm", "_dbpath": "%{_usr}/lib/sysimage/rpm",
		"_unitdir": "%{_prefix}/lib/systemd/system", "_sysusersdir": "%{_prefix}/lib/sysusers.d",
		"_tmpfilesdir": "%{_prefix}/lib/tmpfiles.d", "_presetdir": "%{_prefix}/lib/systemd/system-preset",
		"_os": "linux", "_arch": arch, "_target_cpu": arch, "_target_os": "linux", "nil": "",
	}}
	maps.Copy(s.table, more)
	return s
}

// Define sets a macro, a parametric one under "name(options)".
func (s *Set) Define(name, body string) error {
	name, options, parametric := strings.Cut(name, "(")
	s.Undefine(name)
	size := len(name) + len(options) + len(body) + 64
	if s.size+size > maxSet {
		return ErrSet
	}
	s.size += size
	if parametric {
		s.options[name] = strings.TrimSuffix(options, ")")
	}
	s.table[name] = body
	return nil
}

// Undefine forgets a macro.
func (s *Set) Undefine(name string) {
	if body, ok := s.table[name]; ok {
		s.size = max(0, s.size-len(name)-len(s.options[name])-len(body)-64)
	}
	delete(s.table, name)
	delete(s.options, name)
}

// Defined tells whether there is a macro of that name.
func (s *Set) Defined(name string) bool { _, ok := s.table[name]; return ok }

// Expand replaces the macros in text. What is not known stays.
func (s *Set) Expand(text string) (string, error) {
	x := expansion{Set: s}
	out := x.expand(text, 0)
	return out, x.err
}

func (x *expansion) expand(text string, depth int) string {
	if depth > maxDepth && x.err == nil {
		x.err = ErrDepth
	}
	if !x.spend(len(text)+1) || !strings.Contains(text, "%") {
		return text
	}
	var b strings.Builder
	for x.err == nil {
		i := strings.IndexByte(text, '%')
		if i < 0 || i+1 == len(text) {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:i])
		used, out := x.one(text[i:], depth)
		x.spend(len(out) + 1)
		b.WriteString(out)
		text = text[i+used:]
	}
	return ""
}

// one expands the macro text begins with; it returns how much of text it is.
func (x *expansion) one(text string, depth int) (int, string) {
	if used, out := x.parameter(text); used > 0 {
		return used, out
	}
	switch c := text[1]; {
	case c == '%':
		return 2, "%"
	case c == '{':
		end := closing(text)
		x.spend(max(end, 0))
		if end < 0 {
			return len(text), text
		}
		return end + 1, x.braced(text[2:end], text[:end+1], depth)
	case isName(c):
		end := 1
		for end < len(text) && isName(text[end]) {
			end++
		}
		if body, ok := x.table[text[1:end]]; ok && end > 3 {
			return end, x.expand(body, depth+1)
		}
		return end, text[:end]
	}
	return 1, "%"
}

// closing finds the brace that ends text's first macro.
func closing(text string) int {
	level := 0
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '{':
			level++
		case '}':
			level--
			if level == 0 {
				return i
			}
		}
	}
	return -1
}

func isName(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// braced expands the inside of "%{…}"; whole is returned for what is not known.
func (x *expansion) braced(inner, whole string, depth int) string {
	if out, ok := x.bracedLocal(inner, depth); ok {
		return out
	}
	if f := strings.Fields(inner); len(f) > 0 && x.Parametric(f[0]) {
		if out, err := x.call(f[0], f[1:], depth); err == nil {
			return out
		}
		return whole
	}
	name := strings.TrimLeft(inner, "?!")
	flags := inner[:len(inner)-len(name)]
	name, text, has := strings.Cut(name, ":")
	body, ok := x.table[name]
	switch {
	case flags == "" && ok && !has:
		return x.expand(body, depth+1)
	case flags == "":
		return whole
	case ok == strings.Contains(flags, "!"):
		return ""
	case has:
		return x.expand(text, depth+1)
	case ok:
		return x.expand(body, depth+1)
	}
	return ""
}
