package description

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fimg/fimg/fault"
)

const overridden = `<preferences><type image="oci"/><type image="docker" derived_from="dir:///a"><containerconfig name="n" tag="t"><labels><label name="a" value="1"/></labels></containerconfig></type></preferences>
	<repository alias="first" priority="1"><source path="https://example.org/1"><signing key="https://example.org/k"/></source></repository>
	<repository alias="second" imageonly="true"><source path="https://example.org/2"/></repository>`

func apply(t *testing.T, kind string, over Overrides) (*Image, error) {
	t.Helper()
	return mustOpen(t, small(overridden)).Select(Options{Arch: "x86_64", Type: kind, Overrides: over})
}

func TestTypeAttributes(t *testing.T) {
	img, err := apply(t, "", Overrides{TypeAttributes: []string{"bootpartition=false", "efipartsize=64", "volid=A=B-1"[:7], "kernelcmdline=a=b c"}})
	if err != nil {
		t.Fatal(err)
	}
	a := img.Type.Attr
	if !a.BootPartition.IsFalse() || a.EFIPartSize.Or(0) != 64 || img.Type.KernelCmdline != "a=b c" || a.VolID != "A" {
		t.Errorf("%+v", a)
	}
	for text, say := range map[string]string{"filesytem=xfs": "did you mean filesystem", "filesystem=xsf": "did you mean xfs",
		"efipartsize=many": "0 or more", "nothing": "want attribute=value", "bootpartition= true": "true or false"} {
		_, err := apply(t, "", Overrides{TypeAttributes: []string{text}})
		var bad *OverrideError
		if !errors.As(err, &bad) || fault.Of(err) != fault.Usage || !strings.Contains(err.Error()+" "+bad.Hint(), say) {
			t.Errorf("%s: %v, %s", text, err, fault.HintOf(err))
		}
	}
}

func TestVersionOverrides(t *testing.T) {
	img, err := apply(t, "", Overrides{ReleaseVersion: "42", Version: "7", Name: "Other"})
	if err != nil || img.Preferences.ReleaseVersion != "42" || img.Version != "7" || img.Name != "Other" {
		t.Fatalf("%+v, %v", img, err)
	}
	if from := img.Preferences.Sources["release_version"]; from.String() != "--set-release-version" {
		t.Errorf("source %s", from)
	}
	if got := img.ProfileText(); !strings.Contains(got, "kiwi_iname='Other'\n") || !strings.Contains(got, "kiwi_iversion='7'\n") {
		t.Error(got)
	}
}

