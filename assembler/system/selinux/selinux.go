// Package selinux finds the SELinux label of every path of a root tree from the
// file contexts of its own policy, as setfiles(8) does, without a policy in the
// running kernel.
//
// The format is that of file_contexts(5): regular expressions in PCRE syntax with
// an optional file type. What Go's regular expressions lack (back references,
// look-around) is refused when the file is read; no known policy uses it. Left out
// are the compiled .bin files, which hold the same again, and media contexts.
package selinux

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/fimg/fimg/tree"
	"github.com/fimg/fimg/tree/rootfs"
)

// Contexts are the file contexts of a policy. They may be used from several
// goroutines.
type Contexts struct {
	specs   []spec
	byStem  map[string][]int // literal beginning to specs, in order
	longest int              // of the literal beginnings, in bytes
	exact   map[string][]int // specs without any regular expression
	subs    []substitution   // of file_contexts.subs
	dist    []substitution   // of file_contexts.subs_dist
}

// spec is one line.
type spec struct {
	expr    *regexp.Regexp // nil for an exact path
	kind    uint32         // file type bits; zero for any
	context string         // empty for <<none>>
}

type substitution struct{ from, to string }

// kinds are the file types of file_contexts(5).
var kinds = map[string]uint32{"--": tree.TypeFile, "-d": tree.TypeDir, "-l": tree.TypeLink, "-c": tree.TypeChar,
	"-b": tree.TypeBlock, "-p": tree.TypeFIFO, "-s": tree.TypeSocket}

// Load reads the file contexts of a root tree's policy ("" is "targeted"). There
// are none, and no error, when the image has no such policy.
func Load(root *rootfs.Root, policy string) (*Contexts, error) {
	if policy == "" {
		policy = "targeted"
	}
	base := "etc/selinux/" + policy + "/contexts/files/file_contexts"
	if !root.Exists(base) {
		return nil, nil
	}
	return parse(optional(base, root.ReadFile))
}

// ReadFile reads a file_contexts of the host and what lies beside it.
func ReadFile(name string) (*Contexts, error) { return parse(optional(name, os.ReadFile)) }

// optional reads a file of the family; only the first must exist.
func optional(base string, read func(string) ([]byte, error)) func(suffix string) ([]byte, error) {
	return func(suffix string) ([]byte, error) {
		text, err := read(base + suffix)
		if suffix != "" && errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return text, err
	}
}

// parse reads the files in the order in which later ones win.
func parse(read func(suffix string) ([]byte, error)) (*Contexts, error) {
	c := &Contexts{byStem: map[string][]int{}, exact: map[string][]int{}}
	for _, suffix := range []string{"", ".homedirs", ".local"} {
		text, err := read(suffix)
		if err == nil {
			err = c.add(text)
		}
		if err != nil {
			return nil, fmt.Errorf("read file_contexts%s: %w", suffix, err)
		}
	}
	for suffix, list := range map[string]*[]substitution{".subs": &c.subs, ".subs_dist": &c.dist} {
		text, err := read(suffix)
		if err != nil {
			return nil, fmt.Errorf("read file_contexts%s: %w", suffix, err)
		}
		*list = substitutions(text)
	}
	return c, nil
}

func substitutions(text []byte) []substitution {
	var list []substitution
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 2 && f[0][0] != '#' {
			list = append(list, substitution{strings.TrimSuffix(f[0], "/"), strings.TrimSuffix(f[1], "/")})
		}
	}
	return list
}

func (c *Contexts) add(text []byte) error {
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for number := 1; lines.Scan(); number++ {
		f := strings.Fields(lines.Text())
		if len(f) == 0 || f[0][0] == '#' {
			continue
		}
		if err := c.addLine(f); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
	}
	return lines.Err()
}

func (c *Contexts) addLine(f []string) error {
	s := spec{}
	switch len(f) {
	case 2:
		s.context = f[1]
	case 3:
		kind, ok := kinds[f[1]]
		if !ok {
			return fmt.Errorf("file type %q is not known", f[1])
		}
		s.kind, s.context = kind, f[2]
	default:
		return fmt.Errorf("want 2 or 3 words, found %d", len(f))
	}
	if s.context == "<<none>>" {
		s.context = ""
	}
	stem, literal := beginning(f[0])
	index := len(c.specs)
	if literal {
		c.exact[stem] = append(c.exact[stem], index)
	} else {
		expr, err := regexp.Compile("(?s)^(?:" + bytewise(f[0]) + ")$")
		if err != nil {
			return err
		}
		s.expr = expr
		c.byStem[stem] = append(c.byStem[stem], index)
		c.longest = max(c.longest, len(stem))
	}
	c.specs = append(c.specs, s)
	return nil
}

