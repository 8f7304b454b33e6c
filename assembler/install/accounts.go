package install

import (
	"encoding/base64"
	"path"
	"strings"
	"time"

	"github.com/fimg/fimg/assembler/install/sysusers"
	"github.com/fimg/fimg/repo/rpm"
)

// sysusers creates the users and groups a package announces in its provides: the
// version of "user(NAME)", "group(NAME)" and "groupmember(USER/GROUP)" is a line
// of sysusers.d(5) in base64 (rpm 4.19; rpmds.c, rpmdsIsSysuser).
func (t *transaction) sysusers(e *element) error {
	if t.opts.NoScripts {
		return nil
	}
	lines := e.sysusersLines()
	if len(lines) == 0 || t.overridden(e) {
		return nil
	}
	if err := sysusers.Apply(t.root, lines, time.Unix(t.tid, 0)); err != nil {
		return &ScriptletError{Package: e.nevra, Phase: "sysusers", Cause: err.Error(), Err: err}
	}
	return nil
}

// announcesUsers tells whether a package has users or groups to be created.
func (e *element) announcesUsers() bool { return len(e.sysusersLines()) > 0 }

func (e *element) sysusersLines() []string {
	var lines []string
	for _, d := range e.header.Dependencies(rpm.Provides) {
		if line, ok := sysusersLine(d); ok {
			lines = append(lines, line)
		}
	}
	return lines
}

func sysusersLine(d rpm.Dependency) (string, bool) {
	known := strings.HasPrefix(d.Name, "user(") || strings.HasPrefix(d.Name, "group(") || strings.HasPrefix(d.Name, "groupmember(")
	if !known || d.Flags&rpm.SenseEqual == 0 {
		return "", false
	}
	line, err := base64.StdEncoding.DecodeString(d.Version)
	if err != nil {
		line, err = base64.RawStdEncoding.DecodeString(strings.TrimRight(d.Version, "="))
	}
	return strings.TrimRight(string(line), "\x00\n"), err == nil
}

// overridden tells whether the administrator replaced all sysusers.d files of a
// package by files of the same name.
func (t *transaction) overridden(e *element) bool {
	files, replaced := 0, 0
	for i := range e.files {
		f := &e.files[i]
		if f.Dir != "/usr/lib/sysusers.d/" {
			continue
		}
		files++
		if t.root.IsFile(path.Join("etc/sysusers.d", f.Base)) || t.root.IsFile(path.Join("run/sysusers.d", f.Base)) {
			replaced++
		}
	}
	return files > 0 && files == replaced
}
