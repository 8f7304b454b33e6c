package debrepo

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"strings"
)

// Write makes the metadata of a repository of n packages in dir. Where there are
// fewer than n, newer builds of the same follow.
func Write(dir string, list []Package, n int) error {
	if len(list) == 0 || n < 1 {
		return fmt.Errorf("write repository: no packages")
	}
	if err := os.MkdirAll(filepath.Join(dir, "repodata"), 0o755); err != nil {
		return err
	}
	var primary, filelists bytes.Buffer
	fmt.Fprintf(&primary, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<metadata xmlns=\"http://linux.duke.edu/metadata/common\" xmlns:rpm=\"http://linux.duke.edu/metadata/rpm\" packages=\"%d\">\n", n)
	fmt.Fprintf(&filelists, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<filelists xmlns=\"http://linux.duke.edu/metadata/filelists\" packages=\"%d\">\n", n)
	for i := range n {
		w := writer{&primary, &filelists, list[i%len(list)], i / len(list)}
		w.element()
	}
	primary.WriteString("</metadata>\n")
	filelists.WriteString("</filelists>\n")
	return finish(dir, map[string][]byte{"primary": primary.Bytes(), "filelists": filelists.Bytes()})
}

// finish compresses the files and writes repomd.xml.
func finish(dir string, files map[string][]byte) error {
	var md bytes.Buffer
	md.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<repomd xmlns=\"http://linux.duke.edu/metadata/repo\">\n<revision>1</revision>\n")
	for _, kind := range []string{"primary", "filelists"} {
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		if _, err := z.Write(files[kind]); err != nil {
			return err
		}
		if err := z.Close(); err != nil {
			return err
		}
		sum := sha256.Sum256(packed.Bytes())
		name := fmt.Sprintf("repodata/%x-%s.xml.gz", sum, kind)
		if err := os.WriteFile(filepath.Join(dir, name), packed.Bytes(), 0o644); err != nil {
			return err
		}
		fmt.Fprintf(&md, "<data type=%q><checksum type=\"sha256\">%x</checksum><open-checksum type=\"sha256\">%x</open-checksum>"+
			"<location href=%q/><timestamp>1</timestamp><size>%d</size><open-size>%d</open-size></data>\n",
			kind, sum, sha256.Sum256(files[kind]), name, packed.Len(), len(files[kind]))
	}
	md.WriteString("</repomd>\n")
	return os.WriteFile(filepath.Join(dir, "repodata", "repomd.xml"), md.Bytes(), 0o644)
}

// writer writes one package.
type writer struct {
	primary, filelists *bytes.Buffer
	p                  Package
	build              int // above zero for a newer build of the same
}

func (w *writer) element() {
	p, out := w.p, bufio.NewWriter(w.primary)
	defer out.Flush()
	e, v, r := evr(p["Version"])
	if w.build > 0 {
		r += fmt.Sprintf(".%d", w.build)
	}
	name, arch := p["Package"], "x86_64"
	if p["Architecture"] == "all" {
		arch = "noarch"
	}
	id := sha256.Sum256([]byte(name + e + v + r + arch))
	summary := html.EscapeString(p["Description"])
	fmt.Fprintf(out, "<package type=\"rpm\">\n  <name>%s</name>\n  <arch>%s</arch>\n  <version epoch=%q ver=%q rel=%q/>\n"+
		"  <checksum type=\"sha256\" pkgid=\"YES\">%x</checksum>\n  <summary>%s</summary>\n  <description>%s, as the archive says: %s</description>\n"+
		"  <packager>%s</packager>\n  <url>%s</url>\n  <time file=\"1700000000\" build=\"1690000000\"/>\n"+
		"  <size package=\"%s\" installed=\"%s000\" archive=\"%s000\"/>\n  <location href=\"Packages/%c/%s-%s-%s.%s.rpm\"/>\n",
		name, arch, e, v, r, id, summary, summary, summary, html.EscapeString(p["Maintainer"]), html.EscapeString(p["Homepage"]),
		number(p["Size"]), number(p["Installed-Size"]), number(p["Installed-Size"]), name[0], name, v, r, arch)
	fmt.Fprintf(out, "  <format>\n    <rpm:license>unknown</rpm:license>\n    <rpm:vendor>Debian</rpm:vendor>\n    <rpm:group>%s</rpm:group>\n"+
		"    <rpm:buildhost>localhost</rpm:buildhost>\n    <rpm:sourcerpm>%s-%s-%s.src.rpm</rpm:sourcerpm>\n    <rpm:header-range start=\"4504\" end=\"9000\"/>\n",
		html.EscapeString(p["Section"]), name, v, r)
	w.dependencies(out, e, v, r, arch)
	fmt.Fprintf(w.filelists, "<package pkgid=\"%x\" name=%q arch=%q>\n  <version epoch=%q ver=%q rel=%q/>\n", id, name, arch, e, v, r)
	w.files(out)
	out.WriteString("  </format>\n</package>\n")
	w.filelists.WriteString("</package>\n")
}

