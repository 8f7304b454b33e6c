package chroot

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fimg/fimg/internal/testtool"
)

const rootlessVariable = "FIMG_TEST_ROOTLESS"

// expectedVariable tells the process inside what the one outside expected of its ids.
const expectedVariable = "FIMG_TEST_SINGLE_ID"

// TestMain runs the tests once more inside a user namespace where TestRootless
// asks for it.
func TestMain(m *testing.M) {
	if os.Getenv(rootlessVariable) != "" {
		if os.Getenv(stageVariable) == "" {
			os.Setenv(expectedVariable, fmt.Sprint(WillHaveSingleID()))
		}
		if err := EnterUserNamespace(); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	if how := os.Getenv(waitVariable); how != "" {
		if how == "mounts" && !EnterPrivateMounts() {
			os.Exit(1)
		}
		fmt.Println("inside")
		time.Sleep(time.Hour)
	}
	os.Exit(m.Run())
}

// copySelf copies the test program to where every user can run it.
func copySelf(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "fimg-rootless-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	os.Chmod(dir, 0o777)
	in, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.OpenFile(filepath.Join(dir, "test"), os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	out.Close()
	return out.Name()
}

// TestRootless runs the other tests as an ordinary user: with one id only, and
// with subordinate ids, which are put into files seen in a mount namespace only.
func TestRootless(t *testing.T) {
	testtool.NeedRoot(t)
	testtool.Need(t, "unshare", "setpriv", "newuidmap")
	program := copySelf(t)
	dir := filepath.Dir(program)
	for name, sub := range map[string]string{"one id": "", "subordinate ids": "games:200000:65536\n"} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(dir, "subids")
			if err := os.WriteFile(file, []byte(sub), 0o644); err != nil {
				t.Fatal(err)
			}
			script := fmt.Sprintf("mount --bind %[1]s /etc/subuid && mount --bind %[1]s /etc/subgid && cd %[2]s && "+
				"exec setpriv --reuid=games --regid=games --clear-groups %[3]s -test.run='^(TestInside|TestFailures|TestDaemonsEnd|TestEscape|TestOwners)$' -test.v", file, dir, program)
			cmd := exec.Command("unshare", "-m", "sh", "-c", script)
			cmd.Env = append(os.Environ(), rootlessVariable+"="+name, "TMPDIR="+dir)
			out, err := cmd.CombinedOutput()
			if err != nil || strings.Contains(string(out), "--- SKIP") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// waitVariable has the test program wait in its user namespace for ever.
const waitVariable = "FIMG_TEST_WAIT"

// TestOutsideKilled kills the process that waits outside of a user namespace: the one
// inside ends too, also when it has run itself anew for mounts of its own.
func TestOutsideKilled(t *testing.T) {
	testtool.NeedRoot(t)
	testtool.Need(t, "setpriv")
	program := copySelf(t)
	for _, how := range []string{"namespace", "mounts"} {
		cmd := exec.Command("setpriv", "--reuid=games", "--regid=games", "--clear-groups", program)
		cmd.Env = append(os.Environ(), rootlessVariable+"=x", waitVariable+"="+how)
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(out).ReadString('\n'); line != "inside\n" {
			t.Fatalf("%s: %q, %v", how, line, err)
		}
		cmd.Process.Kill()
		io.Copy(io.Discard, out) // until nobody has the pipe any more
		cmd.Wait()
	}
}

// TestOldChroot runs the other tests in a chroot whose root is no mount point, as
// mock's old-style chroots are.
func TestOldChroot(t *testing.T) {
	testtool.NeedRoot(t)
	testtool.Need(t, "unshare", "chroot")
	program := copySelf(t)
	dir := filepath.Dir(program)
	script := `mount --make-rshared / 2>/dev/null; cd ` + dir + ` && mkdir usr proc dev tmp && chmod 1777 tmp &&
for l in bin sbin lib lib64; do ln -s usr/$l $l; done
mount --bind /usr usr && mount -t proc proc proc && mount --bind /dev dev &&
chroot . /test -test.run='^(TestInside|TestFailures|TestDaemonsEnd|TestEscape)$' -test.v; s=$?
grep -c ` + dir + `/tmp /proc/self/mountinfo && s=9
exit $s`
	cmd := exec.Command("unshare", "-m", "sh", "-c", script)
	cmd.Env = append(os.Environ(), "TMPDIR=/tmp")
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Contains(string(out), "--- SKIP") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestOwners looks what owners can be set.
func TestOwners(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if want := os.Getenv(expectedVariable); want != "" && want != fmt.Sprint(SingleID()) {
		t.Errorf("a single id: %v, %s was expected outside", SingleID(), want)
	}
	err := os.Chown(file, 1000, 1000)
	if os.Getenv(rootlessVariable) == "one id" {
		if err == nil {
			t.Error("with one id another owner can be set")
		}
	} else if err != nil && os.Getuid() == 0 {
		t.Error(err)
	}
}

func TestParseSubordinate(t *testing.T) {
	text := "me:100:10\nother:5:5\n1000:300:1\nbad:x:1\nme:-1:5\nme:1\n"
	want := []idRange{{100, 10}, {300, 1}}
	if got := parseSubordinate(text, "me", "1000"); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestBinfmt(t *testing.T) {
	dir := t.TempDir()
	const arm = "enabled\ninterpreter /usr/bin/qemu-aarch64-static\nflags: %s\noffset 0\n" +
		"magic 7f454c460201010000000000000000000200b700\nmask ffffffffffffff00fffffffffffffffffeffffff\n"
	check := func(arch string) error {
		a, _ := find(arch)
		return checkBinfmt(dir, arch, a, "")
	}
	if check("aarch64") == nil {
		t.Error("nothing is registered")
	}
	write := func(flags string) {
		os.WriteFile(filepath.Join(dir, "qemu-aarch64"), fmt.Appendf(nil, arm, flags), 0o644)
	}
	if write("OC"); check("aarch64") == nil {
		t.Error("without the flag F the interpreter is not found inside")
	}
	if write("F"); check("aarch64") != nil || check("s390x") == nil || check("riscv64") == nil {
		t.Error("only aarch64 is registered")
	}
}

func FuzzBinfmt(f *testing.F) {
	f.Add("enabled\ninterpreter /x\nflags: F\noffset 0\nmagic 7f45\nmask ff\n")
	a, _ := find("s390x")
	f.Fuzz(func(t *testing.T, text string) { parseBinfmt(text).matches(a) })
}

// TestSingleID asks outside: whoever runs the tests there has all ids, or as many as
// the maps say.
func TestSingleID(t *testing.T) {
	data, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		t.Fatal(err)
	}
	if f := strings.Fields(string(data)); len(f) == 3 && f[2] == "4294967295" && SingleID() {
		t.Error("all ids are there")
	}
}
