package system

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/tree/inroot"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Kernel is the kernel an initrd is made for.
type Kernel struct {
	Version string
	Image   string // path in the root
}

// ErrNoKernel says that no package brought a kernel.
var ErrNoKernel = errors.New("no kernel in the image")

var kernelNames = []string{"uImage", "Image", "zImage", "vmlinuz", "image", "vmlinux", "kernel"}

// FindKernel returns the image's kernel: the newest version by rpm's rules when
// there are several.
func (s *System) FindKernel() (Kernel, error) {
	versions, err := s.Root.ReadDir("usr/lib/modules")
	if err != nil {
		return Kernel{}, fmt.Errorf("find kernel: %w", errors.Join(ErrNoKernel, err))
	}
	slices.SortStableFunc(versions, func(a, b string) int { return -compareVersions(a, b) })
	for _, v := range versions {
		for _, n := range kernelNames {
			if p, ok := s.Root.First("boot/"+n+"-"+v, "usr/lib/modules/"+v+"/"+n); ok {
				return Kernel{Version: v, Image: p}, nil
			}
		}
	}
	return Kernel{}, fmt.Errorf("find kernel: %w", ErrNoKernel)
}

var versionParts = regexp.MustCompile(`\d+|[A-Za-z]+`)

// compareVersions orders kernel releases by their runs of digits and letters.
func compareVersions(a, b string) int {
	pa, pb := versionParts.FindAllString(a, -1), versionParts.FindAllString(b, -1)
	for i := range min(len(pa), len(pb)) {
		x, y := strings.TrimLeft(pa[i], "0"), strings.TrimLeft(pb[i], "0")
		switch {
		case isDigits(pa[i]) != isDigits(pb[i]):
			if isDigits(pa[i]) {
				return 1
			}
			return -1
		case isDigits(pa[i]) && len(x) != len(y):
			return len(x) - len(y)
		case x != y:
			return strings.Compare(x, y)
		}
	}
	return len(pa) - len(pb)
}

func isDigits(s string) bool { return s != "" && s[0] >= '0' && s[0] <= '9' }

// InitrdName is the name of a kernel's initrd in /boot: that of one which is
// there already, else dracut's usual one.
func (s *System) InitrdName(k Kernel) string {
	for _, p := range s.Root.Glob("boot/init*" + k.Version + "*") {
		if s.Root.IsFile(p) && !strings.Contains(p, "kdump") {
			return path.Base(p)
		}
	}
	return "initramfs-" + k.Version + ".img"
}

// MakeInitrd runs the image's dracut once for its kernel and puts the result into
// /boot. dracut packs without compressing: that is done here, on all cores.
func (s *System) MakeInitrd(ctx context.Context, k Kernel) error {
	if _, ok := s.Root.Program("dracut"); !ok {
		return errors.New("make initrd: dracut is not in the image")
	}
	const work = "/boot/.fimg-initrd"
	modules, err := s.dracutModules(ctx)
	if err != nil {
		return err
	}
	args := append([]string{"dracut"}, s.dracutArguments(modules)...)
	args = append(args, "--no-compress", "--force", work, k.Version)
	cmd := inroot.Command{Args: args, Env: []string{"LANG=C", "LC_ALL=C"}, Subject: "dracut"}
	if err := s.Run(ctx, cmd); err != nil {
		return fmt.Errorf("make initrd: %w", err)
	}
	defer s.Root.Remove(work)
	return s.packInitrd(work, "boot/"+s.InitrdName(k), s.initrdCompression(k))
}

// packInitrd compresses dracut's archive into its final place.
func (s *System) packInitrd(from, to, method string) error {
	in, err := s.Root.OpenFile(from, os.O_RDONLY, 0)
	if err != nil {
		return fmt.Errorf("pack initrd: %w", err)
	}
	defer in.Close()
	out, err := s.Root.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("pack initrd: %w", err)
	}
	nodes, err := s.initrdNodes()
	if err == nil {
		err = compressInitrd(out, in, method, nodes)
	}
	if err := errors.Join(err, out.Chmod(0o600), out.Close()); err != nil {
		return fmt.Errorf("pack initrd: %w", err)
	}
	return nil
}

// dracutModules asks dracut what it has; only what the image has is added.
func (s *System) dracutModules(context.Context) ([]string, error) {
	var names []string
	for _, p := range s.Root.Glob("usr/lib/dracut/modules.d/[0-9][0-9]*") {
		names = append(names, strings.TrimLeft(path.Base(p), "0123456789"))
	}
	return names, nil
}

