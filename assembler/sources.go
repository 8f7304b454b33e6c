package assembler

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/fault"
)

// source is a file that a description names.
type source struct {
	kind, name string
	at         description.Source
}

// sourcesOf are the files a description names, in its directory or elsewhere.
func sourcesOf(img *description.Image) []source {
	var list []source
	p := &img.Packages
	for _, f := range slices.Concat(p.Bootstrap.Files, p.Image.Files) {
		list = append(list, source{"file", f.Name, f.Source})
	}
	for _, a := range slices.Concat(p.Bootstrap.Archives, p.Image.Archives) {
		list = append(list, source{"archive", a.Name, a.Source})
	}
	if c := img.Certificates; c != nil {
		for _, name := range c.Files {
			list = append(list, source{"certificate", name, c.Source})
		}
	}
	for _, v := range img.Type.Vagrant {
		if v.Vagrantfile != "" {
			list = append(list, source{"Vagrantfile", v.Vagrantfile, v.Source})
		}
	}
	return list
}

// checkSources finds out before the work begins whether the files that a description
// names are there.
func checkSources(img *description.Image) error {
	for _, s := range sourcesOf(img) {
		var info fs.FileInfo
		var err error
		if filepath.IsAbs(s.name) {
			info, err = os.Stat(s.name)
		} else {
			info, err = fs.Stat(img.Files, path.Clean(s.name))
		}
		if err == nil && !info.Mode().IsRegular() {
			err = fmt.Errorf("%s is no file", s.name)
		}
		if err != nil {
			return fault.New(fault.Description, fmt.Errorf("%s: find %s: %w", s.at, s.kind, err))
		}
	}
	return nil
}
