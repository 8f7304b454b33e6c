package system

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/tree/inroot"
	"github.com/fimg/fimg/tree/rootfs"
)

// fake is a System on an empty root that records what it would run.
type fake struct {
	*System
	ran [][]string
	env []string
}

func newFake(t *testing.T, files ...string) *fake {
	t.Helper()
	root, err := rootfs.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	f := &fake{}
	f.System = &System{Root: root, Image: &description.Image{Files: fstest.MapFS{}}, Epoch: time.Unix(1e9, 0),
		Run: func(_ context.Context, cmd inroot.Command) error {
			f.ran = append(f.ran, cmd.Args)
			f.env = cmd.Env
			return nil
		}}
	for _, name := range files {
		f.put(t, name, "")
	}
	return f
}

func (f *fake) put(t *testing.T, name, text string) {
	t.Helper()
	dir := name[:max(strings.LastIndexByte(name, '/'), 0)]
	if err := errors.Join(f.Root.MkdirAll(dir, 0o755), f.Root.WriteFile(name, []byte(text), 0o755)); err != nil {
		t.Fatal(err)
	}
}

func (f *fake) text(name string) string {
	b, err := f.Root.ReadFile(name)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestFstab(t *testing.T) {
	f := newFake(t)
	f.put(t, "etc/fstab.append", "more\n")
	f.put(t, "etc/fstab.script", "x")
	check(t, f.WriteFstab(t.Context(), []Mount{
		{Spec: "UUID=1", Point: "/", Type: "btrfs", Options: "compress=zstd:1,defaults,subvol=root", Pass: 1},
		{Spec: "UUID=E", Point: "/boot/efi", Type: "vfat"},
		{Spec: "UUID=1", Point: "/home", Type: "btrfs", Options: "subvol=home"},
		{Spec: "UUID=1", Point: "/boot", Type: "btrfs", Options: "subvol=boot"},
		{Spec: "UUID=9", Point: "/home", Type: "ext4"},
		{Spec: "UUID=S", Point: "swap", Type: "swap"},
	}))
	want := "UUID=S swap swap defaults 0 0\nUUID=1 / btrfs compress=zstd:1,defaults,subvol=root 0 1\n" +
		"UUID=1 /boot btrfs subvol=boot 0 0\nUUID=1 /home btrfs subvol=home 0 0\nUUID=E /boot/efi vfat defaults 0 0\nmore\n"
	if got := f.text("etc/fstab"); got != want {
		t.Errorf("fstab:\n%s", got)
	}
	if len(f.ran) != 1 || f.Root.Exists("etc/fstab.script") || f.Root.Exists("etc/fstab.append") {
		t.Errorf("ran %q", f.ran)
	}
}

func TestUsers(t *testing.T) {
	f := newFake(t)
	f.put(t, "etc/group", "wheel:x:10:\n")
	f.put(t, "etc/passwd", "root:x:0:0::/root:/bin/sh\n")
	f.Image.Users = []description.User{
		{Name: "root", Password: "$6$x", Format: "encrypted", Home: "/root"},
		{Name: "me", Password: "a", Format: "plain", Groups: []string{"me:1000", "wheel"}, UID: description.NumberOf(1000), Home: "/home/me", Shell: "/bin/bash"},
		{Name: "you"},
	}
	check(t, f.addUsers(t.Context()))
	want := []string{
		"groupadd -g 1000 me", "usermod -p $6$x root",
		"useradd -p $1$xyz$ZRIyAxAqM5KYURUgPcRsQ1 -s /bin/bash -g me -G wheel -u 1000 -m -d /home/me me", "chown -R me:me /home/me",
		"useradd -m you",
	}
	var got []string
	for _, r := range f.ran {
		got = append(got, strings.Join(r, " "))
	}
	want[2] = strings.Replace(want[2], "$1$xyz$ZRIyAxAqM5KYURUgPcRsQ1", md5Crypt("a", "xyz"), 1)
	if !slices.Equal(got, want) {
		t.Errorf("ran\n%s", strings.Join(got, "\n"))
	}
}

func TestMD5Crypt(t *testing.T) {
	testtool.Need(t, "openssl")
	for _, p := range []string{"", "a", "linux", strings.Repeat("0123456789", 7)} {
		out, err := exec.Command("openssl", "passwd", "-1", "-salt", "xyz", p).Output()
		if got := md5Crypt(p, "xyz"); err != nil || got != strings.TrimSpace(string(out)) {
			t.Errorf("%q: got %s, openssl says %s, %v", p, got, out, err)
		}
	}
}

func TestOverlay(t *testing.T) {
	f := newFake(t)
	f.put(t, "etc/old", "old")
	check(t, f.Root.Symlink("/etc", "link"))
	f.Image.Files = fstest.MapFS{
		"root/etc/new": {Data: []byte("new"), Mode: 0o640, ModTime: time.Unix(2e9, 0)}, "root/etc/old": {Data: []byte("changed"), Mode: 0o644},
		"root/etc/sub": {Mode: fs.ModeDir | 0o700}, "prof/x": {Data: []byte("p"), Mode: 0o755 | fs.ModeSetuid},
	}
	f.Image.Overlays = []description.Overlay{{Path: "root"}, {Path: "prof"}}
	check(t, f.applyOverlays(t.Context()))
	if f.text("etc/new") != "new" || f.text("etc/old") != "changed" || f.text("x") != "p" {
		t.Error("content is wrong")
	}
	st, err := f.Root.Lstat("etc/new")
	check(t, err)
	if st.Mode&0o7777 != 0o640 || st.Mtim.Sec != 1e9 {
		t.Errorf("mode %o, time %d", st.Mode, st.Mtim.Sec)
	}
	if st, _ := f.Root.Lstat("etc/sub"); st.Mode&0o7777 != 0o700 {
		t.Errorf("directory mode %o", st.Mode)
	}
	if st, _ := f.Root.Lstat("x"); st.Mode&0o7777 != 0o4755 {
		t.Errorf("set-id mode %o", st.Mode)
	}
}

// Files keep their permissions, and equal names in two directories stay apart;
// scripts find files and archives in /image.
func TestFiles(t *testing.T) {
	f := newFake(t, "opt/x")
	f.Image.Files = fstest.MapFS{"tool": {Data: []byte("t"), Mode: 0o775}, "a/name": {Data: []byte("a"), Mode: 0o600}, "b/name": {Data: []byte("b")},
		"d/x.tar": {Data: []byte("tar")}, "config.sh": {Data: []byte("#!/bin/sh\n")}}
	f.Image.Scripts = []description.Script{{Name: "config.sh", Path: "config.sh"}}
	f.Image.Packages.Image.Files = []description.File{{Name: "a/name", Target: "/etc/a"}, {Name: "b/name", Target: "/etc/b"}, {Name: "tool", Target: "opt"}}
	f.Image.Packages.Image.Archives = []description.Archive{{Name: "d/x.tar"}}
	check(t, f.CopyDescription([]byte("<image/>")))
	check(t, f.placeFiles(t.Context()))
	for name, want := range map[string]struct {
		text string
		mode uint32
	}{"etc/a": {"a", 0o600}, "etc/b": {"b", 0o644}, "opt/tool": {"t", 0o755}, "image/tool": {"t", 0o755}, "image/x.tar": {"tar", 0o644}} {
		st, err := f.Root.Lstat(name)
		check(t, err)
		if f.text(name) != want.text || st.Mode&0o7777 != want.mode {
			t.Errorf("%s: %q, mode %o", name, f.text(name), st.Mode)
		}
	}
}

func TestArchivesStayInside(t *testing.T) {
	testtool.NeedRoot(t)
	f := newFake(t)
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, h := range []*tar.Header{
		{Name: "../../escape", Typeflag: tar.TypeReg, Mode: 0o600, Size: 1, Uid: 5, Gid: 6},
		{Name: "up", Typeflag: tar.TypeSymlink, Linkname: "/../../.."},
		{Name: "up/through", Typeflag: tar.TypeReg, Mode: 0o644, Size: 1},
		{Name: "hard", Typeflag: tar.TypeLink, Linkname: "up/through"},
	} {
		check(t, w.WriteHeader(h))
		if h.Size > 0 {
			w.Write([]byte("x"))
		}
	}
	check(t, errors.Join(w.Close(), z.Close()))
	f.Image.Files = fstest.MapFS{"a.tar.gz": {Data: b.Bytes()}}
	check(t, f.Root.MkdirAll("opt", 0o755))
	check(t, f.UnpackArchives([]description.Archive{{Name: "a.tar.gz", TargetDir: "opt"}}))
	if f.text("opt/escape") != "x" || f.text("through") != "x" || f.text("opt/hard") != "x" {
		t.Error("members are not where they belong")
	}
	if st, _ := f.Root.Lstat("opt/escape"); st.Uid != 5 || st.Gid != 6 || st.Mode&0o777 != 0o600 {
		t.Errorf("owner %d:%d mode %o", st.Uid, st.Gid, st.Mode)
	}
}

func TestScripts(t *testing.T) {
	f := newFake(t)
	f.Image.Files = fstest.MapFS{"config.sh": {Data: []byte("#!/bin/bash\n")}, "plain": {Data: []byte("echo\n")}}
	f.Image.Scripts = []description.Script{{Name: "config.sh", Path: "config.sh"}, {Name: "images.sh", Path: "plain"}}
	f.Image.Environment = []description.Variable{{Name: "kiwi_profiles", Value: "A,B"}, {Name: "kiwi_align", Value: "1"}}
	check(t, f.CopyDescription([]byte("<image/>")))
	for _, name := range []string{"config.sh", "images.sh", "disk.sh"} {
		check(t, f.RunScript(t.Context(), name))
	}
	if len(f.ran) != 2 || f.ran[0][0] != "/image/config.sh" || f.ran[1][0] != "/bin/bash" {
		t.Errorf("ran %q", f.ran)
	}
	if !slices.Contains(f.env, "kiwi_profiles=A,B") || slices.Contains(f.env, "kiwi_align=1") {
		t.Errorf("environment %q", f.env)
	}
	testtool.Run(t, "bash", "-n", f.Root.Dir()+"/.kconfig")
}

// Every function that kiwi documents is one here, and those that do nothing say so.
func TestFunctions(t *testing.T) {
	f := newFake(t)
	f.put(t, "functions", string(functions))
	for _, name := range strings.Fields(`mountProc mountCgroups umountCgroups setupContainerRuntime baseSystemdServiceInstalled
baseSysVServiceInstalled baseSystemdCall baseInsertService baseRemoveService baseService suseImportBuildKey baseStripLocales
baseStripTranslations baseStripUnusedLibs baseUpdateSysConfig baseStripInitrd baseStripFirmware baseStripModules
baseStripKernelModules baseUpdateModuleDependencies baseStripKernel baseSetRunlevel baseSetupBuildDay baseVagrantSetup
suseRemoveService suseInsertService suseService suseStripInitrd suseStripKernel suseSetupProduct Echo Debug baseQuoteFile
baseCreateKernelTree baseSyncKernelTree baseFixupKernelModuleDependencies baseKernelDriverMatches baseStripAndKeep
baseStripTools Rm deprecated baseCleanMount suseConfig Rpm baseStripDocs suseRemoveYaST`) {
		if out, err := exec.Command("bash", "-c", `. "$1"; [ "$(type -t "$2")" = function ]`, "-", f.Root.Dir()+"/functions", name).CombinedOutput(); err != nil {
			t.Errorf("%s: %s", name, out)
		}
	}
	out, err := exec.Command("bash", "-c", `. "$1"; mountProc; baseStripTools; echo on`, "-", f.Root.Dir()+"/functions").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "baseStripTools: ") || strings.Contains(string(out), "on\n") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestKernelAndInitrdNames(t *testing.T) {
	f := newFake(t, "usr/lib/modules/6.9.1-1/vmlinuz", "usr/lib/modules/6.10.0-1/vmlinuz", "usr/lib/modules/empty/x")
	k, err := f.FindKernel()
	if err != nil || k.Version != "6.10.0-1" {
		t.Fatalf("kernel %+v, %v", k, err)
	}
	if n := f.InitrdName(k); n != "initramfs-6.10.0-1.img" {
		t.Errorf("name %s", n)
	}
	f.put(t, "boot/initrd-6.10.0-1", "")
	if n := f.InitrdName(k); n != "initrd-6.10.0-1" {
		t.Errorf("name %s", n)
	}
	if _, err := newFake(t).FindKernel(); !errors.Is(err, ErrNoKernel) {
		t.Errorf("no kernel: %v", err)
	}
}

func TestDracutArguments(t *testing.T) {
	f := newFake(t, "usr/lib/dracut/modules.d/90kiwi-repart/x")
	f.Image.Type.OEM.Resize = true
	f.Image.Type.Initrd.Add.Modules = []string{"nothere"}
	have, err := f.dracutModules(t.Context())
	check(t, err)
	got := strings.Join(f.dracutArguments(have), "|")
	if !strings.Contains(got, "--add| kiwi-repart |--omit| multipath ") || strings.Contains(got, "nothere") {
		t.Errorf("arguments %s", got)
	}
}

// The initrd learns of the disk, the image keeps nothing of it.
func TestDescribeDisk(t *testing.T) {
	f := newFake(t)
	f.Image.Environment = []description.Variable{{Name: "kiwi_iname", Value: "x"}, {Name: "kiwi_rootpartuuid"}}
	check(t, f.DescribeDisk(map[string]int{"kiwi_RootPart": 3, "kiwi_BootPart": 3, "kiwi_EfiPart": 2}, "12ab"))
	if got := f.text("config.partids"); got != "kiwi_BootPart=\"3\"\nkiwi_EfiPart=\"2\"\nkiwi_RootPart=\"3\"\n" {
		t.Errorf("partitions:\n%s", got)
	}
	if got := f.text(".profile"); got != "kiwi_iname='x'\nkiwi_rootpartuuid='12ab'\n" {
		t.Errorf("profile:\n%s", got)
	}
	if args := strings.Join(f.dracutArguments(nil), " "); !strings.Contains(args, "--install /config.partids") {
		t.Errorf("dracut %s", args)
	}
	check(t, f.Clean(true))
	if f.Root.Exists("config.partids") {
		t.Error("the file stays")
	}
}

func TestInitrdCompression(t *testing.T) {
	f := newFake(t)
	k := Kernel{Version: "1"}
	if c := f.initrdCompression(k); c != "gzip" {
		t.Errorf("nothing known: %s", c)
	}
	f.put(t, "usr/lib/modules/1/config", "CONFIG_RD_ZSTD=y\n")
	if c := f.initrdCompression(k); c != "zstd" {
		t.Errorf("kernel with zstd: %s", c)
	}
	f.put(t, "etc/dracut.conf.d/x.conf", "compress=\"cat\"\n")
	if c := f.initrdCompression(k); c != "cat" {
		t.Errorf("configured: %s", c)
	}
	early := "070701early_cpio\x00TRAILER!!!\x00\x00\x00"
	var b bytes.Buffer
	check(t, compressInitrd(&b, strings.NewReader(early+"main"), "gzip", nil))
	if packed := b.Bytes(); !strings.HasPrefix(string(packed), early) || packed[len(early)] != 0x1f {
		t.Errorf("early archive: %q", packed[:len(early)+2])
	}
}

func TestClean(t *testing.T) {
	f := newFake(t, ".profile", "image/x", "tmp/y", "run/z/q", "dev/null0", "etc/keep")
	check(t, f.Clean(true))
	for _, name := range []string{".profile", "image", "tmp/y", "run/z", "dev/null0"} {
		if f.Root.Exists(name) {
			t.Errorf("%s is still there", name)
		}
	}
	if !f.Root.Exists("etc/keep") || !f.Root.IsDir("tmp") {
		t.Error("too much was cleaned")
	}
}

func TestMachineID(t *testing.T) {
	f := newFake(t)
	check(t, f.ResetMachineID())
	f.put(t, "etc/machine-id", "0123\n")
	check(t, f.ResetMachineID())
	if f.text("etc/machine-id") != "" {
		t.Error("machine id was kept")
	}
}

func TestRepositories(t *testing.T) {
	f := newFake(t)
	f.Image.Repositories = []description.Repository{
		{URL: "https://x.example/$basearch", Alias: "a", KeepInImage: true, SourceType: "metalink", Priority: description.NumberOf(5), PackageGPGCheck: description.True},
		{URL: "https://y.example", UseForBuild: true},
	}
	check(t, f.keepRepositories(t.Context()))
	want := "[a]\nname = a\nmetalink = https://x.example/$basearch\npriority = 5\nrepo_gpgcheck = 0\ngpgcheck = 1\n"
	if got := f.text("etc/yum.repos.d/a.repo"); got != want {
		t.Errorf("repo file:\n%s", got)
	}
	f.Image.Repositories = []description.Repository{{URL: "/local", Local: true, KeepInImage: true}}
	if f.keepRepositories(t.Context()) == nil {
		t.Error("a local repository was kept")
	}
}

func TestLocale(t *testing.T) {
	f := newFake(t, "usr/bin/systemd-firstboot", "usr/share/zoneinfo/UTC", "etc/x")
	f.Image.Preferences = description.Preferences{Locale: "en_US,de_DE", Keytable: "us", Timezone: "UTC"}
	check(t, f.setLocale(t.Context()))
	if len(f.ran) != 2 || f.ran[1][1] != "--locale=en_US.UTF-8" {
		t.Errorf("ran %q", f.ran)
	}
	if l, _ := f.Root.Readlink("etc/localtime"); l != "../usr/share/zoneinfo/UTC" {
		t.Errorf("localtime %s", l)
	}
	for list, want := range map[string]string{"C": "C.UTF-8", "POSIX": "POSIX", "de_DE": "de_DE.UTF-8"} {
		if got := langOf(list); got != want {
			t.Errorf("locale of %s: %s", list, got)
		}
	}
}
