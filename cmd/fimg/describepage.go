package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/fimg/fimg/description"
)

// page writes lines of columns with the place of origin at the end.
type page struct {
	out *bufio.Writer
	tab *tabwriter.Writer
}

func (p *page) title(text string) {
	p.tab.Flush()
	fmt.Fprintf(p.out, "\n%s\n", text)
}

// line prints a name, a value and where it comes from; nothing for an empty value.
func (p *page) line(name, value string, from description.Source) {
	if value == "" {
		return
	}
	where := ""
	if from.File != "" {
		where = from.String()
	}
	if from.Profile != "" {
		where += " (" + from.Profile + ")"
	}
	fmt.Fprintf(p.tab, "  %s\t%s\t%s\n", name, value, where)
}

// writePage prints an image for a person to read.
func writePage(w io.Writer, img *description.Image) error {
	var text bytes.Buffer
	out := bufio.NewWriter(&text)
	p := &page{out, tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)}
	fmt.Fprintf(out, "%s %s for %s\n", img.Name, img.Version, img.Arch)
	p.head(img)
	p.disk(img)
	p.container(img)
	p.packages("Packages, bootstrap", img.Packages.Bootstrap)
	p.packages("Packages, image", img.Packages.Image)
	p.removed(img)
	p.repositories(img)
	p.accounts(img)
	p.remarks(img)
	p.tab.Flush()
	out.Flush()
	for line := range strings.Lines(text.String()) {
		if _, err := io.WriteString(w, strings.TrimRight(line, " \n")+"\n"); err != nil {
			return err
		}
	}
	return nil
}

func (p *page) head(img *description.Image) {
	pref, t := img.Preferences, img.Type
	from := func(key string) description.Source { return pref.Sources[key] }
	p.line("description", img.File, description.Source{})
	p.line("profiles", strings.Join(img.Profiles, ", "), description.Source{})
	p.line("type", strings.TrimSpace(t.Attr.Image+" "+t.Attr.Format), img.Source)
	p.line("version", img.Version, from("version"))
	p.line("release version", pref.ReleaseVersion, from("release_version"))
	p.line("package manager", pref.PackageManager, from("package_manager"))
	p.line("locale", pref.Locale, from("locale"))
	p.line("keyboard", pref.Keytable, from("keytable"))
	p.line("time zone", pref.Timezone, from("timezone"))
	p.line("documentation", map[bool]string{true: "left out"}[pref.ExcludeDocs], from("rpm_excludedocs"))
	for _, s := range img.Scripts {
		p.line("script", s.Name, description.Source{File: s.Path})
	}
	for _, o := range img.Overlays {
		p.line("overlay", o.Path, description.Source{Profile: o.Profile})
	}
}

func (p *page) disk(img *description.Image) {
	t := img.Type
	if t.Attr.Image != "oem" {
		return
	}
	p.title("Disk")
	here := img.Source
	size := "as large as the content asks"
	if t.Size != nil {
		size = fmt.Sprintf("%d MiB", t.Size.MB)
		here = t.Size.Source
	}
	p.line("size", size, here)
	p.line("firmware", t.Firmware.Name, img.Source)
	p.line("partition table", t.Firmware.Table, description.Source{})
	p.line("file system", strings.TrimSpace(t.Attr.Filesystem+" "+t.Attr.FSMountOptions), img.Source)
	for _, v := range t.Volumes {
		p.line("volume "+v.Name, "/"+strings.TrimPrefix(v.Path, "/"), v.Source)
	}
	for _, v := range t.Partitions {
		p.line("partition "+v.Name, fmt.Sprintf("%d MiB %s %s", v.MB, v.Filesystem, v.Mountpoint), v.Source)
	}
	p.line("boot loader", t.Bootloader.Name, t.Bootloader.Source)
	p.line("kernel", t.KernelCmdline, img.Source)
	p.line("initrd", t.InitrdSystem, description.Source{})
}

func (p *page) container(img *description.Image) {
	c := img.Type.Container
	if c == nil {
		return
	}
	p.title("Container")
	p.line("name", c.Name+":"+c.Tag, c.Source)
	p.line("maintainer", c.Maintainer, c.Source)
	if c.Entrypoint != nil {
		p.line("entry point", strings.Join(c.Entrypoint.Args, " "), c.Source)
	}
	if c.Subcommand != nil {
		p.line("command", strings.Join(c.Subcommand.Args, " "), c.Source)
	}
	for _, o := range c.Environment {
		p.line("environment", o.Name+"="+o.Value, description.Source{})
	}
	for _, o := range c.Labels {
		p.line("label", o.Name+"="+o.Value, description.Source{})
	}
}

func (p *page) packages(title string, phase description.Phase) {
	if len(phase.Packages)+len(phase.Collections)+len(phase.Ignore)+len(phase.Archives)+len(phase.Files) == 0 {
		return
	}
	if phase.Recommended {
		title += ", with recommended ones"
	}
	p.title(title)
	for _, c := range phase.Collections {
		p.line("group", c.Name, c.Source)
	}
	for _, k := range phase.Packages {
		p.line("package", k.Name, k.Source)
	}
	for _, k := range phase.Ignore {
		p.line("never", k.Name, k.Source)
	}
	for _, k := range phase.Archives {
		p.line("archive", k.Name+" to /"+strings.TrimPrefix(k.TargetDir, "/"), k.Source)
	}
	for _, k := range phase.Files {
		p.line("file", k.Name+" to /"+strings.TrimPrefix(k.Target, "/"), k.Source)
	}
}

func (p *page) removed(img *description.Image) {
	k := img.Packages
	if len(k.Remove)+len(k.Uninstall)+len(k.Delete) == 0 {
		return
	}
	p.title("Packages, removed again")
	for _, list := range [][]description.Package{k.Remove, k.Uninstall} {
		for _, x := range list {
			p.line("uninstall", x.Name, x.Source)
		}
	}
	for _, x := range k.Delete {
		p.line("delete", x.Name, x.Source)
	}
}

func (p *page) repositories(img *description.Image) {
	p.title("Repositories")
	for _, r := range img.Repositories {
		name := r.Alias
		if name == "" {
			name = "(no alias)"
		}
		if r.Problem != "" {
			p.line(name, r.Problem, r.Source)
			continue
		}
		p.line(name, r.URL, r.Source)
		for _, key := range r.Keys {
			p.line("", "key "+key, description.Source{})
		}
	}
}

func (p *page) accounts(img *description.Image) {
	if len(img.Users) == 0 {
		return
	}
	p.title("Users")
	for _, u := range img.Users {
		p.line(u.Name, strings.TrimSpace(u.Home+" "+strings.Join(u.Groups, ",")), u.Source)
	}
}

func (p *page) remarks(img *description.Image) {
	checks := img.Checks()
	if len(checks)+len(img.Notes) == 0 {
		return
	}
	p.title("Remarks")
	for _, c := range checks {
		p.line(c.Name, c.Text, c.Source)
	}
	for _, n := range img.Notes {
		p.line("note", n.Text, n.Source)
	}
}
