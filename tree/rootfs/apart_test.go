package rootfs

import (
	"os"
	"testing"
)

func TestMakeApart(t *testing.T) {
	parent := t.TempDir()
	a, err := MakeApart(parent, "root-")
	if err != nil {
		t.Fatal(err)
	}
	b, err := MakeApart(parent, "root-")
	if err != nil || a == b {
		t.Fatalf("%s and %s: %v", a, b, err)
	}
	if info, err := os.Stat(a); err != nil || info.Mode() != os.ModeDir|0o755 {
		t.Errorf("%v, %v", info, err)
	}
	if _, err := MakeApart(parent+"/none", "root-"); err == nil {
		t.Error("made below a directory that does not exist")
	}
}
