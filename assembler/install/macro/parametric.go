package macro

import (
	"fmt"
	"strconv"
	"strings"
)

// Parametric tells whether a macro takes parameters: it was defined under a name
// such as "x(fg:)", with the options it knows, or "x(-)" to look for none.
func (s *Set) Parametric(name string) bool { _, ok := s.options[name]; return ok }

// Call expands a parametric macro. In its body "%1" and on are the arguments,
// "%#" their number, "%*" all of them, "%**" with the options, "%0" its name;
// "%{-f}" is an option as given, "%{-f*}" its value, "%{-f:text}" and
// "%{!-f:text}" depend on it. Arguments are not expanded. The error is an option
// that the macro does not know, or that the expansion is too large.
func (s *Set) Call(name string, args []string) (string, error) {
	x := expansion{Set: s}
	out, err := x.call(name, args, 0)
	if err == nil {
		err = x.err
	}
	return out, err
}

func (x *expansion) call(name string, args []string, depth int) (string, error) {
	local := map[string]string{"0": name, "**": strings.Join(args, " ")}
	if x.options[name] != "-" {
		var err error
		if args, err = takeOptions(local, x.options[name], args); err != nil {
			return "", fmt.Errorf("%w in %s(%s)", err, name, x.options[name])
		}
	}
	local["#"], local["*"] = strconv.Itoa(len(args)), strings.Join(args, " ")
	for i, a := range args {
		local[strconv.Itoa(i+1)] = a
	}
	x.spend(2 * len(local["**"]))
	outer := x.local
	x.local = local
	out := x.expand(x.table[name], depth+1)
	x.local = outer
	return out, nil
}

// takeOptions notes the options in front of args, as getopt(3) finds them, and
// returns what follows.
func takeOptions(local map[string]string, known string, args []string) ([]string, error) {
	for len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' {
		word := args[0][1:]
		args = args[1:]
		if word == "-" {
			break
		}
		for word != "" {
			name := word[:1]
			word = word[1:]
			at := strings.Index(known, name)
			if at < 0 || name == ":" {
				return nil, fmt.Errorf("unknown option %s", name)
			}
			local["-"+name] = "-" + name
			if !strings.HasPrefix(known[at+1:], ":") {
				continue
			}
			if word == "" && len(args) == 0 {
				return nil, fmt.Errorf("no value for option %s", name)
			}
			if word == "" {
				word, args = args[0], args[1:]
			}
			local["-"+name], local["-"+name+"*"], word = "-"+name+" "+word, word, ""
		}
	}
	return args, nil
}

// parameter expands the parameter text begins with, as "%1" or "%**"; used is zero
// when there is none.
func (x *expansion) parameter(text string) (used int, out string) {
	end := 2
	switch {
	case text[1] == '#':
	case text[1] == '*':
		if strings.HasPrefix(text, "%**") {
			end = 3
		}
	case text[1] >= '0' && text[1] <= '9':
		for end < len(text) && text[end] >= '0' && text[end] <= '9' {
			end++
		}
	default:
		return 0, ""
	}
	if v, ok := x.local[text[1:end]]; ok {
		return end, v
	}
	return 0, ""
}

// bracedLocal expands the inside of "%{…}" where it is about a parameter or an
// option.
func (x *expansion) bracedLocal(inner string, depth int) (string, bool) {
	name := strings.TrimLeft(inner, "?!")
	flags := inner[:len(inner)-len(name)]
	name, text, has := strings.Cut(name, ":")
	v, ok := x.local[name]
	option := x.local != nil && strings.HasPrefix(name, "-")
	switch {
	case !ok && !option:
		return "", false
	case ok == strings.Contains(flags, "!"):
		return "", true
	case has:
		return x.expand(text, depth+1), true
	}
	return v, true
}
