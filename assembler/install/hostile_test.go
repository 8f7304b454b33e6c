package install

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fimg/fimg/event"
	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/repo/rpm"
)

// small is a package with given scriptlets and files.
const small = `
%global __os_install_post %{nil}
Name: @NAME@
Version: 1
Release: 1
Summary: Small
License: MIT
AutoReqProv: no
BuildArch: noarch
%description
Small.
%install
r=%{buildroot}
mkdir -p $r
@INSTALL@
@SCRIPTS@
%files
@FILES@
`

func buildSmall(t testing.TB, name, scripts, install, files string) string {
	t.Helper()
	return build(t, small, "@NAME@", name, "@SCRIPTS@", scripts, "@INSTALL@", install, "@FILES@", files)[name]
}

// withShell is a root with a shell in it.
func withShell(t testing.TB) string {
	t.Helper()
	root := t.TempDir()
	ours(t, root, Options{}, shell(t))
	return root
}

func TestScriptletFailures(t *testing.T) {
	root := withShell(t)
	for name, c := range map[string]struct {
		scripts string
		opts    Options
		cause   string // of an error; empty: only a warning
	}{
		"pre fails":   {"%pre\necho reason >&2; exit 7", Options{}, "exit status 7"},
		"post fails":  {"%post\nexit 7", Options{}, ""},
		"pre hangs":   {"%pre\nsleep 1000", Options{ScriptTimeout: 300 * time.Millisecond}, "killed after"},
		"pre floods":  {"%pre\nyes", Options{}, "bytes of output"},
		"pre forks":   {"%pre\nf() { f & f & wait; }; f", Options{}, "processes"},
		"no program":  {"%pre -p /no/such\nx", Options{}, "no such file"},
		"lua fails":   {"%pretrans -p <lua>\nerror('reason')", Options{}, "reason"},
		"leaves some": {"%post\nsleep 1000 &\nsleep 1000 >/dev/null 2>&1 &", Options{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			file := buildSmall(t, "small", c.scripts, "", "")
			res, err := Run(t.Context(), root, items(file), c.opts)
			if c.cause == "" {
				if err != nil || len(res.Warnings) == 0 {
					t.Errorf("got %v, warnings %q", err, res.Warnings)
				}
				return
			}
			var failure *ScriptletError
			if !errors.As(err, &failure) || !strings.Contains(failure.Cause, c.cause) || fault.Of(err) != fault.Script {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestOutputEvents(t *testing.T) {
	root := withShell(t)
	var got []event.Event
	opts := Options{Events: func(e event.Event) {
		if e.Kind == event.Output {
			got = append(got, e)
		}
	}}
	ours(t, root, opts, buildSmall(t, "talks", "%post\necho one; echo two >&2", "", ""))
	if len(got) != 2 || got[0].Text != "one" || got[1].Text != "two" || got[0].Subject != "%post(talks-1-1.noarch)" {
		t.Errorf("got %+v", got)
	}
}

// TestLinksOut lets a scriptlet and a package lay links to the host.
func TestLinksOut(t *testing.T) {
	root := withShell(t)
	outside := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(root, "data"), 0o755))
	must(t, os.Symlink(outside, filepath.Join(root, "data/absolute")))
	must(t, os.Symlink("../../../../../../../.."+outside, filepath.Join(root, "data/relative")))
	must(t, os.WriteFile(filepath.Join(outside, "victim"), []byte("host"), 0o600))
	must(t, os.Symlink(filepath.Join(outside, "victim"), filepath.Join(root, "data/file")))
	file := buildSmall(t, "links", "", "mkdir -p $r/data/absolute $r/data/relative/deep; echo x > $r/data/absolute/a; echo x > $r/data/relative/deep/b",
		"/data/absolute/a\n/data/relative/deep/b")
	Run(t.Context(), root, items(file), Options{}) // links to nothing inside: may fail
	ours(t, root, Options{}, buildSmall(t, "file", "", "mkdir -p $r/data; echo mine > $r/data/file", "/data/file"))
	left, _ := os.ReadDir(outside)
	if len(left) != 1 || read(t, outside, "victim") != "host" {
		t.Errorf("the host's directory has %v, the file %q", left, read(t, outside, "victim"))
	}
	if info, err := os.Lstat(filepath.Join(root, "data/file")); err != nil || !info.Mode().IsRegular() {
		t.Errorf("the link was not replaced: %v, %v", info, err)
	}
}

func TestConflicts(t *testing.T) {
	root := withShell(t)
	one := buildSmall(t, "one", "", "echo 1 > $r/both; echo 1 > $r/equal", "/both\n/equal")
	two := buildSmall(t, "two", "", "echo 2 > $r/both; echo 1 > $r/equal; touch -d @1 $r/equal", "/both\n/equal")
	_, err := Run(t.Context(), root, items(one, two), Options{})
	var conflict *ConflictError
	if !errors.As(err, &conflict) || len(conflict.Conflicts) != 1 || conflict.Conflicts[0].Path != "/both" {
		t.Fatalf("in one transaction: %v", err)
	}
	ours(t, root, Options{}, one)
	if _, err = Run(t.Context(), root, items(two), Options{}); !errors.As(err, &conflict) || len(conflict.Conflicts) != 1 {
		t.Fatalf("with an installed one: %v", err)
	}
	ours(t, root, Options{ReplaceFiles: true}, two)
	if read(t, root, "both") != "2\n" {
		t.Error("not replaced")
	}
	if out := theirs(t, root, "-q", "one", "--qf", "[%{FILESTATES}]"); out != "10" {
		t.Errorf("states %q", out)
	}
}

func TestDirectoryReplacedByLink(t *testing.T) {
	root := withShell(t)
	dir := buildSmall(t, "dir", "", "mkdir -p $r/real; echo x > $r/real/x", "%dir /real\n/real/x")
	link := buildSmall(t, "link", "", "ln -s real $r/name", "/name")
	through := buildSmall(t, "through", "", "mkdir -p $r/name; echo y > $r/name/y", "%dir %attr(0750,root,root) /name\n/name/y")
	ours(t, root, Options{ReplaceFiles: true}, dir, link)
	ours(t, root, Options{ReplaceFiles: true}, through)
	if read(t, root, "real/y") != "y\n" {
		t.Error("the file did not go through the link")
	}
	if info, err := os.Lstat(filepath.Join(root, "name")); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link of root was replaced: %v", info)
	}
	if info, _ := os.Stat(filepath.Join(root, "real")); info.Mode().Perm() != 0o750 {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestSpecialFiles(t *testing.T) {
	root := withShell(t)
	file := buildSmall(t, "special", "", "mkfifo $r/pipe; mknod $r/disk b 8 1; mkdir -p $r/sticky", "/pipe\n%attr(0660,root,root) /disk\n%dir %attr(1777,root,root) /sticky")
	ours(t, root, Options{}, file)
	for name, want := range map[string]fs.FileMode{"pipe": fs.ModeNamedPipe | 0o644, "disk": fs.ModeDevice | 0o660, "sticky": fs.ModeDir | fs.ModeSticky | 0o777} {
		if info, err := os.Lstat(filepath.Join(root, name)); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

// TestStore installs from a cold, a warm, a damaged and an untrusted store.
func TestStore(t *testing.T) {
	file := buildSmall(t, "stored", "", "head -c 50000 /dev/urandom > $r/big; echo x > $r/small", "/big\n/small")
	dir := t.TempDir()
	install := func() (Result, string) {
		t.Helper()
		root := t.TempDir()
		res := ours(t, root, Options{Store: dir}, file)
		return res, read(t, root, "big")
	}
	cold, want := install()
	if warm, got := install(); cold.FromStore != 0 || warm.FromStore != 1 || got != want {
		t.Errorf("from the store: %d cold, %d warm, same %v", cold.FromStore, warm.FromStore, got == want)
	}
	data, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(data) != 1 {
		t.Fatalf("store has %v", data)
	}
	damage := func(boot string) {
		f, err := os.OpenFile(data[0], os.O_RDWR, 0)
		must(t, err)
		defer f.Close()
		f.WriteAt([]byte("damaged"), 100)
		r, err := readRecord(f)
		must(t, err)
		r.Boot = boot
		must(t, (&store{}).note(f, r))
	}
	damage("another")
	if res, got := install(); res.FromStore != 0 || got != want {
		t.Error("damage from before the last boot was not found")
	}
	must(t, os.WriteFile(data[0], []byte("short"), 0o600))
	if res, got := install(); res.FromStore != 0 || got != want {
		t.Error("a short file was taken")
	}
	if res, err := Run(t.Context(), t.TempDir(), items(file), Options{Store: dir, Level: rpm.LevelSignature, Keys: &rpm.Keyring{}}); err == nil {
		t.Errorf("an unsigned package was taken from the store: %+v", res)
	}
}

// TestFlippedBits changes one bit at many places of a package. In bytes that carry
// nothing, such as the space reserved for signatures, that is a warning.
func TestFlippedBits(t *testing.T) {
	file := buildSmall(t, "flipped", "", "head -c 3000 /dev/urandom > $r/data", "/data")
	data, err := os.ReadFile(file)
	must(t, err)
	bad := filepath.Join(t.TempDir(), "bad.rpm")
	for at := 110; at < len(data); at += 97 {
		changed := append([]byte(nil), data...)
		changed[at] ^= 4
		must(t, os.WriteFile(bad, changed, 0o644))
		if res, err := Run(t.Context(), t.TempDir(), items(bad), Options{}); err == nil && len(res.Warnings) == 0 {
			t.Errorf("a change at %d of %d was not found", at, len(data))
		}
	}
}

func TestCancelled(t *testing.T) {
	root := withShell(t)
	file := buildSmall(t, "slow", "%post\nsleep 1000", "", "")
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, err := Run(ctx, root, items(file), Options{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if out, _ := exec.Command("findmnt", "-rn").Output(); strings.Contains(string(out), root) {
		t.Errorf("mounts left:\n%s", out)
	}
}
