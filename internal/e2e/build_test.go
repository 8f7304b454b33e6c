package e2e

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/fimg/fimg/assembler"
	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/description/builtin"
	"github.com/fimg/fimg/internal/testtool"
)

// cache is shared by all builds of a test run; FIMG_TEST_CACHE keeps it for the
// next.
var cache = sync.OnceValue(func() string {
	if dir := os.Getenv("FIMG_TEST_CACHE"); dir != "" {
		return dir
	}
	dir, err := os.MkdirTemp("", "fimg-cache")
	if err != nil {
		return os.TempDir()
	}
	return dir
})

func TestMain(m *testing.M) {
	code := m.Run()
	if os.Getenv("FIMG_TEST_CACHE") == "" {
		os.RemoveAll(cache())
	}
	os.Exit(code)
}

// options select a profile of the built-in description, installed from the
// demonstration repository.
func options(t testing.TB, profile string) description.Options {
	repo := testtool.Repo(t)
	return description.Options{FS: builtin.FS(), Arch: "x86_64", Profiles: []string{profile},
		Overrides: description.Overrides{IgnoreRepos: true, ReleaseVersion: "42", Version: "42",
			AddRepos:    []string{"dir://" + repo + ",rpm-md,demo,,,true"},
			SigningKeys: []string{"file://" + repo + "/RPM-GPG-KEY-fimg"}}}
}

func load(t testing.TB, opt description.Options) *description.Image {
	t.Helper()
	img, err := description.Load(context.Background(), opt)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func plan(t testing.TB, img *description.Image, formats ...string) *assembler.Plan {
	t.Helper()
	p, err := assembler.MakePlan(context.Background(), img, assembler.Options{CacheDir: cache(), Offline: true, Formats: formats})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func build(t testing.TB, p *assembler.Plan, opts assembler.BuildOptions) *assembler.Result {
	t.Helper()
	opts.CacheDir, opts.Offline = cache(), true
	r, err := assembler.Build(context.Background(), p, opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, phase := range r.Times {
		t.Logf("%-12s %6.2f s", phase.Phase, phase.Time.Seconds())
	}
	return r
}

// cloud is the Cloud-Base-Generic image that most tests look at, built once.
type cloudImage struct {
	plan        *assembler.Plan
	result      *assembler.Result
	dir         string
	qcow2, disk string // the disk is a raw one
}

var (
	cloudOnce sync.Once
	cloudMade *cloudImage
)

func cloud(t *testing.T) *cloudImage {
	t.Helper()
	testtool.Long(t)
	testtool.NeedRoot(t)
	cloudOnce.Do(func() {
		dir := filepath.Join(cache(), "cloud")
		os.RemoveAll(dir)
		p := plan(t, load(t, options(t, "Cloud-Base-Generic")), "raw")
		r := build(t, p, assembler.BuildOptions{TargetDir: dir})
		cloudMade = &cloudImage{plan: p, result: r, dir: dir, qcow2: r.Products[0].Path, disk: r.Products[1].Path}
	})
	if cloudMade == nil {
		t.Fatal("the image was not built")
	}
	return cloudMade
}

func buildOptions(dir string) assembler.BuildOptions { return assembler.BuildOptions{TargetDir: dir} }
