package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/partition/filesystem/fat"
	"github.com/fimg/fimg/tree"
)

// machine is a virtual machine with its serial console at hand.
type machine struct {
	t     *testing.T
	cmd   *exec.Cmd
	in    io.WriteCloser
	mu    sync.Mutex
	text  bytes.Buffer
	seen  int // bytes of text already searched
	count int
	done  chan struct{}
}

// firmware of the machines of a test.
type firmware string

const (
	bios firmware = "bios"
	uefi firmware = "uefi"
)

// start boots a disk of the given size made on top of an image.
func start(t *testing.T, image string, fw firmware, size string) *machine {
	t.Helper()
	qemu := testtool.Need(t, "qemu-system-x86_64", "qemu-img")[0]
	dir := t.TempDir()
	overlay := filepath.Join(dir, "disk.qcow2")
	testtool.Run(t, "qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", image, overlay, size)
	args := []string{"-m", "1536", "-smp", "2", "-cpu", "max", "-display", "none", "-serial", "stdio", "-monitor", "none", "-no-reboot",
		"-drive", "if=virtio,format=qcow2,cache=unsafe,file=" + overlay,
		"-drive", "if=virtio,format=raw,readonly=on,file=" + cloudSeed(t, dir), "-nic", "user,model=virtio,restrict=on"}
	if fw == uefi {
		args = append(args, "-machine", "q35", "-drive", "if=pflash,unit=0,format=raw,readonly=on,file="+ovmf(t))
	}
	m := &machine{t: t, cmd: exec.Command(qemu, args...), done: make(chan struct{})}
	var err error
	if m.in, err = m.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	m.cmd.Stdout, m.cmd.Stderr = m, m
	m.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := m.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { m.cmd.Wait(); close(m.done) }()
	t.Cleanup(m.stop)
	return m
}

func ovmf(t *testing.T) string {
	t.Helper()
	for _, f := range []string{"/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_CODE.fd"} {
		if _, err := os.Stat(f); err == nil {
			return f
		}
	}
	t.Fatal("no UEFI firmware for virtual machines: install ovmf")
	return ""
}

// cloudSeed is a disk from which cloud-init learns root's password.
func cloudSeed(t *testing.T, dir string) string {
	t.Helper()
	files := tree.NewMem()
	files.Add(tree.Node{Path: "meta-data", Mode: tree.TypeFile | 0o644}, []byte("instance-id: e2e\n"))
	files.Add(tree.Node{Path: "user-data", Mode: tree.TypeFile | 0o644},
		[]byte("#cloud-config\npreserve_hostname: true\ndisable_root: false\nchpasswd:\n  expire: false\n  list: |\n    root:fimg\n"))
	name := filepath.Join(dir, "seed.img")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	err = errors.Join(f.Truncate(1<<20), fat.Write(t.Context(), f, files, fat.Options{Size: 1 << 20, Label: "CIDATA", Serial: 1}))
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// Write takes what the console prints.
func (m *machine) Write(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.text.Write(p)
}

// wait waits for text on the console that no earlier wait has passed, and returns
// what came before it.
func (m *machine) wait(text string, limit time.Duration) string {
	m.t.Helper()
	deadline := time.After(limit)
	for {
		m.mu.Lock()
		rest := m.text.Bytes()[m.seen:]
		if i := bytes.Index(rest, []byte(text)); i >= 0 {
			before := string(rest[:i])
			m.seen += i + len(text)
			m.mu.Unlock()
			return before
		}
		m.mu.Unlock()
		select {
		case <-m.done:
			m.t.Fatalf("the machine ended while %q was awaited\n%s", text, m.tail())
		case <-deadline:
			m.t.Fatalf("no %q on the console within %s\n%s", text, limit, m.tail())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (m *machine) tail() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.text.Bytes()
	return string(b[max(0, len(b)-4000):])
}

func (m *machine) send(line string) { io.WriteString(m.in, line+"\n") }

// login logs in as root on the serial console once cloud-init has set the
// password.
func (m *machine) login() {
	m.t.Helper()
	m.wait("login: ", 15*time.Minute)
	for range 20 {
		m.send("root")
		m.wait("Password: ", time.Minute)
		m.send("fimg")
		if m.entered() {
			m.send("export PS1= TERM=dumb; stty -echo cols 500; dmesg -n 1")
			m.run("true")
			return
		}
		time.Sleep(10 * time.Second)
	}
	m.t.Fatalf("login failed\n%s", m.tail())
}

// entered tells whether the last password was taken.
func (m *machine) entered() bool {
	for range 600 {
		m.mu.Lock()
		rest := string(m.text.Bytes()[m.seen:])
		m.mu.Unlock()
		switch {
		case strings.Contains(rest, "Login incorrect"):
			m.wait("login: ", time.Minute)
			return false
		case strings.Contains(rest, "]# "), strings.Contains(rest, "~# "):
			return true
		}
		time.Sleep(100 * time.Millisecond)
	}
	return false
}

// run runs a command in the machine and returns what it printed and its status.
func (m *machine) run(command string) (string, int) {
	m.t.Helper()
	m.count++
	mark := fmt.Sprintf("MARK%d", m.count)
	m.send(fmt.Sprintf("echo; echo BEGIN_%s; %s; echo; echo END_%s $?", mark, command, mark))
	m.wait("BEGIN_"+mark+"\r\n", 4*time.Minute)
	out := m.wait("END_"+mark+" ", 15*time.Minute)
	status := m.wait("\n", time.Minute)
	code := 0
	fmt.Sscanf(strings.TrimSpace(status), "%d", &code)
	return strings.TrimSpace(strings.ReplaceAll(out, "\r", "")), code
}

func (m *machine) stop() {
	m.cmd.Process.Kill()
	<-m.done
}
