// Package rules holds the project to its own architecture: which room may know
// which, and what a light room may pull in.
package rules

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
)

const module = "github.com/fimg/fimg/"

type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
	Standard   bool
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Imports,Deps,Standard", "./...")
	cmd.Dir = testtool.Root()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var list []pkg
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}

// room is the first element of a package's path in the module.
func room(path string) string {
	rest, ok := strings.CutPrefix(path, module)
	if !ok {
		return ""
	}
	top, _, _ := strings.Cut(rest, "/")
	return top
}

func under(path string, dirs ...string) bool {
	return slices.ContainsFunc(dirs, func(d string) bool {
		return path == module+d || strings.HasPrefix(path, module+d+"/")
	})
}

// The rooms below the assembler do not know one another, and what they have in common
// knows none of them; nothing but commands and benchmarks knows the assembler.
func TestRooms(t *testing.T) {
	rooms := []string{"description", "repo", "partition", "bootloader", "formats"}
	common := []string{"tree", "seed", "event", "fault", "internal"}
	for _, p := range packages(t) {
		for _, i := range p.Imports {
			from, to := room(p.ImportPath), room(i)
			switch {
			case from == to || to == "" || from == "":
			case slices.Contains(rooms, from) && !slices.Contains(common, to):
				t.Errorf("%s imports %s", p.ImportPath, i)
			case slices.Contains(common, from) && !under(p.ImportPath, "internal/e2e", "internal/rpmtest") && !slices.Contains(common, to):
				t.Errorf("%s imports %s", p.ImportPath, i)
			case from == "assembler" && (to == "cmd" || to == "bench"):
				t.Errorf("%s imports %s", p.ImportPath, i)
			}
		}
	}
}

// Within the assembler the parts know what DESIGN lets them know.
func TestAssemblerParts(t *testing.T) {
	forbidden := map[string][]string{
		"assembler/chroot":   {"repo", "description", "partition", "formats", "bootloader"},
		"assembler/install":  {"description", "partition", "formats", "bootloader"},
		"assembler/system":   {"repo", "partition", "formats", "bootloader"},
		"assembler/manifest": {"description", "partition", "formats", "bootloader", "repo"},
		"repo/solve":         {"repo/fetch", "repo/cache"},
		"repo/rpm":           {"repo/fetch", "repo/cache", "repo/solve"},
	}
	for _, p := range packages(t) {
		for part, banned := range forbidden {
			if !under(p.ImportPath, part) {
				continue
			}
			for _, i := range p.Imports {
				if under(i, banned...) {
					t.Errorf("%s imports %s", p.ImportPath, i)
				}
			}
		}
	}
}

// A program that only reads descriptions or lays out disks pays for nothing else.
func TestLightRooms(t *testing.T) {
	allowed := []string{"github.com/beevik/etree", "golang.org/x/sys", "golang.org/x/sync", "github.com/klauspost/compress",
		"golang.org/x/crypto", "github.com/cespare/xxhash"}
	for _, p := range packages(t) {
		if p.ImportPath != module+"description" && p.ImportPath != module+"partition" && p.ImportPath != module+"bootloader" {
			continue
		}
		for _, d := range p.Deps {
			external := strings.Contains(strings.SplitN(d, "/", 2)[0], ".") && !strings.HasPrefix(d, module)
			light := slices.ContainsFunc(allowed, func(a string) bool { return strings.HasPrefix(d, a) })
			vendored := strings.HasPrefix(d, "vendor/")
			if external && !light && !vendored {
				t.Errorf("%s pulls in %s", p.ImportPath, d)
			}
		}
	}
}

// Programs are run by assembler/chroot alone; commands, tests and the tool that
// makes the demonstration repository may run tools of the host.
func TestWhoExecutes(t *testing.T) {
	for _, p := range packages(t) {
		if room(p.ImportPath) == "" || !slices.Contains(p.Imports, "os/exec") {
			continue
		}
		if !under(p.ImportPath, "assembler/chroot", "cmd", "bench", "internal/testtool", "internal/minidistro", "internal/e2e") {
			t.Errorf("%s imports os/exec", p.ImportPath)
		}
	}
}