// bytewise gives every byte beyond ASCII a character of its own: libselinux matches
// bytes, and a dot is one of them.
func bytewise(text string) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return text
	}
	runes := make([]rune, len(text))
	for i := range len(text) {
		runes[i] = rune(text[i])
	}
	return string(runes)
}

// beginning returns the text every match begins with, and whether that is all.
func beginning(expr string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(expr); i++ {
		switch ch := expr[i]; ch {
		case '\\':
			if i+1 == len(expr) || isWord(expr[i+1]) {
				return b.String(), false // a class such as \d
			}
			i++
			b.WriteByte(expr[i])
		case '.', '^', '$', '?', '*', '+', '|', '[', '(', '{':
			text := b.String()
			if ch == '|' {
				return "", false
			}
			if (ch == '?' || ch == '*' || ch == '{') && text != "" {
				text = text[:len(text)-1] // what came before is optional
			}
			if strings.Contains(topLevel(expr), "|") {
				text = ""
			}
			return text, false
		default:
			b.WriteByte(ch)
		}
	}
	return b.String(), true
}

func isWord(ch byte) bool {
	return ch >= '0' && ch <= '9' || ch >= 'a' && ch <= 'z' || ch >= 'A' && ch <= 'Z'
}

// topLevel is the expression without what is in parentheses, brackets or escaped.
func topLevel(expr string) string {
	var b strings.Builder
	depth := 0
	for i := 0; i < len(expr); i++ {
		switch expr[i] {
		case '\\':
			i++
		case '(', '[':
			depth++
		case ')', ']':
			depth--
		default:
			if depth == 0 {
				b.WriteByte(expr[i])
			}
		}
	}
	return b.String()
}

// Label returns the context of an absolute path with the given file type bits,
// empty when it has none.
func (c *Contexts) Label(name string, mode uint32) string {
	name = path.Clean("/" + name)
	name = substitute(c.dist, substitute(c.subs, name))
	kind := mode & tree.TypeMask
	if i := c.lastOf(c.exact[name], name, kind); i >= 0 {
		return c.specs[i].context
	}
	best := -1
	for end := range min(len(name), c.longest) + 1 {
		if list := c.byStem[name[:end]]; len(list) > 0 && list[len(list)-1] > best {
			best = max(best, c.lastAfter(list, best, name, kind))
		}
	}
	if best < 0 {
		return ""
	}
	return c.specs[best].context
}

func (c *Contexts) lastOf(list []int, name string, kind uint32) int {
	return c.lastAfter(list, -1, name, kind)
}

// lastAfter is the last spec of the list, behind a given one, that matches.
func (c *Contexts) lastAfter(list []int, after int, name string, kind uint32) int {
	for i := len(list) - 1; i >= 0 && list[i] > after; i-- {
		s := &c.specs[list[i]]
		if (s.kind == 0 || s.kind == kind) && (s.expr == nil || s.expr.MatchString(bytewise(name))) {
			return list[i]
		}
	}
	return -1
}

// substitute replaces the beginning of a path by the first rule that applies.
func substitute(rules []substitution, name string) string {
	for _, r := range rules {
		if rest, ok := strings.CutPrefix(name, r.from); ok && (rest == "" || rest[0] == '/') {
			return path.Clean("/" + r.to + rest)
		}
	}
	return name
}

// excluded are the trees that kiwi keeps setfiles away from.
var excluded = []string{"proc", "sys", "dev"}

// Node returns the label of a node of a root tree; it fits tree.DirOptions.Label.
func (c *Contexts) Node(n *tree.Node) string {
	for _, e := range excluded {
		if n.Path == e || strings.HasPrefix(n.Path, e+"/") {
			return ""
		}
	}
	return c.Label("/"+n.Path, n.Mode)
}
