package solve

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/fimg/fimg/repo/repodata"
)

var richWords = strings.NewReplacer(" & ", " and ", " | ", " or ", " <IF> ", " if ", " <UNLESS> ", " unless ",
	" <ELSE> ", " else ", " + ", " with ", " <WITHOUT> ", " without ")

var elseInParentheses = regexp.MustCompile(`(<IF>|<UNLESS>) \(([^()]*) <ELSE> ([^()]*)\)`)

func caseDep(text string) repodata.Dep {
	text = elseInParentheses.ReplaceAllString(text, "$1 $2 <ELSE> $3")
	if rich := richWords.Replace(text); rich != text {
		return repodata.Dep{Name: []byte("(" + rich + ")")}
	}
	f := strings.Fields(text)
	d := repodata.Dep{Name: []byte(f[0])}
	if len(f) == 3 {
		for _, c := range f[1] {
			d.Flags |= map[rune]repodata.Flags{'<': repodata.Less, '>': repodata.Greater, '=': repodata.Equal}[c]
		}
		d.Epoch, d.Version, d.Release = caseEVR(f[2])
	}
	return d
}

func caseEVR(s string) (e, v, r []byte) {
	if epoch, rest, ok := strings.Cut(s, ":"); ok {
		e, s = []byte(epoch), rest
	}
	version, release, _ := strings.Cut(s, "-")
	return e, []byte(version), []byte(release)
}

// packageFile reads packages from a file beside the case.
func (c *testcase) packageFile(name string) error {
	text, err := os.ReadFile(filepath.Join(c.dir, name))
	if err != nil {
		return errNotOurs(name)
	}
	for _, l := range strings.Split(string(text), "\n") {
		if rest, ok := strings.CutPrefix(l, "="); ok {
			if err := c.packageLine(rest); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *testcase) packageLine(text string) error {
	r := c.repos[len(c.repos)-1]
	tag, value, _ := strings.Cut(text, ":")
	value = strings.TrimSpace(value)
	if tag == "Pkg" {
		f := strings.Fields(value)
		f = append(f, "noarch")
		p := &repodata.Package{Name: []byte(f[0]), Release: []byte(f[2]), Arch: []byte(f[3])}
		p.Epoch, p.Version, _ = caseEVR(f[1])
		r.packages = append(r.packages, p)
		return nil
	}
	if len(r.packages) == 0 {
		return nil
	}
	p := r.packages[len(r.packages)-1]
	list := map[string]*[]repodata.Dep{"Prv": &p.Provides, "Req": &p.Requires, "Con": &p.Conflicts, "Obs": &p.Obsoletes,
		"Rec": &p.Recommends, "Sug": &p.Suggests, "Sup": &p.Supplements, "Enh": &p.Enhances}[tag]
	if list == nil {
		return nil
	}
	if strings.Contains(value, "namespace:") || strings.Contains(value, "<NAMESPACE>") {
		return errNotOurs(value)
	}
	*list = append(*list, caseDep(value))
	return nil
}
