package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
)

// rootless is a shell program that runs the rest of its arguments as an ordinary
// user with subordinate ids, which are put into files seen in a mount namespace
// only, and with the repository, its first argument, at the second.
const rootless = `set -e
mount --bind "$1" "$2"; mount --bind "$3" /etc/subuid; mount --bind "$3" /etc/subgid
shift 3
exec setpriv --reuid=games --regid=games --clear-groups "$@"`

// An ordinary user's image is root's: to the byte, with what is said about it.
func TestRootless(t *testing.T) {
	testtool.Long(t)
	testtool.NeedRoot(t)
	testtool.Need(t, "unshare", "setpriv", "newuidmap")
	usual := usualBuild(t)
	dir, err := os.MkdirTemp("/var/tmp", "fimg-rootless-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	program, repo, ids := filepath.Join(dir, "fimg"), filepath.Join(dir, "repo"), filepath.Join(dir, "ids")
	testtool.Run(t, "cp", fimg(t), program)
	testtool.Run(t, "mkdir", repo)
	testtool.Run(t, "chmod", "777", dir)
	if err := os.WriteFile(ids, []byte("games:200000:65536\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"--mount", "--propagation", "private", "/bin/sh", "-c", rootless, "sh", testtool.Repo(t), repo, ids, program},
		imageArgs(repo, filepath.Join(dir, "cache"), filepath.Join(dir, "out"))...)
	cmd := exec.Command("unshare", append(args, "--quiet")...)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build as an ordinary user: %v\n%s", err, text)
	}
	want, err := filepath.Glob(usual + "/Fedora*")
	if err != nil || len(want) < 5 {
		t.Fatalf("outputs %q, %v", want, err)
	}
	for _, file := range want {
		if out, err := exec.Command("cmp", file, filepath.Join(dir, "out", filepath.Base(file))).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	}
}
