package repo

import "strings"

// variables returns what $name may stand for: releasever with its two halves,
// arch and basearch as dnf derives them, and the user's own.
func (o *Options) variables() map[string]string {
	vars := map[string]string{}
	if o.Releasever != "" {
		major, minor, _ := strings.Cut(o.Releasever, ".")
		vars["releasever"], vars["releasever_major"], vars["releasever_minor"] = o.Releasever, major, minor
	}
	if o.Arch != "" {
		vars["arch"], vars["basearch"] = o.Arch, baseArch(o.Arch)
	}
	for name, value := range o.Vars {
		vars[name] = value
	}
	return vars
}

// baseArch is the name that repositories use for the family of an architecture.
func baseArch(arch string) string {
	switch arch {
	case "i386", "i486", "i586", "i686", "athlon", "geode", "ix86":
		return "i386"
	case "amd64", "ia32e", "x86_64_v2", "x86_64_v3", "x86_64_v4":
		return "x86_64"
	case "arm64":
		return "aarch64"
	case "armv7l", "armv7hl", "armv7hnl", "armv8hl", "armv6hl":
		return "armhfp"
	}
	return arch
}

// expand replaces $name, ${name}, ${name:-default} and ${name:+alternative}.
// What names no variable stays as it is.
func expand(text string, vars map[string]string) string {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "$")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		value, length := variable(rest, vars)
		if length == 0 {
			out.WriteByte('$')
		}
		out.WriteString(value)
		text = rest[length:]
	}
}

// variable reads the variable at the start of text, behind its dollar, and
// returns its value and length; zero when there is none.
func variable(text string, vars map[string]string) (string, int) {
	if strings.HasPrefix(text, "{") {
		inner, _, closed := strings.Cut(text[1:], "}")
		n := nameLength(inner)
		if !closed || n == 0 {
			return "", 0
		}
		value, known := vars[inner[:n]]
		switch rule := inner[n:]; {
		case rule == "" && known:
		case strings.HasPrefix(rule, ":-"):
			if value == "" {
				value = expand(rule[2:], vars)
			}
		case strings.HasPrefix(rule, ":+"):
			if value != "" {
				value = expand(rule[2:], vars)
			}
		default:
			return "", 0
		}
		return value, len(inner) + 2
	}
	n := nameLength(text)
	value, known := vars[text[:n]]
	if !known {
		return "", 0
	}
	return value, n
}

// nameLength counts the letters, digits and underscores at the start of text.
func nameLength(text string) int {
	for i, c := range []byte(text) {
		if c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return i
		}
	}
	return len(text)
}
