package e2e

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/fimg/fimg/assembler/install/dnfstate"
	"github.com/fimg/fimg/internal/rpmtest"
	"github.com/fimg/fimg/internal/testtool"
)

// wordsSpec has packages for every reason to be installed and to leave again.
const wordsSpec = `Name: dnf5
Version: 1
Release: 1
Summary: s
License: MIT
%description
d
%files
%package -n app
Summary: s
Requires: lib
Recommends: extra clinging
%description -n app
d
%files -n app
%package -n lib
Summary: s
%description -n lib
d
%files -n lib
%package -n extra
Summary: s
%description -n extra
d
%files -n extra
%package -n clinging
Summary: s
Requires: leaving
%description -n clinging
d
%files -n clinging
%package -n leaving
Summary: s
Requires: leavinglib
Recommends: leavingweak
%description -n leaving
d
%files -n leaving
%package -n leavinglib
Summary: s
%description -n leavinglib
d
%files -n leavinglib
%package -n leavingweak
Summary: s
Requires: leaving
%description -n leavingweak
d
%files -n leavingweak
%package -n member
Summary: s
Requires: memberlib
%description -n member
d
%files -n member
%package -n memberlib
Summary: s
%description -n memberlib
d
%files -n memberlib
%package -n maybe
Summary: s
%description -n maybe
d
%files -n maybe
`

const wordsComps = `<?xml version="1.0" encoding="UTF-8"?>
<comps><group><id>tools</id><name>Tools</name><description>All tools</description><default>false</default><uservisible>true</uservisible>
<packagelist><packagereq type="mandatory">member</packagereq><packagereq type="default">lib</packagereq>
<packagereq type="conditional" requires="absent">maybe</packagereq><packagereq type="optional">maybe</packagereq></packagelist></group>
<group><id>base</id><name>Base</name><description>All</description><default>true</default><uservisible>true</uservisible>
<packagelist><packagereq type="mandatory">memberlib</packagereq></packagelist></group>
<environment><id>desk</id><name>Desk</name><description>A desk</description><display_order>5</display_order>
<grouplist><groupid>base</groupid></grouplist><optionlist><groupid default="true">tools</groupid></optionlist></environment></comps>
`

const wordsModules = `---
document: modulemd
version: 2
data: {name: first, stream: "1", version: 1, context: c, arch: x86_64, summary: s, description: d, license: {module: [MIT]},
  dependencies: [{requires: {second: ["2"]}}]}
...
---
document: modulemd
version: 2
data: {name: second, stream: "2", version: 1, context: c, arch: x86_64, summary: s, description: d, license: {module: [MIT]}}
...
---
document: modulemd
version: 2
data: {name: third, stream: "3", version: 1, context: c, arch: x86_64, summary: s, description: d, license: {module: [MIT]}}
...
---
document: modulemd
version: 2
data: {name: fourth, stream: "4", version: 1, context: c, arch: x86_64, summary: s, description: d, license: {module: [MIT]}}
...
`

