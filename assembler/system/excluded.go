package system

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/fimg/fimg/fault"
)

// excludeFile is what a description leaves in the tree to keep paths out of the
// image.
const excludeFile = "image/exclude_files.yaml"

// Limits on it.
const (
	maxExcludeFile = 1 << 20
	maxExcludes    = 10000
)

// Excluded tells which paths, with everything below them, the description keeps out
// of the image: those under "exclude" in image/exclude_files.yaml of the tree, in
// rsync's patterns, from the root of the tree. It is nil when there are none.
func (s *System) Excluded() (func(path string) bool, error) {
	text, err := s.Root.ReadFile(excludeFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && len(text) > maxExcludeFile {
		err = fmt.Errorf("larger than %d bytes", maxExcludeFile)
	}
	var list []string
	if err == nil {
		list, err = excludes(text)
	}
	if err != nil {
		return nil, fault.New(fault.Description, fmt.Errorf("read /%s: %w", excludeFile, err))
	}
	if len(list) == 0 {
		s.Events.Warn("finish", "/"+excludeFile, "no list under exclude; nothing is left out")
		return nil, nil
	}
	expr, err := regexp.Compile(excludeExpression(list))
	if err != nil {
		return nil, fault.New(fault.Description, fmt.Errorf("read /%s: %w", excludeFile, err))
	}
	return expr.MatchString, nil
}

// excludes reads the patterns.
func excludes(text []byte) ([]string, error) {
	var file struct {
		Exclude []string `yaml:"exclude"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return nil, err
	}
	if len(file.Exclude) > maxExcludes {
		return nil, fmt.Errorf("more than %d patterns", maxExcludes)
	}
	var list []string
	for _, pattern := range file.Exclude {
		if pattern = strings.Trim(pattern, "/"); pattern != "" {
			list = append(list, pattern)
		}
	}
	return list, nil
}

// excludeExpression matches what any of rsync's patterns matches.
func excludeExpression(list []string) string {
	var b strings.Builder
	b.WriteString(`(?s)^(?:`)
	for i, pattern := range list {
		if i > 0 {
			b.WriteByte('|')
		}
		writePattern(&b, pattern)
	}
	b.WriteString(`)$`)
	return b.String()
}

// patternParts are the special parts of rsync's patterns.
var patternParts = regexp.MustCompile(`\\.|\*\*|\*|\?|\[[!^]?\]?[^\]]*\]|[^\\*?\[]+|.`)

func writePattern(b *strings.Builder, pattern string) {
	for _, part := range patternParts.FindAllString(pattern, -1) {
		switch {
		case part == "**":
			b.WriteString(`.*`)
		case part == "*":
			b.WriteString(`[^/]*`)
		case part == "?":
			b.WriteString(`[^/]`)
		case len(part) > 2 && part[0] == '[':
			b.WriteString(class(part[1 : len(part)-1]))
		case len(part) > 1 && part[0] == '\\':
			b.WriteString(regexp.QuoteMeta(part[1:]))
		default:
			b.WriteString(regexp.QuoteMeta(part))
		}
	}
}

// class writes the inside of a bracket expression as a regular expression.
func class(inside string) string {
	not := ""
	if inside[0] == '!' || inside[0] == '^' {
		not, inside = "^", inside[1:]
	}
	return "[" + not + strings.NewReplacer(`\`, `\\`, `]`, `\]`, `[`, `\[`, `^`, `\^`).Replace(inside) + "]"
}
