package rules

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
)

// exports are the files with export data of all packages, by import path.
func exports(t *testing.T) (files map[string]string, own []string) {
	t.Helper()
	cmd := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Export,Name,Standard", "./...")
	cmd.Dir = testtool.Root()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	files = map[string]string{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath, Export, Name string
			Standard                 bool
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return files, own
		} else if err != nil {
			t.Fatal(err)
		}
		files[p.ImportPath] = p.Export
		if strings.HasPrefix(p.ImportPath, module) && p.Name != "main" && !strings.Contains(p.ImportPath, "/internal/") {
			own = append(own, p.ImportPath)
		}
	}
}

// What a package exports can be named by programs of other modules: nothing in it is
// of a type from below internal.
func TestPublicTypes(t *testing.T) {
	files, own := exports(t)
	from := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) { return os.Open(files[path]) })
	for _, path := range own {
		p, err := from.Import(path)
		if err != nil {
			t.Fatal(err)
		}
		w := &hidden{seen: map[types.Type]bool{}}
		for _, name := range p.Scope().Names() {
			if o := p.Scope().Lookup(name); o.Exported() {
				w.object(path, o)
			}
		}
		slices.Sort(w.found)
		for _, f := range slices.Compact(w.found) {
			t.Error(f)
		}
	}
}

// hidden collects types that only this module can name.
type hidden struct {
	seen  map[types.Type]bool
	found []string
}

// object looks at a declaration of a package, and at the exported fields and methods
// of its own types.
func (w *hidden) object(path string, o types.Object) {
	where := strings.TrimPrefix(path, module) + "." + o.Name()
	w.look(where, o.Type())
	named, ok := types.Unalias(o.Type()).(*types.Named)
	if _, isType := o.(*types.TypeName); !isType || !ok {
		return
	}
	w.look(where, named.Underlying())
	for i := range named.NumMethods() {
		if m := named.Method(i); m.Exported() {
			w.look(where+"."+m.Name(), m.Type())
		}
	}
}

func (w *hidden) look(where string, t types.Type) {
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		if p := t.Obj().Pkg(); p != nil && strings.Contains(p.Path(), "/internal/") && strings.HasPrefix(p.Path(), module) {
			w.found = append(w.found, fmt.Sprintf("%s has %s, which other modules cannot name", where, strings.TrimPrefix(t.String(), module)))
		}
	case *types.Pointer:
		w.look(where, t.Elem())
	case *types.Slice:
		w.look(where, t.Elem())
	case *types.Array:
		w.look(where, t.Elem())
	case *types.Map:
		w.look(where, t.Key())
		w.look(where, t.Elem())
	case *types.Chan:
		w.look(where, t.Elem())
	case *types.Signature:
		for v := range t.Params().Variables() {
			w.look(where, v.Type())
		}
		for v := range t.Results().Variables() {
			w.look(where, v.Type())
		}
	case *types.Struct:
		for f := range t.Fields() {
			if f.Exported() {
				w.look(where+"."+f.Name(), f.Type())
			}
		}
	case *types.Interface:
		for m := range t.Methods() {
			w.look(where+"."+m.Name(), m.Type())
		}
	}
}
