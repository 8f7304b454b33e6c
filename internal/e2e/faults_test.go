package e2e

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/fimg/fimg/assembler"
	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/internal/testtool"
)

// small is a description of a few packages, quick to build.
func small(t testing.TB, packages, scripts string, size string) description.Options {
	repo := testtool.Repo(t)
	if size != "" {
		size = `<size unit="M">` + size + `</size>`
	}
	xml := `<image schemaversion="8.5" name="small"><description type="system"><author>a</author><contact>c</contact>
<specification>s</specification></description><preferences><version>1</version><packagemanager>dnf4</packagemanager>
<type image="oem" filesystem="btrfs" firmware="bios" initrd_system="none"><bootloader name="custom"/>` + size + `</type></preferences>
<repository type="rpm-md" alias="demo"><source path="dir://` + repo + `"/></repository>
<packages type="bootstrap">` + packages + `</packages></image>`
	files := fstest.MapFS{"config.xml": {Data: []byte(xml)}}
	if scripts != "" {
		files["config.sh"] = &fstest.MapFile{Data: []byte(scripts), Mode: 0o755}
	}
	return description.Options{FS: files, Arch: "x86_64"}
}

const base = `<package name="filesystem"/><package name="bash"/><package name="coreutils"/>`

// attempt plans and builds, and says where it failed.
func attempt(ctx context.Context, opt description.Options, o assembler.BuildOptions) error {
	img, err := description.Load(ctx, opt)
	if err != nil {
		return err
	}
	p, err := assembler.MakePlan(ctx, img, assembler.Options{CacheDir: cache(), Offline: true})
	if err != nil {
		return err
	}
	o.CacheDir, o.Offline = cache(), true
	_, err = assembler.Build(ctx, p, o)
	return err
}

// Bad input gets one clear error of the right class and leaves nothing behind.
func TestFaults(t *testing.T) {
	testtool.Long(t)
	testtool.NeedRoot(t)
	unknown := options(t, "Cloud-Base-Generc")
	broken := small(t, base, "", "")
	broken.FS = fstest.MapFS{"config.xml": {Data: []byte("<image schemaversion=\"8.5\" name=\"x\">\n<bad>\n</image>")}}
	for _, c := range []struct {
		name  string
		opt   description.Options
		class fault.Class
		text  string
	}{
		{"unknown profile", unknown, fault.Description, "Cloud-Base-Gener"},
		{"broken xml", broken, fault.Description, "config.xml:"},
		{"missing package", small(t, `<package name="bsah"/>`, "", ""), fault.Unsolvable, "bsah"},
		{"failing script", small(t, base, "#!/bin/bash\necho last words\nexit 3\n", ""), fault.Script, "last words"},
		{"disk too small", small(t, base, "", "20"), fault.Space, "too small: needs"},
	} {
		t.Run(c.name, func(t *testing.T) {
			target := filepath.Join(t.TempDir(), "out")
			err := attempt(t.Context(), c.opt, buildOptions(target))
			if err == nil || fault.Of(err) != c.class || !strings.Contains(err.Error()+fault.HintOf(err), c.text) {
				t.Errorf("class %d: %v (hint %q)", fault.Of(err), err, fault.HintOf(err))
			}
			nothingLeft(t, target)
		})
	}
}

func nothingLeft(t *testing.T, target string) {
	t.Helper()
	if entries, err := os.ReadDir(target); err == nil {
		t.Errorf("left behind in the target directory: %v", entries)
	}
	mounts, _ := os.ReadFile("/proc/self/mounts")
	if strings.Contains(string(mounts), target) {
		t.Errorf("still mounted:\n%s", mounts)
	}
}

// Packages that a description takes away again are gone, with what only they
// needed.
func TestRemovedPackages(t *testing.T) {
	testtool.Long(t)
	testtool.NeedRoot(t)
	opt := small(t, base+`<package name="nano"/><package name="jq"/><package name="tar"/>`, "", "")
	xml, err := fs.ReadFile(opt.FS, "config.xml")
	if err != nil {
		t.Fatal(err)
	}
	more := `<packages type="uninstall"><package name="jq"/></packages><packages type="delete"><package name="nano"/></packages></image>`
	opt.FS = fstest.MapFS{"config.xml": {Data: []byte(strings.Replace(string(xml), "</image>", more, 1))}}
	dir := t.TempDir()
	if err := attempt(t.Context(), opt, buildOptions(dir)); err != nil {
		t.Fatal(err)
	}
	list, err := os.ReadFile(filepath.Join(dir, "small.x86_64-1.packages"))
	if err != nil {
		t.Fatal(err)
	}
	for _, gone := range []string{"jq|", "libjq1|", "nano|"} {
		if strings.Contains("\n"+string(list), "\n"+gone) {
			t.Errorf("%s is still there", gone)
		}
	}
	if !strings.Contains(string(list), "\ntar|") {
		t.Error("tar is gone")
	}
}

// A build that is interrupted ends soon and leaves nothing, whenever it is.
func TestInterrupted(t *testing.T) {
	testtool.Long(t)
	testtool.NeedRoot(t)
	for _, after := range []time.Duration{time.Millisecond, 300 * time.Millisecond, time.Second, 2 * time.Second} {
		target := filepath.Join(t.TempDir(), "out")
		ctx, cancel := context.WithTimeout(t.Context(), after)
		begin := time.Now()
		err := attempt(ctx, small(t, base, "sleep 60\n", ""), buildOptions(target))
		cancel()
		if err == nil || time.Since(begin) > after+10*time.Second {
			t.Errorf("after %s: %v, in %s", after, err, time.Since(begin))
		}
		nothingLeft(t, target)
	}
}

// Two builds cannot share a work directory: the second is refused, the first goes
// on.
func TestSharedWorkDirectory(t *testing.T) {
	testtool.Long(t)
	testtool.NeedRoot(t)
	work := t.TempDir()
	in := func(target string) assembler.BuildOptions {
		return assembler.BuildOptions{TargetDir: target, WorkDir: work}
	}
	first := make(chan error, 1)
	go func() { first <- attempt(t.Context(), small(t, base, "#!/bin/bash\nsleep 5\n", ""), in(t.TempDir())) }()
	time.Sleep(2 * time.Second)
	if err := attempt(t.Context(), small(t, base, "", ""), in(t.TempDir())); fault.Of(err) != fault.Usage {
		t.Errorf("the second build: %v", err)
	}
	if err := <-first; err != nil {
		t.Errorf("the first build: %v", err)
	}
}

// A target directory that is full is told before work starts.
func TestFullTarget(t *testing.T) {
	testtool.Long(t)
	testtool.NeedRoot(t)
	dir := t.TempDir()
	testtool.Run(t, "mount", "-t", "tmpfs", "-o", "size=1m", "none", dir)
	defer testtool.Run(t, "umount", dir)
	target := filepath.Join(dir, "out")
	err := attempt(t.Context(), small(t, base, "", ""), buildOptions(target))
	if fault.Of(err) != fault.Space || !strings.Contains(err.Error(), "free") {
		t.Errorf("full target: %v", err)
	}
	nothingLeft(t, target)
}