// words makes a repository of the packages.
func words(t *testing.T, o testtool.Oracle) string {
	t.Helper()
	dir := o.Dir(t)
	for _, file := range rpmtest.BuildSpec(t, wordsSpec, "gzip", "buildarch noarch") {
		if !strings.HasSuffix(file, ".src.rpm") {
			testtool.Run(t, "cp", file, dir)
		}
	}
	more := t.TempDir()
	for name, text := range map[string]string{"comps.xml": wordsComps, "modules.yaml": wordsModules} {
		if err := os.WriteFile(filepath.Join(more, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	testtool.Run(t, "createrepo_c", "-q", "-g", filepath.Join(more, "comps.xml"), dir)
	testtool.Run(t, "modifyrepo_c", "--mdtype=modules", filepath.Join(more, "modules.yaml"), filepath.Join(dir, "repodata"))
	return dir
}

// TestLikeDNF5 installs and removes the same words by dnf5 and by fimg: the trees
// are the same, and dnf5 answers the same about both.
func TestLikeDNF5(t *testing.T) {
	testtool.Long(t)
	o := testtool.DNF5(t)
	extra, demo := words(t, o), o.Dir(t)
	if exec.Command("cp", "-al", testtool.Repo(t)+"/.", demo).Run() != nil { // on another file system
		testtool.Run(t, "cp", "-a", testtool.Repo(t)+"/.", demo)
	}
	theirs := &testtool.Installroot{Oracle: o, Dir: filepath.Join(o.Dir(t), "root"), Cache: o.Dir(t), Repos: []string{demo, extra}}
	theirs.DNF5(t, true, "module", "disable", "third")
	theirs.DNF5(t, true, "module", "reset", "first")
	theirs.DNF5(t, true, "module", "enable", "first:1")
	theirs.DNF5(t, true, "install", "app", "bash", "coreutils", "dnf5", "filesystem", "@desk")
	theirs.DNF5(t, true, "remove", "leaving")

	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	ours := &testtool.Installroot{Oracle: o, Dir: filepath.Join(o.Dir(t), "root"), Cache: theirs.Cache, Repos: theirs.Repos}
	buildRoot(t, ours, `<packages type="bootstrap" patternType="plusRecommended"><collectionModule name="third" enable="false"/>`+
		`<collectionModule name="first" stream="1" enable="true"/><package name="app"/>`+base+
		`<package name="dnf5"/><namedCollection name="desk"/></packages><packages type="uninstall"><package name="leaving"/></packages>`)
	sameTrees(t, ours, theirs)
}

// buildRoot makes a root by fimg, from the same repositories.
func buildRoot(t *testing.T, d *testtool.Installroot, packages string) {
	t.Helper()
	xml := `<image schemaversion="8.5" name="words"><description type="system"><author>a</author><contact>c</contact>
<specification>s</specification></description><preferences><version>1</version><packagemanager>dnf5</packagemanager>
<release-version>42</release-version><type image="tbz"/></preferences>`
	for i, r := range d.Repos {
		xml += `<repository type="rpm-md" alias="r` + string(rune('0'+i)) + `"><source path="dir://` + r + `"/></repository>`
	}
	source, target := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(source, "config.xml"), []byte(xml+packages+"</image>"), 0o644); err != nil {
		t.Fatal(err)
	}
	kiwi(t, 0, "system", "build", "--description", source, "--target-dir", target)
	archive, err := filepath.Glob(filepath.Join(target, "*.tar.xz"))
	if err != nil || len(archive) != 1 {
		t.Fatalf("archives %q: %v", archive, err)
	}
	if err := os.Mkdir(d.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	testtool.Run(t, "tar", "-xJpf", archive[0], "--xattrs", "--numeric-owner", "-C", d.Dir)
}

// sameTrees compares the roots of ours and theirs.
func sameTrees(t *testing.T, ours, theirs *testtool.Installroot) {
	t.Helper()
	sameText(t, "files", files(t, ours.Dir), files(t, theirs.Dir))
	tags := func(d *testtool.Installroot) string {
		return string(d.Run(t, "rpm", "--root", d.Dir, "-qa", "--qf", "%{nevra} %{instprefixes} [%{filenames}%{filestates} ]\n"))
	}
	sameText(t, "packages", sorted(tags(ours)), sorted(tags(theirs)))
	for _, name := range []string{"packages", "nevras", "groups", "environments", "modules"} {
		sameText(t, name+".toml", state(t, ours, name+".toml"), state(t, theirs, name+".toml"))
	}
	rows := func(d *testtool.Installroot) string {
		return testtool.Run(t, "sqlite3", filepath.Join(d.Dir, dnfstate.DNF5Dir, dnfstate.DNF5History), wordsHistory)
	}
	sameText(t, "history", rows(ours), rows(theirs))
	for _, args := range [][]string{{"history", "info", "1..last"}, {"repoquery", "--userinstalled"}, {"group", "list", "--installed"},
		{"environment", "list", "--installed"}, {"--assumeno", "autoremove"}, {"--assumeno", "remove", "app"}, {"--assumeno", "remove", "lib"},
		{"--assumeno", "group", "remove", "tools"}, {"--assumeno", "upgrade"}} {
		ok := args[0] != "--assumeno" || args[1] == "upgrade" || args[1] == "autoremove"
		sameText(t, strings.Join(args, " "), said(t, ours, ok, args), said(t, theirs, ok, args))
	}
}

// wordsHistory leaves out what dnf5 was called with, and the cookies: these depend
// on the order in which rpm installs.
const wordsHistory = `
SELECT id, dt_begin, dt_end, releasever, user_id, comment, state_id FROM trans ORDER BY id;
SELECT i.id, i.trans_id, coalesce(n.name, g.groupid, e.environmentid), r.epoch, r.version, r.release, a.name, p.repoid, i.action_id,
 i.reason_id, i.state_id FROM trans_item i LEFT JOIN rpm r USING (item_id) LEFT JOIN pkg_name n ON n.id=name_id LEFT JOIN arch a ON a.id=arch_id
 LEFT JOIN comps_group g ON g.item_id=i.item_id LEFT JOIN comps_environment e ON e.item_id=i.item_id JOIN repo p ON p.id=repo_id ORDER BY i.id;
SELECT c.id, groupid, n.name, c.installed, c.pkg_type FROM comps_group_package c JOIN pkg_name n ON n.id=name_id JOIN comps_group g ON item_id=group_id ORDER BY c.id;
SELECT c.id, environmentid, c.groupid, c.installed, c.group_type FROM comps_environment_group c JOIN comps_environment ON item_id=environment_id ORDER BY c.id;
SELECT groupid, name, translated_name, pkg_types FROM comps_group ORDER BY item_id;
SELECT environmentid, name, translated_name, pkg_types FROM comps_environment ORDER BY item_id;
SELECT * FROM item_replaced_by; SELECT * FROM config;`

func state(t *testing.T, d *testtool.Installroot, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(d.Dir, dnfstate.DNF5Dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(raw))
}

// said is what dnf5 says of a root, without what it was called with and without
// its notes on repositories and the time it took.
func said(t *testing.T, d *testtool.Installroot, ok bool, args []string) string {
	t.Helper()
	text := d.DNF5(t, ok, append([]string{"-q"}, args...)...)
	return called.ReplaceAllString(text, "")
}

var called = regexp.MustCompile(`(?m)^(Description|Begin rpmdb|End rpmdb) .*$`)

func sorted(text string) string {
	lines := strings.Split(text, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// made are files that the image gets beside packages, that dnf5 leaves behind, or
// whose content is compared in another way.
var made = regexp.MustCompile(`^\./(dev|proc|sys|run|tmp|image|boot/grub2)/|^\./(\.profile|etc/mtab|etc/machine-id|var/lib/dnf|root/\.ssh)$|` +
	`/var/(log|cache)|/sysimage/(rpm|libdnf5)/|system-repo\.lock`)

// files lists what is in a root with type, mode, owner, link and digest.
func files(t *testing.T, root string) string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		inner := "." + strings.TrimPrefix(name, root)
		if made.MatchString(inner) {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		owner, content := info.Sys().(*syscall.Stat_t), ""
		switch info.Mode().Type() {
		case fs.ModeSymlink:
			content, err = os.Readlink(name)
		case 0:
			var raw []byte
			raw, err = os.ReadFile(name)
			content = fmt.Sprintf("%x", sha256.Sum256(raw))
		}
		out = append(out, fmt.Sprintf("%s %s %d:%d %s", inner, info.Mode(), owner.Uid, owner.Gid, content))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sorted(strings.Join(out, "\n"))
}

// sameText shows the first lines in which texts differ.
func sameText(t *testing.T, what, ours, theirs string) {
	t.Helper()
	if ours == theirs {
		return
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"ours": ours, "theirs": theirs} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	diff, _ := exec.Command("diff", filepath.Join(dir, "ours"), filepath.Join(dir, "theirs")).Output()
	t.Errorf("%s differ:\n%.3000s", what, diff)
}
