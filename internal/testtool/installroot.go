package testtool

import (
	"bytes"
	"strconv"
	"testing"
)

// Installroot is a root that an oracle's dnf5 works on. All names are below the
// oracle's own root.
type Installroot struct {
	Oracle
	Dir, Cache string
	Repos      []string // directories, r0 and so on for dnf5
}

// DNF5 runs dnf5 with the options that kiwi gives it and at a fixed time, and
// returns what it prints. It must succeed, or fail.
func (r *Installroot) DNF5(t testing.TB, succeeds bool, args ...string) string {
	t.Helper()
	all := []string{"-y", "--installroot=" + r.Dir, "--releasever=42", "--use-host-config", "--setopt=reposdir=/nonexistent",
		"--setopt=cachedir=" + r.Cache, "--setopt=install_weak_deps=True", "--setopt=group_package_types=default,mandatory,conditional"}
	for i, dir := range r.Repos {
		name := "r" + strconv.Itoa(i)
		all = append(all, "--repofrompath="+name+",file://"+dir, "--setopt="+name+".gpgcheck=0")
	}
	cmd := r.Command("dnf5", append(all, args...)...)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin", "HOME=/root", "LC_ALL=C.UTF-8", "SOURCE_DATE_EPOCH=1700000000", "TZ=UTC"}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); (err == nil) != succeeds {
		t.Fatalf("dnf5 %q: %v\n%s%s", args, err, out.String(), errs.String())
	}
	return out.String()
}
