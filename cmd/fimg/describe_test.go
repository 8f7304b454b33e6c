package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const small = `<image schemaversion="8.5" name="Small">
	<description type="system"><author>a</author><contact>c</contact><specification>s</specification></description>
	<profiles>
		<profile name="Disk" description="A disk"><requires profile="Core"/></profile>
		<profile name="Core" description="Helper"/>
	</profiles>
	<preferences><version>1.2</version></preferences>
	<preferences profiles="Disk"><type image="oem" filesystem="ext4" format="qcow2"/></preferences>
	<packages type="bootstrap"><package name="filesystem"/></packages>
	<packages type="image" profiles="Core"><package name="bash"/><ignore name="nano"/></packages>
	<repository alias="r"><source path="https://example.org/r"/></repository>
</image>`

// fimg runs the command and returns what it printed and its exit status.
func runFimg(t *testing.T, args ...string) (string, string, int) {
	t.Helper()
	var out, errs bytes.Buffer
	a := &app{out: &out, err: &errs}
	code := a.run(t.Context(), args)
	return out.String(), errs.String(), code
}

func writeSmall(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "config.xml")
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestDescribePage(t *testing.T) {
	out, errs, code := runFimg(t, "describe", "--description", writeSmall(t, small), "--profile", "Disk", "--arch", "x86_64")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	for _, want := range []string{"Small 1.2 for x86_64", "oem qcow2", "config.xml:8 (Disk)", "config.xml:10 (Core)", "https://example.org/r"} {
		if !strings.Contains(out, want) {
			t.Errorf("page lacks %q:\n%s", want, out)
		}
	}
}

func TestDescribeJSON(t *testing.T) {
	out, errs, code := runFimg(t, "describe", "--json", "--description", writeSmall(t, small), "--profile", "Disk", "--arch", "x86_64", "--set-type-attr", "volid=HELLO")
	var v struct {
		Name        string
		ProfileFile string `json:"profile_file"`
		Packages    struct {
			Image struct{ Packages []struct{ Name string } }
		}
		Type struct{ Attributes map[string]any }
	}
	if err := json.Unmarshal([]byte(out), &v); code != 0 || err != nil {
		t.Fatalf("exit %d: %s: %v", code, errs, err)
	}
	if v.Name != "Small" || v.Packages.Image.Packages[0].Name != "bash" || v.Type.Attributes["volid"] != "HELLO" || !strings.Contains(v.ProfileFile, "kiwi_profiles='Disk,Core'\n") {
		t.Errorf("%s", out)
	}
}

func TestDescribeXML(t *testing.T) {
	out, errs, code := runFimg(t, "describe", "--format", "xml", "--description", writeSmall(t, small), "--profile", "Disk", "--set-release-version", "44")
	if code != 0 || !strings.Contains(out, "<release-version>44</release-version>") {
		t.Errorf("exit %d: %s\n%s", code, errs, out)
	}
}

func TestDescribeRefuses(t *testing.T) {
	wrong := strings.Replace(small, `<package name="bash"/>`, "<pakage name=\"bash\"/>\n<package nam=\"x\"/>", 1)
	_, errs, code := runFimg(t, "describe", "--description", writeSmall(t, wrong), "--profile", "Disk")
	if code != 3 || !strings.Contains(errs, `did you mean "package"?`) || !strings.Contains(errs, `did you mean "name"?`) {
		t.Errorf("exit %d: %s", code, errs)
	}
	_, errs, code = runFimg(t, "describe", "--description", writeSmall(t, small), "--profile", "Core")
	if code != 3 || !strings.Contains(errs, "used by Disk") {
		t.Errorf("exit %d: %s", code, errs)
	}
	if _, errs, code = runFimg(t, "describe", "--format", "yaml"); code != 2 {
		t.Errorf("exit %d: %s", code, errs)
	}
}

func TestProfiles(t *testing.T) {
	out, errs, code := runFimg(t, "profiles", "--description", writeSmall(t, small))
	if code != 0 || !strings.Contains(out, "Disk") || strings.Contains(out, "Core") {
		t.Errorf("exit %d: %s\n%s", code, errs, out)
	}
	out, _, _ = runFimg(t, "profiles", "--all", "--json", "--description", writeSmall(t, small))
	if !json.Valid([]byte(out)) || !strings.Contains(out, "Core") {
		t.Errorf("%s", out)
	}
}
