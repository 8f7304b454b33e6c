package e2e

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
)

// damaged is a repository of one package whose file is changed before (early) or
// after the metadata is made.
func damaged(t *testing.T, early bool, change func([]byte) []byte) string {
	t.Helper()
	dir := packages(t, spec("a", "", ""))
	file := filepath.Join(dir, "a.rpm")
	damage := func() {
		data, err := os.ReadFile(file)
		if err == nil {
			err = os.WriteFile(file, change(data), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if early {
		damage()
		return repository(t, dir)
	}
	repository(t, dir)
	damage()
	return dir
}

func flip(data []byte) []byte { data[len(data)-5] ^= 1; return data }

func truncate(data []byte) []byte { return data[:len(data)-1000] }

// otherKey makes a key that has signed nothing.
func otherKey(t *testing.T) string {
	t.Helper()
	home, key := t.TempDir(), filepath.Join(t.TempDir(), "key")
	testtool.Run(t, "gpg", "--homedir", home, "--batch", "--passphrase", "", "--quick-gen-key", "nobody@example.invalid", "rsa2048", "sign", "never")
	testtool.Run(t, "gpg", "--homedir", home, "--armor", "--output", key, "--export")
	return key
}

// Whatever is wrong, a whole build says so in one line with the documented exit
// status, and leaves nothing behind.
func TestCommandFaults(t *testing.T) {
	testtool.Long(t)
	testtool.NeedRoot(t)
	demo := testtool.Repo(t)
	broken := t.TempDir()
	os.WriteFile(filepath.Join(broken, "config.xml"), []byte("<image schemaversion=\"8.5\" name=\"x\">\n<bad>\n</image>"), 0o644)
	failing := recipe(t, base, "", demo)
	os.WriteFile(filepath.Join(failing, "config.sh"), []byte("#!/bin/bash\necho last words\nexit 3\n"), 0o755)
	const a = `<package name="a"/>`
	for _, c := range []struct {
		name   string
		args   []string
		status int
		text   string
	}{
		{"unknown profile", []string{"--profile", "Cloud-Base-Generc", "--repo", demo}, 3, "Cloud-Base-Gener"},
		{"broken xml", []string{"--description", broken}, 3, "config.xml:3"},
		{"missing package", []string{"--description", recipe(t, `<package name="bsah"/>`, "", demo)}, 5, "bsah"},
		{"unsolvable", []string{"--description", recipe(t, a, "", repository(t, packages(t, spec("a", "Requires: no-such-thing", ""))))}, 5, "no-such-thing"},
		{"conflict", []string{"--description", recipe(t, a+`<package name="b"/>`, "", repository(t, packages(t, spec("a", "Conflicts: b", ""), spec("b", "", ""))))}, 5, "conflict"},
		{"wrong checksum", []string{"--description", recipe(t, a, "", damaged(t, false, flip))}, 6, "a.rpm"},
		{"damaged payload", []string{"--description", recipe(t, a, "", damaged(t, true, flip))}, 6, "a-1-1"},
		{"truncated package", []string{"--description", recipe(t, a, "", damaged(t, true, truncate))}, 6, "a-1-1"},
		{"no package", []string{"--description", recipe(t, a, "", damaged(t, false, func([]byte) []byte { return []byte("no package") }))}, 6, "a.rpm"},
		{"wrong signature", []string{"--description", recipe(t, base, "", demo+` package_gpgcheck="true"`), "--signing-key", otherKey(t)}, 6, "key"},
		{"unsigned package", []string{"--description", recipe(t, a, "", repository(t, packages(t, spec("a", "", "")))+` package_gpgcheck="true"`),
			"--signing-key", demo + "/RPM-GPG-KEY-fimg"}, 6, "a-1-1"},
		{"failing scriptlet", []string{"--description", recipe(t, base+a, "", demo, repository(t, packages(t,
			spec("a", "Requires(pre): bash coreutils", "%pre\necho last words; exit 7"))))}, 7, "last words"},
		{"failing script", []string{"--description", failing}, 7, "last words"},
		{"disk too small", []string{"--description", recipe(t, base, "20", demo)}, 8, "too small"},
	} {
		t.Run(c.name, func(t *testing.T) {
			target := filepath.Join(t.TempDir(), "out")
			status, text := command(t, append([]string{"build", "--quiet", "--cache-dir", cache(), "--offline", "--target-dir", target}, c.args...)...)
			checkMessage(t, text, c.text)
			if status != c.status {
				t.Errorf("exit status %d, want %d: %s", status, c.status, text)
			}
			if _, err := os.Lstat(target); err == nil {
				t.Error("the target directory is left behind")
			}
			nothingLeft(t, target)
		})
	}
}

// checkMessage wants one error line with the given word, below it the facts of a
// contradiction, and at most one hint.
func checkMessage(t *testing.T, text, word string) {
	t.Helper()
	lines := slices.DeleteFunc(strings.Split(strings.TrimSpace(text), "\n"), func(l string) bool { return strings.HasPrefix(l, "  - ") })
	if len(lines) > 2 || !strings.HasPrefix(lines[0], "fimg: ") || len(lines) == 2 && !strings.HasPrefix(lines[1], "fimg: hint: ") ||
		!strings.Contains(text, word) {
		t.Errorf("want one line with %q and a hint, got\n%s", word, text)
	}
}

// A target that somebody else fills in the middle of the work is told as such, and
// nothing of the build stays in it.
func TestCommandTargetRunsFull(t *testing.T) {
	testtool.Long(t)
	testtool.NeedRoot(t)
	dir := t.TempDir()
	testtool.Run(t, "mount", "-t", "tmpfs", "-o", "size=300m", "none", dir)
	defer testtool.Run(t, "umount", dir)
	target := filepath.Join(dir, "out")
	b := begin(t, "build", "--cache-dir", cache(), "--offline", "--target-dir", target, "--description", recipe(t, base, "", testtool.Repo(t)))
	b.await("install")
	// It waits meanwhile: it may need less time than filling the target.
	b.signal(syscall.SIGSTOP)
	exec.Command("dd", "if=/dev/zero", "of="+filepath.Join(dir, "filler"), "bs=1M").Run()
	b.signal(syscall.SIGCONT)
	status, text := b.end()
	if status.ExitCode() != 8 || !strings.Contains(text, "no space left") {
		t.Errorf("%s: %s", status, text)
	}
	nothingLeft(t, target)
}

// A conversion to a disk that is full says so and leaves nothing.
func TestCommandConvertFull(t *testing.T) {
	testtool.Long(t)
	testtool.NeedRoot(t)
	disk, dir := filepath.Join(t.TempDir(), "disk.raw"), t.TempDir()
	data := make([]byte, 3<<20)
	rand.NewChaCha8([32]byte{}).Read(data)
	if err := os.WriteFile(disk, data, 0o644); err != nil {
		t.Fatal(err)
	}
	testtool.Run(t, "mount", "-t", "tmpfs", "-o", "size=1m", "none", dir)
	defer testtool.Run(t, "umount", dir)
	status, text := command(t, "convert", "--quiet", disk, filepath.Join(dir, "disk.qcow2"))
	checkMessage(t, text, "no space left")
	if entries, err := os.ReadDir(dir); status != 8 || err != nil || len(entries) > 0 {
		t.Errorf("exit status %d, left %v, %v: %s", status, entries, err, text)
	}
}
