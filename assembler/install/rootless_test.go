package install

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fimg/fimg/assembler/chroot"
	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/tree"
)

const rootlessVariable = "FIMG_TEST_ROOTLESS"

// TestMain is, where TestRootless asks for it, an ordinary user's program that
// installs packages.
func TestMain(m *testing.M) {
	if os.Getenv(rootlessVariable) == "" {
		os.Exit(m.Run())
	}
	err := chroot.EnterUserNamespace()
	if err == nil {
		err = installRootless(os.Args[1], os.Args[2:])
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// installRootless carries out transactions in dir/root and prints the tree as the
// ledger completes it.
func installRootless(dir string, transactions []string) error {
	root := filepath.Join(dir, "root")
	if err := os.Mkdir(root, 0o755); err != nil {
		return err
	}
	ledger := &tree.Ledger{}
	if err := runAll(root, transactions, ledger); err != nil {
		return err
	}
	return printTree(os.Stdout, root, ledger)
}

// runAll carries out transactions: each names packages to install and, after a
// dash, to erase, separated by commas.
func runAll(root string, transactions []string, ledger *tree.Ledger) error {
	for _, names := range transactions {
		opts := Options{Time: time.Unix(1700000000, 0), Ledger: ledger, ReplaceFiles: true}
		var files []string
		for _, name := range strings.Split(names, ",") {
			if erased, ok := strings.CutPrefix(name, "-"); ok {
				opts.Erase = append(opts.Erase, erased)
			} else {
				files = append(files, name)
			}
		}
		if _, err := Run(context.Background(), root, items(files...), opts); err != nil {
			return err
		}
	}
	return nil
}

func printTree(w io.Writer, root string, ledger *tree.Ledger) error {
	return tree.Dir(root, tree.DirOptions{Ledger: ledger}).Walk(context.Background(), func(n *tree.Node) error {
		if strings.HasPrefix(n.Path, "usr/lib/sysimage") || strings.HasPrefix(n.Path, "bin") || strings.HasPrefix(n.Path, "lib") {
			return nil
		}
		fmt.Fprintf(w, "%s %o %d:%d %d,%d %q %v", n.Path, n.Mode, n.UID, n.GID, n.Major, n.Minor, n.Target, n.Link)
		for _, x := range n.Xattrs {
			fmt.Fprintf(w, " %s=%x", x.Name, x.Value)
		}
		_, err := fmt.Fprintln(w)
		return err
	})
}

// TestRootless installs as an ordinary user, with one id and with subordinate
// ids: the tree with its ledger must be the one root makes.
func TestRootless(t *testing.T) {
	testtool.NeedRoot(t)
	testtool.Need(t, "unshare", "setpriv", "newuidmap")
	dir, err := os.MkdirTemp("/var/tmp", "fimg-rootless-")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o777))
	files := []string{shell(t), build(t, allPackages, versionOf("1", "", "")...)["all"]}
	root := t.TempDir()
	for _, f := range files {
		ours(t, root, Options{Time: time.Unix(1700000000, 0)}, f)
	}
	var want bytes.Buffer
	must(t, printTree(&want, root, nil))
	args := []string{copyFile(t, "/proc/self/exe", filepath.Join(dir, "program"))}
	for i, f := range files {
		args = append(args, copyFile(t, f, filepath.Join(dir, fmt.Sprint(i, ".rpm"))))
	}
	for name, sub := range map[string]string{"one": "", "many": "games:200000:65536\n"} {
		t.Run(name, func(t *testing.T) {
			got := asUser(t, filepath.Join(dir, name), sub, args)
			if got != want.String() {
				t.Errorf("rootless:\n%s\nroot:\n%s", got, want.String())
			}
		})
	}
}

// TestRootlessUpdates updates and erases random packages whose files meet: nothing of
// an older file stays in the ledger.
func TestRootlessUpdates(t *testing.T) {
	testtool.NeedRoot(t)
	testtool.Need(t, "unshare", "setpriv", "newuidmap")
	done := 0
	for seed := uint64(0); done < 4; seed++ {
		if seed == 40 {
			t.Fatalf("only %d of %d sets can be installed", done, seed)
		}
		if rootlessUpdate(t, seed) {
			done++
		}
	}
}

// rootlessUpdate compares what root and an ordinary user make of a set, unless that
// cannot be installed.
func rootlessUpdate(t *testing.T, seed uint64) bool {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "fimg-rootless-")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o777))
	m := newMetFiles(seed)
	var specs []string
	for i := range metSize {
		specs = append(specs, m.spec(i, 1), m.spec(i, 2))
	}
	specs = append(specs, accounts)
	built := judge{dir: dir}.buildAll(t, specs...)
	must(t, os.Chmod(filepath.Dir(filepath.Dir(built["accounts-1"])), 0o755))
	steps := []string{built["accounts-1"]}
	for _, files := range [][]string{{"f0-1", "f1-1", "f2-1", "f3-1"}, {"f0-2", "f2-2"}, {"f3-2"}} {
		for i, f := range files {
			files[i] = built[f]
		}
		steps = append(steps, strings.Join(files, ","))
	}
	steps = append(steps, "-f1,-f2")
	root := t.TempDir()
	if err := runAll(root, steps, nil); err != nil {
		t.Logf("set %d: %v", seed, err)
		return false
	}
	var want bytes.Buffer
	must(t, printTree(&want, root, nil))
	args := append([]string{copyFile(t, "/proc/self/exe", filepath.Join(dir, "program"))}, steps...)
	if got := asUser(t, filepath.Join(dir, "one"), "", args); got != want.String() {
		t.Errorf("set %d: rootless:\n%s\nroot:\n%s", seed, got, want.String())
	}
	return true
}

func copyFile(t testing.TB, from, to string) string {
	t.Helper()
	data, err := os.ReadFile(from)
	must(t, err)
	must(t, os.WriteFile(to, data, 0o755))
	return to
}

// asUser runs the program as an ordinary user with the subordinate ids given, which
// are put into files seen in a mount namespace only.
func asUser(t *testing.T, dir, sub string, args []string) string {
	t.Helper()
	must(t, os.Mkdir(dir, 0o755))
	must(t, os.Chmod(dir, 0o777))
	ids := filepath.Join(dir, "subids")
	must(t, os.WriteFile(ids, []byte(sub), 0o644))
	script := fmt.Sprintf("mount --bind %[1]s /etc/subuid && mount --bind %[1]s /etc/subgid && "+
		"exec setpriv --reuid=games --regid=games --clear-groups %[2]s %[3]s %[4]s", ids, args[0], dir, strings.Join(args[1:], " "))
	cmd := exec.Command("unshare", "-m", "sh", "-c", script)
	cmd.Env = append(os.Environ(), rootlessVariable+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}
