package fault_test

import (
	"fmt"
	"os"
	"syscall"
	"testing"

	"github.com/fimg/fimg/fault"
)

func TestPlace(t *testing.T) {
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	err := os.MkdirAll(file+"/below", 0o700)
	if got := fault.Of(fault.Place(fmt.Errorf("prepare target: %w", err))); got != fault.Usage {
		t.Errorf("a directory below a file: class %d", got)
	}
	if got := fault.Of(fault.Place(syscall.EIO)); got != fault.Internal || fault.Place(nil) != nil {
		t.Errorf("a broken disk: class %d", got)
	}
}

func TestOf(t *testing.T) {
	full := &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}
	for _, c := range []struct {
		err  error
		want fault.Class
	}{
		{full, fault.Space},
		{fmt.Errorf("write x: %w", syscall.EDQUOT), fault.Space},
		{fault.New(fault.Script, full), fault.Script},
		{syscall.EIO, fault.Internal},
	} {
		if got := fault.Of(c.err); got != c.want {
			t.Errorf("%v: class %d, want %d", c.err, got, c.want)
		}
	}
}
