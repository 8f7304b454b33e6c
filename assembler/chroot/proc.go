package chroot

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// mountProc starts process 1, which mounts the /proc of its namespace in the
// base, and shows that in the tree. In containers that hide parts of /proc the
// kernel refuses a new one; then the container's is shown.
func (s *Session) mountProc(b *base) error {
	refused, err := s.startInit()
	if err != nil {
		return &CapabilityError{Need: "a pid namespace", Err: err, Advice: adviceUnshare}
	}
	source := "proc"
	switch {
	case refused == nil:
		s.ownProc = true
	case b.procKept:
		s.opts.log().Debug("the host's /proc is shown inside", "error", refused)
		source = "hostproc"
	default:
		return &CapabilityError{Need: "/proc", Err: refused, Advice: adviceUnshare}
	}
	mount, err := cloneTree(b.dir, source, readOnlyData&^unix.MOUNT_ATTR_RDONLY)
	if err != nil {
		return err
	}
	if b.procKept {
		if err := unix.Unmount("/hostproc", unix.MNT_DETACH); err != nil {
			return fmt.Errorf("let go of the host's /proc: %w", err)
		}
	}
	target, err := dirSpot(b.root, "proc", 0o555)
	if err != nil {
		return err
	}
	if err := attach(mount, target); err != nil {
		return err
	}
	if err := protectProc(b.root); err != nil {
		return err
	}
	// The kernel's command line is the host's; kernel-install(8) would take it for
	// the image's where that has none.
	return s.showFile(b, "files/cmdline", "proc/cmdline", []byte("\n"), 0o444)
}

// protectProc makes those parts of /proc read-only through which root changes the
// running kernel.
func protectProc(root int) error {
	for _, name := range []string{"sys", "sysrq-trigger", "irq", "bus", "fs", "acpi", "scsi"} {
		target, err := spot(root, "proc/"+name)
		if err != nil {
			continue // not in this kernel
		}
		mount, err := cloneTree(root, "proc/"+name, readOnlyData)
		if err != nil {
			unix.Close(target)
			return fmt.Errorf("protect /proc/%s: %w", name, err)
		}
		if err := attach(mount, target); err != nil {
			return fmt.Errorf("protect /proc/%s: %w", name, err)
		}
	}
	return nil
}

// droppedCapabilities reach beyond the tree (capabilities(7)). What installing
// needs stays: owners, modes, devices' nodes, file capabilities, chroot.
var droppedCapabilities = []uintptr{
	unix.CAP_SYS_ADMIN, unix.CAP_SYS_MODULE, unix.CAP_SYS_RAWIO, unix.CAP_SYS_BOOT,
	unix.CAP_SYS_TIME, unix.CAP_SYS_PTRACE, unix.CAP_SYS_PACCT, unix.CAP_SYS_TTY_CONFIG,
	unix.CAP_NET_ADMIN, unix.CAP_SYSLOG, unix.CAP_WAKE_ALARM, unix.CAP_BLOCK_SUSPEND,
	unix.CAP_AUDIT_CONTROL, unix.CAP_AUDIT_READ, unix.CAP_MAC_OVERRIDE, unix.CAP_MAC_ADMIN,
	unix.CAP_PERFMON, unix.CAP_BPF, unix.CAP_CHECKPOINT_RESTORE,
}

// restrict takes capabilities from the bounding set of the thread, and so from
// all programs it starts; the thread keeps its own.
func (s *Session) restrict() error {
	unix.Umask(0o022)
	if s.opts.Privileged {
		return nil
	}
	for _, c := range droppedCapabilities {
		err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0)
		if err != nil && err != unix.EINVAL { // unknown to an older kernel
			return fmt.Errorf("drop capability %d: %w", c, err)
		}
	}
	return nil
}
