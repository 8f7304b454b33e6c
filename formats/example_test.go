package formats_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/fimg/fimg/formats"
	"github.com/fimg/fimg/formats/disk"
)

// One reading of a raw disk gives any number of formats, each of which appears when
// it is whole.
func ExampleWrite() {
	dir, err := os.MkdirTemp("", "formats")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	raw, err := os.Create(filepath.Join(dir, "disk.raw"))
	if err != nil {
		log.Fatal(err)
	}
	defer raw.Close()
	if err := raw.Truncate(1 << 30); err != nil { // a hole, which costs nothing
		log.Fatal(err)
	}
	source, err := disk.File(raw)
	if err != nil {
		log.Fatal(err)
	}
	var outputs []formats.Output
	for _, name := range []string{"qcow2", "vhd-fixed"} {
		format, err := formats.Lookup(name)
		if err != nil {
			log.Fatal(err)
		}
		outputs = append(outputs, formats.Output{Format: format, Path: filepath.Join(dir, "disk."+name)})
	}
	files, err := formats.Write(context.Background(), source, outputs, formats.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range files {
		fmt.Println(filepath.Base(f.Path), f.Size)
	}
	// Output:
	// disk.qcow2 262144
	// disk.vhd-fixed 1073996288
}