func (s *System) dracutArguments(have []string) []string {
	initrd := s.Image.Type.Initrd
	add := slices.Clone(initrd.Add.Modules)
	if s.Image.Type.OEM.Resize {
		add = append(add, "kiwi-repart")
	}
	if s.Image.Type.Attr.OverlayRoot.IsTrue() {
		add = append(add, "kiwi-overlay")
	}
	add = slices.DeleteFunc(add, func(m string) bool { return s.missingModule(have, m) })
	omit := slices.Clone(initrd.Omit.Modules)
	if !s.Image.Type.OEM.MultipathScan {
		omit = append(omit, "multipath")
	}
	// kiwi says --verbose. Where Fedora's configuration logs to syslog at level 5,
	// anything but --quiet makes dracut list the finished archive into a log that
	// nobody keeps, for 40 % of its time; level 5 less one prints what kiwi's does.
	args := []string{"--stdlog", "5", "--quiet", "--reproducible", "--no-hostonly", "--no-hostonly-cmdline", "--install", "/.profile"}
	args = appendList(args, "--add", add)
	args = appendList(args, "--omit", omit)
	args = appendList(args, "--add-drivers", initrd.Add.Drivers)
	args = appendList(args, "--omit-drivers", initrd.Omit.Drivers)
	if s.Root.Exists(partitionIDs) {
		args = append(args, "--install", "/"+partitionIDs)
	}
	return args
}

func (s *System) missingModule(have []string, m string) bool {
	if slices.Contains(have, m) {
		return false
	}
	if m != "kiwi-repart" {
		s.Events.Warn("initrd", m, "dracut in the image has no such module")
	}
	return true
}

func appendList(args []string, flag string, list []string) []string {
	if len(list) == 0 {
		return args
	}
	return append(args, flag, " "+strings.Join(list, " ")+" ")
}

var compressSetting = regexp.MustCompile(`(?m)^\s*compress="?(\w+)`)

// initrdCompression is what dracut's configuration asks for, else zstd where
// the kernel can unpack it, else gzip.
func (s *System) initrdCompression(k Kernel) string {
	files := append([]string{"etc/dracut.conf"}, s.Root.Glob("usr/lib/dracut/dracut.conf.d/*.conf")...)
	for _, f := range append(files, s.Root.Glob("etc/dracut.conf.d/*.conf")...) {
		text, _ := s.Root.ReadFile(f)
		if m := compressSetting.FindSubmatch(text); m != nil && slices.Contains([]string{"gzip", "pigz", "zstd", "cat"}, string(m[1])) {
			return string(m[1])
		}
	}
	for _, f := range []string{"usr/lib/modules/" + k.Version + "/config", "boot/config-" + k.Version} {
		if text, err := s.Root.ReadFile(f); err == nil && bytes.Contains(text, []byte("CONFIG_RD_ZSTD=y")) {
			return "zstd"
		}
	}
	return "gzip"
}

// compressInitrd rewrites and compresses the main archive. An archive of early
// microcode in front of it must stay as it is for the kernel to find it.
func compressInitrd(out io.Writer, in io.Reader, method string, nodes []newcEntry) error {
	plain := bufio.NewReaderSize(in, 1<<20)
	if err := copyEarly(out, plain); err != nil {
		return err
	}
	w, err := initrdWriter(out, method)
	if err != nil {
		return err
	}
	err = rewriteInitrd(w, plain, nodes)
	return errors.Join(err, w.Close())
}

// initrdWriter opens a compressor whose output does not depend on the machine.
func initrdWriter(out io.Writer, method string) (io.WriteCloser, error) {
	switch method {
	case "cat":
		return plainWriter{out}, nil
	case "zstd":
		return zstd.NewWriter(out, zstd.WithEncoderLevel(zstd.SpeedDefault),
			zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(8<<20))
	}
	return gzip.NewWriterLevel(out, 6)
}

type plainWriter struct{ io.Writer }

func (plainWriter) Close() error { return nil }

// maxEarly bounds the archive of early microcode.
const maxEarly = 64 << 20

// copyEarly copies the early archive when there is one: a first cpio that says so
// and ends in a trailer padded with zeros.
func copyEarly(out io.Writer, in *bufio.Reader) error {
	head, err := in.Peek(1 << 16)
	if err != nil && err != io.EOF {
		return err
	}
	if !bytes.Contains(head, []byte("early_cpio\x00")) {
		return nil
	}
	const trailer = "TRAILER!!!\x00"
	var early []byte
	for !bytes.HasSuffix(early, []byte(trailer)) {
		piece, err := in.ReadBytes(0)
		early = append(early, piece...)
		if err != nil || len(early) > maxEarly {
			return errors.Join(err, errors.New("the early archive does not end"))
		}
	}
	zeros, err := skipZeros(in)
	if err != nil {
		return err
	}
	_, err = out.Write(append(early, make([]byte, zeros)...))
	return err
}

// MaskDracut keeps kernel-install from making an initrd during the package
// transaction; the returned function takes the mask away. It does nothing for
// images whose initrd fimg does not make.
func (s *System) MaskDracut(img *description.Image) (func() error, error) {
	if img.Type.InitrdSystem != "dracut" {
		return func() error { return nil }, nil
	}
	const dir = "etc/kernel/install.d"
	const mask = dir + "/50-dracut.install"
	if s.Root.Exists(mask) {
		return func() error { return nil }, nil
	}
	if err := s.Root.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("mask dracut: %w", err)
	}
	if err := s.Root.Symlink("/dev/null", mask); err != nil {
		return nil, fmt.Errorf("mask dracut: %w", err)
	}
	return func() error { return s.Root.Remove(mask) }, nil
}
