package chroot

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"os/user"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// stageVariable tells a process run anew how far it has got, and who ran it.
const stageVariable = "FIMG_USER_NAMESPACE"

// EnterUserNamespace lets a program started by an ordinary user work as root of a
// user namespace. Call it first thing in main, only for work that needs it.
//
// As root with the capability to mount it returns at once. Otherwise it runs the
// same program with the same arguments in a new user namespace, passes signals
// on, and ends with its exit status; it returns in that new process, which is killed
// when the first one is. The user's
// subordinate ids (subuid(5), subgid(5)) are mapped with newuidmap(1) and
// newgidmap(1); where there are none only root is, and other owners are known to
// a ledger only. Errors are a *CapabilityError.
func EnterUserNamespace() error {
	switch stage, parent, _ := strings.Cut(os.Getenv(stageVariable), " "); stage {
	case "mapped": // the variable stays, for when the program is run anew once more
		return endWith(parent)
	case "new":
		return becomeRoot(parent)
	}
	if os.Geteuid() == 0 && canMount() {
		return nil
	}
	status, err := runMapped()
	if err != nil {
		return &CapabilityError{Need: "a user namespace", Err: err, Advice: adviceUnshare}
	}
	os.Exit(status)
	return nil
}

// canMount tells whether the process has CAP_SYS_ADMIN.
func canMount() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return false
	}
	return data[0].Effective&(1<<unix.CAP_SYS_ADMIN) != 0
}

// ambient are the capabilities that the new process keeps through its first exec,
// when it is nobody yet, to become root once the ids are mapped.
var ambient = []uintptr{unix.CAP_SETUID, unix.CAP_SETGID}

// runMapped runs this program in a new user namespace and returns its status.
func runMapped() (int, error) {
	wait, release, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer release.Close()
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=new %d", stageVariable, os.Getpid()))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.ExtraFiles = []*os.File{wait}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER, AmbientCaps: ambient, Pdeathsig: syscall.SIGKILL}
	runtime.LockOSThread() // the thread is what the kernel takes for the parent
	defer runtime.UnlockOSThread()
	signals := passedOn()
	defer signal.Stop(signals)
	err = cmd.Start()
	wait.Close()
	if err != nil {
		return 0, err
	}
	if err = mapIDs(cmd.Process.Pid); err == nil {
		_, err = release.Write([]byte{1})
	}
	if err != nil {
		cmd.Process.Kill()
		cmd.Wait()
		return 0, err
	}
	go func() {
		for s := range signals {
			cmd.Process.Signal(s)
		}
	}()
	return exitStatus(cmd.Wait())
}

// passedOn receives the signals that concern the other process, but those that this
// one was told to ignore: the other ignores them as well.
func passedOn() chan os.Signal {
	signals := make(chan os.Signal, 16)
	for _, s := range []os.Signal{unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT, unix.SIGWINCH} {
		if !signal.Ignored(s) {
			signal.Notify(signals, s)
		}
	}
	return signals
}

// endWith has the kernel kill this process when its parent ends. The kernel forgets
// that when a process gets other ids or is run anew from another thread. A process
// that only inherited the variable has another parent and is left alone.
func endWith(parent string) error {
	pid, err := strconv.Atoi(parent)
	if err == nil && os.Getppid() == pid {
		err = unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0)
	}
	if err != nil {
		return fmt.Errorf("enter user namespace: end with process %s: %w", parent, err)
	}
	if unix.Kill(pid, 0) == unix.ESRCH {
		return errors.New("enter user namespace: the process outside has ended")
	}
	return nil
}

func exitStatus(err error) (int, error) {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return 0, err
	}
	if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal()), nil
	}
	return exit.ExitCode(), nil
}

// becomeRoot waits until the ids are mapped, becomes root and runs the program
// once more, which gives it all capabilities in the namespace.
func becomeRoot(parent string) error {
	wait := os.NewFile(3, "wait")
	if _, err := io.ReadFull(wait, make([]byte, 1)); err != nil {
		return fmt.Errorf("enter user namespace: ids were not mapped: %w", err)
	}
	wait.Close()
	// Where setgroups is denied, as with a single id, the groups stay.
	syscall.Setgroups(nil)
	if err := errors.Join(syscall.Setresgid(0, 0, 0), syscall.Setresuid(0, 0, 0)); err != nil {
		return fmt.Errorf("enter user namespace: become root: %w", err)
	}
	env := []string{stageVariable + "=mapped " + parent}
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, stageVariable+"=") {
			env = append(env, kv)
		}
	}
	err := syscall.Exec("/proc/self/exe", os.Args, env)
	return fmt.Errorf("enter user namespace: %w", err)
}

// SingleID tells whether this process is in a user namespace with one user or group
// id only: programs of the image cannot give files to others there.
func SingleID() bool {
	for _, name := range []string{"/proc/self/uid_map", "/proc/self/gid_map"} {
		data, err := os.ReadFile(name)
		if f := strings.Fields(string(data)); err == nil && len(f) == 3 && f[2] == "1" {
			return true
		}
	}
	return false
}

// WillHaveSingleID tells the same of the process that EnterUserNamespace would return
// in, without entering anything.
func WillHaveSingleID() bool {
	if os.Geteuid() == 0 && canMount() || os.Getenv(stageVariable) != "" {
		return SingleID()
	}
	_, errUID := exec.LookPath("newuidmap")
	_, errGID := exec.LookPath("newgidmap")
	return errUID != nil || errGID != nil || len(subordinate("/etc/subuid")) == 0 || len(subordinate("/etc/subgid")) == 0
}

// idRange is a line of subuid(5).
type idRange struct{ first, count int }

// mapIDs maps root to the caller and, if there are any, his subordinate ids from
// one on.
func mapIDs(pid int) error {
	uids, gids := subordinate("/etc/subuid"), subordinate("/etc/subgid")
	if len(uids) > 0 && len(gids) > 0 {
		err := errors.Join(runMapper("newuidmap", pid, os.Getuid(), uids), runMapper("newgidmap", pid, os.Getgid(), gids))
		if err == nil {
			return nil
		}
	}
	dir := fmt.Sprintf("/proc/%d/", pid)
	return errors.Join(
		os.WriteFile(dir+"setgroups", []byte("deny"), 0),
		os.WriteFile(dir+"uid_map", fmt.Appendf(nil, "0 %d 1", os.Getuid()), 0),
		os.WriteFile(dir+"gid_map", fmt.Appendf(nil, "0 %d 1", os.Getgid()), 0))
}

func runMapper(program string, pid, own int, ranges []idRange) error {
	args := []string{strconv.Itoa(pid), "0", strconv.Itoa(own), "1"}
	inside := 1
	for _, r := range ranges {
		args = append(args, strconv.Itoa(inside), strconv.Itoa(r.first), strconv.Itoa(r.count))
		inside += r.count
	}
	if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", program, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// subordinate returns the caller's ranges of a file, by name or number.
func subordinate(file string) []idRange {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	uid := strconv.Itoa(os.Getuid())
	name := uid
	if u, err := user.LookupId(uid); err == nil {
		name = u.Username
	}
	return parseSubordinate(string(data), name, uid)
}

func parseSubordinate(text string, names ...string) []idRange {
	var out []idRange
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) != 3 || f[0] != names[0] && f[0] != names[len(names)-1] {
			continue
		}
		first, errFirst := strconv.Atoi(f[1])
		count, errCount := strconv.Atoi(f[2])
		if errFirst == nil && errCount == nil && first > 0 && count > 0 {
			out = append(out, idRange{first, count})
		}
	}
	return out
}
