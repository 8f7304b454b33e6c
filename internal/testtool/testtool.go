// Package testtool is what tests share: finding the real tools that judge our
// bytes, reference material that lives outside the project, and temporary trees.
package testtool

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// Need returns the paths of the named programs. Where one is missing the test is
// skipped on a developer's machine and fails where CI is set, so that nothing is
// skipped silently there.
func Need(t testing.TB, programs ...string) []string {
	t.Helper()
	paths := make([]string, len(programs))
	for i, p := range programs {
		path, err := lookPath(p)
		if err != nil {
			Missing(t, "program %s is not installed", p)
		}
		paths[i] = path
	}
	return paths
}

func lookPath(program string) (string, error) {
	if path, err := exec.LookPath(program); err == nil {
		return path, nil
	}
	return exec.LookPath(filepath.Join("/usr/sbin", program))
}

// NeedRoot ends the test in the same way unless it runs as root.
func NeedRoot(t testing.TB) {
	t.Helper()
	if os.Getuid() != 0 {
		Missing(t, "must be root")
	}
}

// Missing ends a test in the same way for want of anything else it needs.
func Missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// Run runs an oracle and fails the test with its output when it fails.
func Run(t testing.TB, program string, args ...string) string {
	t.Helper()
	path := Need(t, program)[0]
	out, err := exec.Command(path, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", program, args, err, out)
	}
	return string(out)
}

// Root returns the directory of go.mod.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(filepath.Dir(filepath.Dir(file)))
}

// Shared returns the path of reference material kept beside the project and not
// in it. The directory is FIMG_SHARED, else "../shared" seen from the module.
// Only tests whose whole point is that material call it: without it they are
// skipped, everywhere, and say so.
func Shared(t testing.TB, path string) string {
	t.Helper()
	dir := os.Getenv("FIMG_SHARED")
	if dir == "" {
		dir = filepath.Join(Root(), "..", "shared")
	}
	full := filepath.Join(dir, path)
	if _, err := os.Stat(full); err != nil {
		t.Skipf("reference material %s is not on this machine", path)
	}
	return full
}
