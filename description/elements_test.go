package description

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
)

// elementRow is a row of the tables in docs/elements.md.
type elementRow struct {
	elements []string
	cells    [3]string // done, refused, no effect
}

var (
	inTicks = regexp.MustCompile("`([^`]+)`")
	asWord  = regexp.MustCompile(`\btext\b`)
)

func ticked(text string) (list []string) {
	for _, m := range inTicks.FindAllStringSubmatch(text, -1) {
		list = append(list, m[1])
	}
	return list
}

func elementRows(t *testing.T) (list []elementRow) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(testtool.Root(), "docs/elements.md"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if cells := strings.Split(strings.TrimSpace(line), "|"); len(cells) == 6 && strings.Contains(cells[1], "`") {
			list = append(list, elementRow{ticked(cells[1]), [3]string(cells[2:5])})
		}
	}
	return list
}

// The tables have every element and attribute of the schema once, and nothing else.
func TestElementTable(t *testing.T) {
	seen := map[string]bool{}
	for _, row := range elementRows(t) {
		for _, name := range row.elements {
			r := schema85()[name]
			if r == nil || seen[name] {
				t.Errorf("<%s> is twice in the table or unknown", name)
				continue
			}
			seen[name] = true
			row.check(t, name, r)
		}
	}
	for name := range schema85() {
		if !seen[name] {
			t.Errorf("<%s> is not in the table", name)
		}
	}
}

func (row elementRow) check(t *testing.T, name string, r *rule) {
	t.Helper()
	all := strings.Join(row.cells[:], " ")
	have := slices.DeleteFunc(ticked(all), func(a string) bool { return strings.ContainsAny(a, "@./") })
	slices.Sort(have)
	if want := r.attrNames(); !slices.Equal(have, want) {
		t.Errorf("<%s> has %q in the table, in the schema %q", name, have, want)
	}
	if n := len(asWord.FindAllString(all, -1)); (n > 0) != (r.text != nil) || n > 1 {
		t.Errorf("<%s>: %d places for its text", name, n)
	}
}

// What is done is read here, and what is refused is known to the assembler by name.
func TestElementTableIsTrue(t *testing.T) {
	ours, assembler := sources(t, "description"), sources(t, "assembler")
	fields := typeFields()
	for _, row := range elementRows(t) {
		for _, name := range ticked(row.cells[0]) {
			if _, ok := fields[name]; !ok && !strings.Contains(ours, `"`+name+`"`) && name != "schemaversion" {
				t.Errorf("%s of <%s> is done, and nobody reads it", name, row.elements[0])
			}
		}
		if asWord.MatchString(row.cells[0]) {
			for _, name := range row.elements {
				if !strings.Contains(ours, `"`+name+`"`) {
					t.Errorf("<%s> is done, and nobody reads it", name)
				}
			}
		}
		refused := ticked(row.cells[1])
		if len(refused) == 0 {
			continue
		}
		known := strings.Contains(assembler, "element "+row.elements[0]+`"`)
		for _, name := range refused {
			if !known && !strings.Contains(assembler, name) {
				t.Errorf("%s of <%s> is refused, and the assembler does not know it", name, row.elements[0])
			}
		}
	}
}

// sources are all programs of a package together.
func sources(t *testing.T, dir string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(testtool.Root(), dir, "*.go"))
	if err != nil || len(names) == 0 {
		t.Fatal(dir, err)
	}
	var b strings.Builder
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(text)
	}
	return b.String()
}