func number(text string) string {
	if text == "" {
		return "1"
	}
	return text
}

func (w *writer) dependencies(out *bufio.Writer, e, v, r, arch string) {
	p, name := w.p, w.p["Package"]
	own := []string{entry(relation{name, "EQ", e + ":" + v + "-" + r})}
	if arch == "x86_64" {
		own = append(own, entry(relation{name + "(x86-64)", "EQ", e + ":" + v + "-" + r}))
	}
	if strings.HasPrefix(name, "lib") && arch == "x86_64" {
		own = append(own, entry(relation{name: name + ".so()(64bit)"}))
	}
	for _, alternatives := range relations(p["Provides"]) {
		virtual := alternatives[0]
		if virtual.op == "" { // to rpm a provide without a version meets every comparison
			virtual.op, virtual.version = "EQ", e+":"+v+"-"+r
		}
		own = append(own, entry(virtual))
	}
	section(out, "provides", own)
	section(out, "requires", append(entries(p["Pre-Depends"], true), entries(p["Depends"], false)...))
	section(out, "conflicts", append(entries(p["Conflicts"], false), entries(p["Breaks"], false)...))
	section(out, "recommends", entries(p["Recommends"], false))
	section(out, "suggests", entries(p["Suggests"], false))
	section(out, "enhances", entries(p["Enhances"], false))
}

func section(out *bufio.Writer, kind string, entries []string) {
	if len(entries) == 0 {
		return
	}
	fmt.Fprintf(out, "    <rpm:%s>\n", kind)
	for _, e := range entries {
		out.WriteString(e)
	}
	fmt.Fprintf(out, "    </rpm:%s>\n", kind)
}

// entries translates a field; alternatives become rich dependencies.
func entries(field string, pre bool) (out []string) {
	for _, alternatives := range relations(field) {
		text := entry(alternatives[0])
		if len(alternatives) > 1 {
			parts := make([]string, len(alternatives))
			for i, a := range alternatives {
				parts[i] = a.rich()
			}
			text = entry(relation{name: "(" + strings.Join(parts, " or ") + ")"})
		}
		if pre {
			text = strings.Replace(text, "/>", " pre=\"1\"/>", 1)
		}
		out = append(out, text)
	}
	return out
}

func entry(r relation) string {
	name := html.EscapeString(r.name)
	if r.op == "" {
		return fmt.Sprintf("      <rpm:entry name=\"%s\"/>\n", name)
	}
	e, v, rel := evr(r.version)
	return fmt.Sprintf("      <rpm:entry name=\"%s\" flags=%q epoch=%q ver=%q rel=%q/>\n", name, r.op, e, v, rel)
}

func (r relation) rich() string {
	if r.op == "" {
		return r.name
	}
	op := map[string]string{"GE": ">=", "LE": "<=", "EQ": "=", "GT": ">", "LT": "<"}[r.op]
	e, v, rel := evr(r.version)
	return fmt.Sprintf("%s %s %s:%s-%s", r.name, op, e, v, rel)
}

// files gives each package a few files in the usual places; the index of the
// archive does not tell the true ones.
func (w *writer) files(out *bufio.Writer) {
	name := w.p["Package"]
	var files []string
	if !strings.HasPrefix(name, "lib") && !strings.HasSuffix(name, "-doc") && w.p["Architecture"] != "all" {
		files = append(files, "/usr/bin/"+name)
	}
	if len(name)%5 == 0 {
		files = append(files, "/etc/"+name+".conf")
	}
	for _, f := range files {
		fmt.Fprintf(out, "    <file>%s</file>\n", f)
		fmt.Fprintf(w.filelists, "  <file>%s</file>\n", f)
	}
	for _, f := range []string{"copyright", "changelog.gz"} {
		fmt.Fprintf(w.filelists, "  <file>/usr/share/doc/%s/%s</file>\n", name, f)
	}
}
