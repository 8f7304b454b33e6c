package assembler

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/formats/oci"
	"github.com/fimg/fimg/tree"
	"github.com/fimg/fimg/tree/rootfs"
)

// databaseImage is a container with files of a package database.
func databaseImage(t *testing.T, files ...string) *oci.Image {
	t.Helper()
	m := tree.NewMem()
	m.MkdirAll(databaseDirs[0])
	for _, name := range files {
		n := tree.Node{Path: databaseDirs[0] + "/" + name, Mode: tree.TypeFile | 0o644}
		n.UID, n.GID = uint32(os.Getuid()), uint32(os.Getgid())
		m.Add(n, []byte(files[0]))
	}
	i, err := oci.Build(t.Context(), m, oci.Config{Name: "base", Arch: "x86_64", Created: time.Unix(1e9, 0)}, oci.Options{TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { i.Close() })
	return i
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

// The write-ahead log of one base's package database never meets the database of
// the next: SQLite would read the packages of the first.
func TestDatabasesOfBases(t *testing.T) {
	first := databaseImage(t, "rpmdb.sqlite", "rpmdb.sqlite-shm", "rpmdb.sqlite-wal", "other")
	second := databaseImage(t, "rpmdb.sqlite")
	dir := t.TempDir()
	root, err := rootfs.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for _, image := range []*oci.Image{first, second} {
		if err := copyDatabase(t.Context(), image, dir); err != nil {
			t.Fatal(err)
		}
		u := &baseUnpacker{root: root, ledger: new(tree.Ledger)}
		if err := image.Extract(t.Context(), u.put); err != nil {
			t.Fatal(err)
		}
		wal := image == first
		if got := names(t, filepath.Join(dir, "0")); slices.Contains(got, "rpmdb.sqlite-wal") != wal {
			t.Errorf("the plan reads %v", got)
		}
		got := names(t, filepath.Join(root.Dir(), databaseDirs[0]))
		if slices.Contains(got, "rpmdb.sqlite-wal") != wal || slices.Contains(got, "rpmdb.sqlite-shm") != wal ||
			!slices.Contains(got, "rpmdb.sqlite") || !slices.Contains(got, "other") {
			t.Errorf("the root has %v", got)
		}
	}
}

// A base that cannot be had is told with the line that asks for it.
func TestMissingBase(t *testing.T) {
	for _, ref := range []string{"docker://127.0.0.1:1/base:1", "file:///none#1"} {
		p := &Plan{Image: documented(t, "x86_64", `<type image="oci" derived_from="`+ref+`"><containerconfig name="c"/></type>`, someRepository)}
		_, err := p.findBases(t.Context(), reach{})
		if fault.Of(err) != fault.Repository || !strings.HasPrefix(err.Error(), "config.xml:2: open base container: ") {
			t.Errorf("%s: %v", ref, err)
		}
	}
}
