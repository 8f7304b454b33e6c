package system

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
)

const dracutScript = `
        [[ -c ${initdir}/dev/null ]] || mknod "${initdir}"/dev/null c 1 3
        [[ -c ${initdir}/dev/console ]] || mknod -m 600 "${initdir}/dev/console" c 5 1
        mknod $initdir/none/ram0 b 1 0
        mknod "$elsewhere"/dev/x c 1 1
`

// cpioOf packs a directory as dracut does.
func cpioOf(t *testing.T, dir string) []byte {
	t.Helper()
	testtool.Need(t, "cpio", "find", "sort")
	cmd := exec.Command("sh", "-c", "find . -print0 | LC_ALL=C sort -z | cpio --reproducible --null -R 0:0 -H newc -o --quiet")
	cmd.Dir = dir
	out, err := cmd.Output()
	check(t, err)
	return out
}

func rewritten(t *testing.T, archive []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	check(t, rewriteInitrd(&out, bufio.NewReader(bytes.NewReader(archive)), parseNodes([]byte(dracutScript))))
	return out.Bytes()
}

// TestInitrdNodes packs the same tree without devices and with one: the archives
// become the same, and cpio reads all of it.
func TestInitrdNodes(t *testing.T) {
	testtool.NeedRoot(t)
	dir := t.TempDir()
	script := `mkdir -p dev lib && echo text > lib/a && ln lib/a lib/b && ln -s a lib/c && touch -d @1000 dev lib/a`
	cmd := exec.Command("sh", "-c", script)
	cmd.Dir = dir
	check(t, cmd.Run())
	without := rewritten(t, cpioOf(t, dir))
	cmd = exec.Command("sh", "-c", "mknod -m 644 dev/null c 1 3 && touch -d @1000 dev/null dev")
	cmd.Dir = dir
	check(t, cmd.Run())
	with := rewritten(t, cpioOf(t, dir))
	if !bytes.Equal(without, with) {
		t.Error("the archive shows whether dracut could make the device")
	}
	if len(without)%newcBlock != 0 {
		t.Errorf("%d bytes are no whole blocks", len(without))
	}
	list := exec.Command("cpio", "-itvn", "--quiet")
	list.Stdin = bytes.NewReader(without)
	out, err := list.Output()
	check(t, err)
	var got []string
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		got = append(got, f[0]+" "+strings.Join(f[4:len(f)-1], " ")[:4]+" "+f[len(f)-1])
	}
	text := strings.Join(got, "\n")
	for _, want := range []string{"crw------- 5, 1 dev/console", "crw-r--r-- 1, 3 dev/null"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if strings.Contains(text, "ram0") || strings.Contains(text, "dev/x") {
		t.Errorf("too many devices:\n%s", out)
	}
	unpacked := t.TempDir()
	unpack := exec.Command("cpio", "-idm", "--quiet")
	unpack.Dir, unpack.Stdin = unpacked, bytes.NewReader(without)
	check(t, unpack.Run())
	a, errA := os.Stat(filepath.Join(unpacked, "lib/a"))
	b, errB := os.Stat(filepath.Join(unpacked, "lib/b"))
	if errA != nil || errB != nil || !os.SameFile(a, b) || a.Size() != 5 {
		t.Errorf("the links are gone: %v, %v", errA, errB)
	}
}

func FuzzRewriteInitrd(f *testing.F) {
	var archive []byte
	for _, name := range []string{".", "dev", "x", newcTrailer} {
		archive, _ = newcEntry{magic: newcMagic, name: name}.append(archive)
	}
	f.Add(archive)
	f.Add([]byte("plain"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var once, twice bytes.Buffer
		nodes := parseNodes([]byte(dracutScript))
		if rewriteInitrd(&once, bufio.NewReader(bytes.NewReader(data)), nodes) != nil {
			return
		}
		if err := rewriteInitrd(&twice, bufio.NewReader(bytes.NewReader(once.Bytes())), nodes); err != nil {
			t.Errorf("what was written cannot be read: %v", err)
		}
	})
}
