package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/internal/tempdir"
)

// boot are the choices of the boot verb.
type boot struct {
	arch     string
	firmware string
	memory   int
	cpus     int
	password string
	accel    string
	dryRun   bool
}

func newBootCmd(a *app) *cobra.Command {
	var b boot
	cmd := &cobra.Command{
		Use:   "boot IMAGE",
		Short: "Start an image in QEMU on this terminal; changes are thrown away",
		Args:  takes(1, "an image"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := b.check(args[0]); err != nil {
				return err
			}
			line, err := b.command(args[0])
			if err != nil {
				return err
			}
			if b.dryRun || a.json {
				return a.printCommand(line)
			}
			if b.password != "" {
				dir, remove, err := tempdir.Make("fimg-boot")
				if err != nil {
					return fmt.Errorf("start image: %w", err)
				}
				defer remove()
				disk, err := seedDisk(cmd.Context(), dir, b.password)
				if err != nil {
					return err
				}
				line = append(line, "-drive", "if=virtio,format=raw,readonly=on,file="+disk)
			}
			fmt.Fprintln(a.err, "fimg: the machine's console follows; Ctrl-A X ends it")
			return a.runMachine(cmd.Context(), line)
		},
	}
	f := cmd.Flags()
	f.StringVar(&b.arch, "arch", machine(), "architecture of the image")
	f.StringVar(&b.firmware, "firmware", "", "bios or uefi where there is a choice; default: what the architecture starts with")
	numberVar(f, &b.memory, "memory", 2048, 1, "memory in MiB")
	numberVar(f, &b.cpus, "cpus", 2, 1, "processors")
	f.StringVar(&b.accel, "accel", "auto", "kvm, tcg, or auto: kvm where it is there")
	f.StringVar(&b.password, "password", "fimg", "root's password, set by cloud-init in the image; empty for none")
	f.BoolVar(&b.dryRun, "print", false, "print the QEMU command, without a disk for the password, and do not run it")
	return cmd
}

// printCommand prints what would be run, but for the password's disk.
func (a *app) printCommand(line []string) error {
	if a.json {
		return a.printJSON(map[string][]string{"command": line})
	}
	_, err := fmt.Fprintln(a.out, strings.Join(line, " "))
	return err
}

// runMachine runs QEMU on the terminal. It is asked to end, so that it leaves the
// terminal as it was, and does not stay when this program is killed.
func (a *app) runMachine(ctx context.Context, line []string) error {
	runtime.LockOSThread() // the thread is what the kernel takes for the parent
	defer runtime.UnlockOSThread()
	run := exec.CommandContext(ctx, line[0], line[1:]...)
	run.Stdin, run.Stdout, run.Stderr = os.Stdin, a.out, a.err
	if out, err := standardFile(a.out), standardFile(a.err); out != nil && err != nil {
		run.Stdout, run.Stderr = out, err
	}
	run.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	run.Cancel = func() error { return run.Process.Signal(syscall.SIGTERM) }
	run.WaitDelay = machineDelay
	if err := run.Run(); err != nil {
		return fault.New(fault.Capability, fmt.Errorf("run %s: %w", filepath.Base(line[0]), err))
	}
	return nil
}

// machineDelay is how long QEMU may take to end when asked to.
const machineDelay = 5 * time.Second

// machines are QEMU's names of the architectures.
var machines = map[string]string{"x86_64": "x86_64", "aarch64": "aarch64", "ppc64le": "ppc64", "s390x": "s390x"}

// check refuses choices that make no sense.
func (b *boot) check(image string) error {
	var err error
	switch {
	case machines[b.arch] == "":
		err = fmt.Errorf("architecture %q: want x86_64, aarch64, ppc64le or s390x", b.arch)
	case b.firmware != "" && b.firmware != "bios" && b.firmware != "uefi":
		err = fmt.Errorf("firmware %q: want bios or uefi", b.firmware)
	case b.accel != "auto" && b.accel != "kvm" && b.accel != "tcg":
		err = fmt.Errorf("acceleration %q: want kvm, tcg or auto", b.accel)
	case !b.dryRun:
		_, err = os.Stat(image)
	}
	if err != nil {
		return usageError{fmt.Errorf("start image: %w", err)}
	}
	return nil
}

// command is QEMU's command line for an image.
func (b *boot) command(image string) ([]string, error) {
	program := "qemu-system-" + machines[b.arch]
	path, err := exec.LookPath(program)
	if err != nil {
		return nil, fault.New(fault.Capability, fmt.Errorf("start image: %s is not installed", program))
	}
	format := strings.TrimPrefix(filepath.Ext(image), ".")
	if format != "qcow2" && format != "vmdk" {
		format = "raw"
	}
	args := []string{path, "-m", fmt.Sprint(b.memory), "-smp", fmt.Sprint(b.cpus), "-nographic", "-snapshot",
		"-drive", "if=virtio,format=" + format + ",file=" + image, "-nic", "user,model=virtio"}
	args = append(args, b.acceleration()...)
	if b.firmware == "uefi" || b.firmware == "" && b.arch == "aarch64" {
		more, err := firmware(b.arch)
		return append(args, more...), err
	}
	return args, nil
}

// acceleration uses KVM for the machine's own architecture where it is there.
func (b *boot) acceleration() []string {
	_, err := os.Stat("/dev/kvm")
	switch {
	case b.accel == "kvm" || b.accel == "auto" && err == nil && b.arch == machine():
		return []string{"-accel", "kvm", "-cpu", "host"}
	case b.arch == "x86_64":
		return []string{"-accel", "tcg", "-cpu", "max"}
	}
	return []string{"-accel", "tcg"}
}

// firmwareFiles are where distributions keep UEFI for virtual machines.
var firmwareFiles = map[string][]string{
	"x86_64":  {"/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_CODE.fd"},
	"aarch64": {"/usr/share/AAVMF/AAVMF_CODE.fd", "/usr/share/edk2/aarch64/QEMU_EFI-pflash.raw"},
}

func firmware(arch string) ([]string, error) {
	for _, f := range firmwareFiles[arch] {
		if _, err := os.Stat(f); err == nil {
			more := []string{"-drive", "if=pflash,unit=0,format=raw,readonly=on,file=" + f}
			if arch == "aarch64" {
				more = append(more, "-machine", "virt", "-cpu", "max")
			} else {
				more = append(more, "-machine", "q35")
			}
			return more, nil
		}
	}
	return nil, fault.New(fault.Capability, errors.New("start image: no UEFI firmware for virtual machines is installed (package ovmf or qemu-efi-aarch64)"))
}
