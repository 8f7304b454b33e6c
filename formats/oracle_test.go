package formats_test

import (
	"bytes"
	"crypto/sha256"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fimg/fimg/formats"
	"github.com/fimg/fimg/formats/disk"
	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/seed"
)

// output makes an Output of a kiwi format with qemu-img's options.
func output(t testing.TB, name, options, path string) formats.Output {
	t.Helper()
	qemu, err := formats.ParseOptions(options)
	if err != nil {
		t.Fatal(err)
	}
	return formats.Output{Format: format(t, name), Path: path, Settings: formats.Settings{Qemu: qemu}}
}

// write makes one output and returns its path.
func write(t testing.TB, src formats.Source, name, options string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "out."+format(t, name).Suffix)
	_, err := formats.Write(t.Context(), src, []formats.Output{output(t, name, options, path)},
		formats.Options{Seed: seed.New("test"), Epoch: 1_700_000_000})
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func medium(t testing.TB) (string, formats.Source) {
	return sample(t, 100<<20|512, disk.Range{Offset: 0, Length: 3 << 20},
		disk.Range{Offset: 10<<20 + 4096, Length: 70_000}, disk.Range{Offset: 99 << 20, Length: 1<<20 + 512})
}

func TestQemuReadsOurs(t *testing.T) {
	path, src := medium(t)
	for _, c := range []struct{ name, options, driver string }{
		{"vhd", "", "vpc"}, {"vhd", "force_size", "vpc"}, {"vhd-fixed", "", "vpc"}, {"vhd-fixed", "force_size", "vpc"},
		{"vmdk", "", "vmdk"}, {"vmdk", "subformat=streamOptimized,adapter_type=pvscsi", "vmdk"},
	} {
		t.Run(c.name+" "+c.options, func(t *testing.T) {
			out := write(t, src, c.name, c.options)
			testtool.Run(t, "qemu-img", "compare", "-f", "raw", "-F", c.driver, path, out)
			if c.driver == "vmdk" {
				testtool.Run(t, "qemu-img", "check", "-f", c.driver, out)
			}
		})
	}
}

// sameDisk compares a file with the disk; the file may be longer by zeros.
func sameDisk(t testing.TB, want, got string) {
	t.Helper()
	var prints [2][sha256.Size]byte
	for i, name := range []string{want, got} {
		image, err := formats.Open(t.Context(), name, formats.OpenOptions{Format: "raw"})
		if err != nil {
			t.Fatal(err)
		}
		prints[i] = print(t, image)
		image.Close()
	}
	if prints[0] != prints[1] {
		t.Errorf("%s differs from the disk", filepath.Base(got))
	}
}

func TestPackedRaw(t *testing.T) {
	path, src := medium(t)
	for name, tool := range map[string]string{"raw.gz": "gzip", "raw.zst": "zstd", "raw.xz": "xz"} {
		t.Run(name, func(t *testing.T) {
			out := write(t, src, name, "")
			testtool.Run(t, tool, "-t", out)
			plain := strings.TrimSuffix(out, filepath.Ext(out))
			cmd := exec.Command(testtool.Need(t, tool)[0], "-dc", out)
			unpacked, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(plain, unpacked, 0o600); err != nil {
				t.Fatal(err)
			}
			sameDisk(t, path, plain)
		})
	}
}

func TestGCE(t *testing.T) {
	path, src := medium(t)
	out := filepath.Join(t.TempDir(), "image.tar.gz")
	o := output(t, "gce", "", out)
	o.Settings.GCELicense = "https://example.org/license"
	if _, err := formats.Write(t.Context(), src, []formats.Output{o}, formats.Options{}); err != nil {
		t.Fatal(err)
	}
	for _, tool := range []string{"tar", "bsdtar"} {
		dir := t.TempDir()
		if list := testtool.Run(t, tool, "-tf", out); list != "manifest.json\ndisk.raw\n" {
			t.Errorf("%s lists %q", tool, list)
		}
		testtool.Run(t, tool, "-C", dir, "-xSf", out)
		sameDisk(t, path, filepath.Join(dir, "disk.raw"))
		if info, err := os.Stat(filepath.Join(dir, "disk.raw")); err != nil || info.Size() != 1<<30 {
			t.Errorf("disk.raw has %d bytes (%v), want 1 GiB", info.Size(), err)
		}
		text, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
		if err != nil || string(text) != `{"licenses":["https://example.org/license"]}` {
			t.Errorf("manifest is %q, %v", text, err)
		}
	}
}

func TestBoxes(t *testing.T) {
	path, src := medium(t)
	for name, image := range map[string]string{"vagrant-libvirt": "box.img", "vagrant-virtualbox": "box.vmdk"} {
		out := write(t, src, name, "")
		dir := t.TempDir()
		testtool.Run(t, "tar", "-C", dir, "-xzf", out)
		driver := "qcow2"
		if image == "box.vmdk" {
			driver = "vmdk"
		}
		testtool.Run(t, "qemu-img", "compare", "-f", "raw", "-F", driver, path, filepath.Join(dir, image))
		if image == "box.vmdk" {
			checkOVF(t, filepath.Join(dir, "box.ovf"))
		}
		for _, member := range []string{"metadata.json", "Vagrantfile"} {
			if _, err := os.Stat(filepath.Join(dir, member)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// checkOVF has xmllint judge an envelope, and see what is wrong with spoilt ones.
func checkOVF(t *testing.T, name string) {
	t.Helper()
	testtool.Run(t, "xmllint", "--noout", "--nonet", "--schema", "testdata/ovf.xsd", name)
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{
		`ovf:fileRef="file1"`: `ovf:fileRef="file2"`, "<rasd:Parent>3<": "<rasd:Parent>9<", "<rasd:InstanceID>1<": "<rasd:InstanceID>2<",
		"<rasd:Connection>NAT<": "<rasd:Connection>LAN<", "rasd:Address>": "rasd:ZAddress>", `ovf:capacity="`: `ovf:capacity="-`,
	} {
		spoilt := filepath.Join(t.TempDir(), "spoilt.ovf")
		if !strings.Contains(string(text), from) {
			t.Errorf("no %s in the envelope", from)
		}
		if err := os.WriteFile(spoilt, []byte(strings.ReplaceAll(string(text), from, to)), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := exec.Command("xmllint", "--noout", "--nonet", "--schema", "testdata/ovf.xsd", spoilt).Run(); err == nil {
			t.Errorf("the schema takes %s", to)
		}
	}
}

func TestVHDTag(t *testing.T) {
	_, src := medium(t)
	o := output(t, "vhd-fixed", "force_size", filepath.Join(t.TempDir(), "image.vhdfixed"))
	o.Settings.VHDTag = "01020304-0506-0708-090a-0b0c0d0e0f10"
	if _, err := formats.Write(t.Context(), src, []formats.Output{o}, formats.Options{}); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(o.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got, err := io.ReadAll(io.NewSectionReader(f, 65536, 512))
	want := append([]byte{4, 3, 2, 1, 6, 5, 8, 7, 9, 10, 11, 12, 13, 14, 15, 16}, make([]byte, 496)...)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("tag is % x, %v", got[:20], err)
	}
	if info, _ := f.Stat(); info.Size() != 101<<20+512 {
		t.Errorf("image has %d bytes, want whole MiB and a footer", info.Size())
	}
}