func TestRepositoryOverrides(t *testing.T) {
	file := filepath.Join(t.TempDir(), "login")
	if err := os.WriteFile(file, []byte("me:s@cret\nmore\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	urls := func(img *Image) string {
		var out []string
		for _, r := range img.Repositories {
			out = append(out, r.Alias+"="+r.URL)
		}
		return strings.Join(out, " ")
	}
	for _, c := range []struct {
		over Overrides
		want string
	}{
		{Overrides{}, "first=https://example.org/1 second=https://example.org/2"},
		{Overrides{IgnoreRepos: true}, ""},
		{Overrides{IgnoreReposUsedForBuild: true}, "second=https://example.org/2"},
		{Overrides{SetRepo: "https://new.org/"}, "first=https://new.org/ second=https://example.org/2"},
		{Overrides{SetRepo: "https://new.org/,rpm-md,x,5", SetRepoCredentials: "u:p"}, "x=https://u:p@new.org/ second=https://example.org/2"},
		{Overrides{IgnoreRepos: true, SetRepo: "/srv/repo,,only"}, "only=/srv/repo"},
		{Overrides{IgnoreRepos: true, AddRepos: []string{"https://a.org,rpm-md,a", "dir:///b"}, AddRepoCredentials: []string{file}}, "a=https://me:s%40cret@a.org =/b"},
	} {
		img, err := apply(t, "", c.over)
		if err != nil || urls(img) != c.want {
			t.Errorf("%+v: %v, %v", c.over, err, urls(img))
		}
	}
	img, err := apply(t, "", Overrides{AddRepos: []string{"https://a.org,rpm-md,a,9,true,false,{/k1;https://x/k2},c,d,true,metalink"}, SigningKeys: []string{"/mine"}})
	if err != nil {
		t.Fatal(err)
	}
	r := img.Repositories[2]
	if r.Priority.Or(0) != 9 || !r.KeepInImage || !r.PackageGPGCheck.IsFalse() || !r.RepoGPGCheck.IsTrue() || r.SourceType != "metalink" ||
		!slices.Equal(r.Keys, []string{"/k1", "https://x/k2"}) || r.Source.File != "--add-repo" {
		t.Errorf("%+v", r)
	}
	if want := []string{"/mine", "https://example.org/k", "/k1", "https://x/k2"}; !slices.Equal(img.SigningKeys, want) {
		t.Errorf("keys %q", img.SigningKeys)
	}
	for _, bad := range []string{"", ",rpm-md", "https://x,yum", "https://x,rpm-md,a b", "https://x,,,ten", "https://x,,,,,maybe"} {
		if _, err := apply(t, "", Overrides{AddRepos: []string{bad}}); fault.Of(err) != fault.Usage {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestIgnoredReposLeaveTheXML: those of profiles that are not active go as well.
func TestIgnoredReposLeaveTheXML(t *testing.T) {
	d := mustOpen(t, small(overridden+`<repository profiles="Other" alias="third"><source path="https://example.org/3"/></repository>`))
	for want, over := range map[string]Overrides{"": {IgnoreRepos: true}, "second": {IgnoreReposUsedForBuild: true}, "first second third": {Version: "2"}} {
		var out strings.Builder
		if err := mustSelect(t, d, Options{Overrides: over}).WriteXML(&out); err != nil {
			t.Fatal(err)
		}
		var left []string
		for r := range mustOpen(t, out.String()).root.every("repository") {
			left = append(left, r.get("alias"))
		}
		if got := strings.Join(left, " "); got != want {
			t.Errorf("%+v: %q left, want %q", over, got, want)
		}
	}
}

func TestContainerOverrides(t *testing.T) {
	img, err := apply(t, "docker", Overrides{ContainerTag: "new", ContainerLabels: []string{"a=2", "b=x=y"}, DerivedFrom: "dir:///other"})
	if err != nil {
		t.Fatal(err)
	}
	c := img.Type.Container
	if c.Tag != "new" || !slices.Equal(c.Labels, []Option{{Name: "a", Value: "2"}, {Name: "b", Value: "x=y"}}) || img.Type.DerivedFrom[0] != "dir:///other" {
		t.Errorf("%+v", c)
	}
	img, err = apply(t, "oci", Overrides{ContainerLabels: []string{"l=v"}})
	if err != nil || img.Type.Container.Name != "kiwi-container" || len(img.Type.Container.Labels) != 1 {
		t.Errorf("%+v, %v", img, err)
	}
	img, err = apply(t, "oem", Overrides{ContainerTag: "x", ContainerLabels: []string{"a=b"}, DerivedFrom: "y"})
	if err != nil || len(img.Notes) != 3 {
		t.Errorf("%+v, %v", img.Notes, err)
	}
	if _, err = apply(t, "docker", Overrides{ContainerLabels: []string{"x"}}); fault.Of(err) != fault.Usage {
		t.Errorf("%v", err)
	}
}

func TestPackageOverrides(t *testing.T) {
	d := mustOpen(t, small(`<packages type="bootstrap"><package name="b"/></packages><packages type="image"><package name="i"/></packages>`))
	img := mustSelect(t, d, Options{Overrides: Overrides{AddPackages: []string{"z", "a"}, AddBootstrapPackages: []string{"c"}, DeletePackages: []string{"gone"}}})
	p := img.Packages
	if !slices.Equal(Names(p.Bootstrap.Packages), []string{"b", "c", "dnf"}) || !slices.Equal(Names(p.Image.Packages), []string{"a", "i", "z"}) || Names(p.Remove)[0] != "gone" {
		t.Errorf("%+v", p)
	}
}

func TestCertificateOverrides(t *testing.T) {
	img, err := apply(t, "", Overrides{CACertificates: []string{"b", "a"}, CATargetDistribution: "redhat"})
	if err != nil || !slices.Equal(img.Certificates.Files, []string{"a", "b"}) || img.Certificates.TargetDistribution != "redhat" {
		t.Errorf("%+v, %v", img, err)
	}
	if _, err = apply(t, "", Overrides{CACertificates: []string{"a"}, CATargetDistribution: "redhut"}); fault.HintOf(err) != "did you mean redhat" {
		t.Errorf("%v", err)
	}
	d := mustOpen(t, small(`<certificates target_distribution="suse"><certificate name="x"/></certificates>`))
	img = mustSelect(t, d, Options{Overrides: Overrides{CACertificates: []string{"y"}}})
	if !slices.Equal(img.Certificates.Files, []string{"x", "y"}) || img.Certificates.TargetDistribution != "suse" {
		t.Errorf("%+v", img.Certificates)
	}
}

// TestOverridesLeaveTheDocument makes sure that one document serves many selections.
func TestOverridesLeaveTheDocument(t *testing.T) {
	d := mustOpen(t, small(overridden))
	before := withoutPlaces(t, mustSelect(t, d, Options{Type: "docker"}))
	mustSelect(t, d, Options{Type: "docker", Overrides: Overrides{TypeAttributes: []string{"derived_from=x"}, ContainerTag: "n", ContainerLabels: []string{"q=r"},
		ReleaseVersion: "1", Version: "2", SetRepo: "https://z", IgnoreReposUsedForBuild: true, CACertificates: []string{"c"}, CATargetDistribution: "suse"}})
	if after := withoutPlaces(t, mustSelect(t, d, Options{Type: "docker"})); after != before {
		t.Error(firstDifference(before, after))
	}
}

func TestOverridesInXML(t *testing.T) {
	img, err := apply(t, "docker", Overrides{Name: "New", Version: "3", ReleaseVersion: "4", TypeAttributes: []string{"derived_from=x"}, ContainerTag: "n",
		SetRepo: "https://z", AddRepos: []string{"https://added"}, CACertificates: []string{"c"}, CATargetDistribution: "suse"})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := img.WriteXML(&out); err != nil {
		t.Fatal(err)
	}
	again := mustSelect(t, mustOpen(t, out.String()), Options{Type: "docker"})
	if a, b := withoutPlaces(t, img), withoutPlaces(t, again); a != b {
		t.Error(firstDifference(a, b))
	}
}
