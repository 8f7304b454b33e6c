package e2e

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
)

var (
	programOnce sync.Once
	programErr  error
)

// fimg builds the program once.
func fimg(t *testing.T) string {
	t.Helper()
	name := filepath.Join(cache(), "bin", "fimg")
	programOnce.Do(func() {
		cmd := exec.Command("go", "build", "-o", name, "./cmd/fimg")
		cmd.Dir = testtool.Root()
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			programErr = errors.Join(err, errors.New(string(out)))
		}
	})
	if programErr != nil {
		t.Fatal(programErr)
	}
	return name
}

// cloudArgs build the Cloud-Base-Generic image into a directory.
func cloudArgs(t *testing.T, target string) []string {
	return imageArgs(testtool.Repo(t), cache(), target)
}

func imageArgs(repo, cacheDir, target string) []string {
	return []string{"build", "--profile", "Cloud-Base-Generic", "--repo", repo, "--signing-key", repo + "/RPM-GPG-KEY-fimg",
		"--set-release-version", "42", "--cache-dir", cacheDir, "--offline", "--target-dir", target}
}

var (
	usualOnce   sync.Once
	usualStatus int
	usualText   string
)

// usualBuild returns the directory of the image that the program makes when
// nothing is in its way, built once.
func usualBuild(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(cache(), "usual")
	usualOnce.Do(func() {
		os.RemoveAll(dir)
		usualStatus, usualText = command(t, append(cloudArgs(t, dir), "--quiet")...)
	})
	if usualStatus != 0 {
		t.Fatalf("exit status %d: %s", usualStatus, usualText)
	}
	return dir
}

// command runs fimg to its end and returns its exit status and what it said on
// standard error.
func command(t *testing.T, args ...string) (int, string) {
	t.Helper()
	cmd := exec.Command(fimg(t), args...)
	var text strings.Builder
	cmd.Stderr = &text
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), text.String()
}

// spec is a package of one file with the given lines in its preamble and the given
// scriptlets.
func spec(name, preamble, scriptlets string) string {
	return "Name: " + name + "\nVersion: 1\nRelease: 1\nSummary: s\nLicense: MIT\nBuildArch: noarch\nAutoReqProv: no\n" + preamble +
		"\n%description\nd\n%install\nmkdir -p %{buildroot}/opt\nhead -c 200000 /dev/urandom > %{buildroot}/opt/" + name +
		"\n" + scriptlets + "\n%files\n/opt/" + name + "\n"
}

// packages builds packages into a new directory.
func packages(t *testing.T, specs ...string) string {
	t.Helper()
	return packagesFor(t, "noarch", specs...)
}

// packagesFor builds packages for a machine unless they say noarch.
func packagesFor(t *testing.T, arch string, specs ...string) string {
	t.Helper()
	testtool.Need(t, "rpmbuild", "createrepo_c")
	dir := t.TempDir()
	for _, s := range specs {
		file := filepath.Join(t.TempDir(), "a.spec")
		if err := os.WriteFile(file, []byte(s), 0o644); err != nil {
			t.Fatal(err)
		}
		testtool.Run(t, "rpmbuild", "-bb", "--quiet", "--target", arch, "--define", "_topdir "+t.TempDir(), "--define", "_rpmdir "+dir,
			"--define", "_binary_payload w1.gzdio", "--define", "_build_name_fmt %%{NAME}.rpm", file)
	}
	return dir
}

// repository makes the metadata of a directory of packages.
func repository(t *testing.T, dir string) string {
	t.Helper()
	testtool.Run(t, "createrepo_c", "-q", dir)
	return dir
}

// recipe writes a description that installs packages, named in XML, from
// repositories; each may carry attributes after its directory.
func recipe(t *testing.T, packages, size string, repos ...string) string {
	t.Helper()
	var list strings.Builder
	for i, r := range repos {
		dir, attributes, _ := strings.Cut(r, " ")
		list.WriteString(`<repository type="rpm-md" alias="r` + string(rune('0'+i)) + `" ` + attributes + `><source path="dir://` + dir + `"/></repository>`)
	}
	if size != "" {
		size = `<size unit="M">` + size + `</size>`
	}
	xml := `<image schemaversion="8.5" name="small"><description type="system"><author>a</author><contact>c</contact>
<specification>s</specification></description><preferences><version>1</version><packagemanager>dnf4</packagemanager>
<type image="oem" filesystem="btrfs" firmware="bios" initrd_system="none"><bootloader name="custom"/>` + size + `</type></preferences>` +
		list.String() + `<packages type="bootstrap">` + packages + `</packages></image>`
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "config.xml"), []byte(xml), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}
