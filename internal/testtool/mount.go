package testtool

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Mount has the kernel mount an image through a loop device, until the test ends
// at the latest, and returns the directory. The device of an earlier mount of the
// same image goes away some time after that was unmounted, and mount(8) would use
// it again meanwhile, read-only if it was: so it is waited for.
func Mount(t testing.TB, image, options string) string {
	t.Helper()
	for wait := time.Millisecond; loops(t, image) != ""; wait *= 2 {
		if wait > 10*time.Second {
			t.Fatalf("mount %s: a loop device is still there: %s", image, loops(t, image))
		}
		time.Sleep(wait)
	}
	dir := t.TempDir()
	Run(t, "mount", "-o", "loop,"+options, image, dir)
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

// loops names the loop devices of an image.
func loops(t testing.TB, image string) string {
	t.Helper()
	return strings.TrimSpace(Run(t, "losetup", "--noheadings", "--output", "NAME", "--associated", image))
}
