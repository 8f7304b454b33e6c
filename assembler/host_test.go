package assembler

import (
	"strings"
	"testing"

	"github.com/fimg/fimg/fault"
)

// That programs of the image cannot run here is told with the plan, and refused
// before anything is downloaded.
func TestForeignPrograms(t *testing.T) {
	p := &Plan{Image: documented(t, "x86_64", plainDisk, someRepository)}
	p.Image.Arch = "sparc64" // whose programs nothing here runs
	list := HostWarnings(p)
	if len(list) == 0 || !strings.HasPrefix(list[len(list)-1], "build for sparc64: ") {
		t.Errorf("told: %q", list)
	}
	if err := (&builder{plan: p}).fetch(t.Context()); fault.Of(err) != fault.Capability {
		t.Errorf("a build: %v", err)
	}
	p.Bases = []Base{{}}
	if err := checkPrograms(p); err != nil {
		t.Errorf("with a base: %v", err)
	}
}
