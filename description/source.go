package description

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// files gives access to a description: a directory of the machine or an fs.FS.
type files struct {
	dir  string // absolute; empty with an fs.FS
	fsys fs.FS
	read int64 // bytes so far
}

func openFiles(opt Options) (*files, error) {
	if opt.FS != nil {
		return &files{fsys: opt.FS}, nil
	}
	dir := opt.Dir
	if dir == "" {
		dir = "."
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find description directory: %w", err)
	}
	return &files{dir: abs, fsys: os.DirFS(abs)}, nil
}

// locate turns a path as a description writes it into one that load takes:
// absolute, or relative to the description directory and slash-separated.
func (f *files) locate(name, base string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join(base, name)
}

// workingPath is a path relative to the working directory; an fs.FS has none.
func (f *files) workingPath(name string) string {
	if full, err := filepath.Abs(filepath.FromSlash(name)); f.dir != "" && err == nil {
		return filepath.ToSlash(full)
	}
	return f.locate(name, "")
}

func (f *files) open(name string) (fs.File, error) {
	switch {
	case f.dir == "":
		return f.fsys.Open(strings.TrimPrefix(path.Clean(name), "/"))
	case path.IsAbs(name):
		return os.Open(name)
	}
	return os.Open(filepath.Join(f.dir, filepath.FromSlash(name)))
}

// load reads one file of at most maxFile bytes.
func (f *files) load(name string) ([]byte, error) {
	file, err := f.open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, err
	}
	if f.read += int64(len(data)); f.read > maxTotal {
		return nil, fmt.Errorf("more than %d bytes in all files", maxTotal)
	}
	return data, nil
}

func (f *files) stat(name string) (fs.FileInfo, error) {
	file, err := f.open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return file.Stat()
}

func (f *files) exists(name string) bool {
	_, err := f.stat(name)
	return err == nil
}

func (f *files) isDir(name string) bool {
	info, err := f.stat(name)
	return err == nil && info.IsDir()
}

// mainFile finds the description as kiwi does: the given name, config.xml,
// image/config.xml, or the first *.kiwi file.
func (f *files) mainFile(given string) (string, error) {
	if given != "" {
		name := f.locate(filepath.ToSlash(given), "")
		if !f.exists(name) {
			return "", f.missing("file " + given + " does not exist")
		}
		return name, nil
	}
	for _, name := range []string{"config.xml", "image/config.xml"} {
		if f.exists(name) {
			return name, nil
		}
	}
	found, err := fs.Glob(f.fsys, "*.kiwi")
	if err != nil || len(found) == 0 {
		return "", f.missing("no config.xml, image/config.xml or *.kiwi file")
	}
	return slices.Min(found), nil
}

func (f *files) missing(text string) error {
	name := f.dir
	if name == "" {
		name = "description"
	}
	return invalid([]Mistake{{File: name, Text: text, cause: NoFile}})
}

// real resolves symbolic links of a path below the description directory and
// returns it absolute; with an fs.FS it is only joined.
func (f *files) real(name string) string {
	full := f.locate(name, f.dir)
	if f.dir == "" {
		return full
	}
	return realPath(full)
}

// realPath resolves links as far as the path exists.
func realPath(full string) string {
	if p, err := filepath.EvalSymlinks(full); err == nil {
		return p
	}
	parent := filepath.Dir(full)
	if parent == full {
		return full
	}
	return filepath.Join(realPath(parent), filepath.Base(full))
}
