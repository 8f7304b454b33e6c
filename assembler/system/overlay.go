package system

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/fimg/fimg/description"
)

// applyOverlays copies the description's overlay directories over the tree. All
// files belong to root; existing directories take the overlay's mode, the root
// itself keeps its own.
func (s *System) applyOverlays(context.Context) error {
	for _, o := range s.Image.Overlays {
		var err error
		if o.Archive {
			err = s.unpackArchive(o.Path, ".")
		} else {
			err = s.copyOverlay(o.Path)
		}
		if err != nil {
			return fmt.Errorf("apply overlay %s: %w", o.Path, err)
		}
	}
	return nil
}

func (s *System) copyOverlay(dir string) error {
	files := s.Image.Files
	return fs.WalkDir(files, path.Clean(dir), func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target, inside := cutPrefix(name, path.Clean(dir))
		if !inside {
			return nil
		}
		return s.copyEntry(files, name, target, entry)
	})
}

// cutPrefix returns the path of name below dir.
func cutPrefix(name, dir string) (string, bool) {
	if name == dir {
		return "", false
	}
	if dir == "." {
		return name, true
	}
	return name[len(dir)+1:], true
}

func (s *System) copyEntry(files fs.FS, name, target string, entry fs.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	switch info.Mode().Type() {
	case fs.ModeDir:
		if err := s.Root.MkdirAll(target, info.Mode().Perm()); err != nil {
			return err
		}
		return s.Root.Chmod(target, unixMode(info.Mode()))
	case fs.ModeSymlink:
		link, err := fs.ReadLink(files, name)
		if err != nil {
			return err
		}
		return s.Root.Symlink(link, target)
	case 0:
		return s.copyFile(files, name, target, info)
	}
	return nil
}

func (s *System) copyFile(files fs.FS, name, target string, info fs.FileInfo) error {
	in, err := files.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	return s.writeStream(target, in, info)
}

// writeStream replaces target by a new file with the content of in.
func (s *System) writeStream(target string, in io.Reader, info fs.FileInfo) error {
	if st, err := s.Root.Lstat(target); err == nil && st.Mode&0o170000 == 0o120000 {
		if err := s.Root.Remove(target); err != nil {
			return err
		}
	}
	out, err := s.Root.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, info.Mode().Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Chmod(info.Mode()), out.Close(), s.setTime(target, info.ModTime()))
}

func unixMode(m fs.FileMode) uint32 {
	bits := uint32(m.Perm())
	if m&fs.ModeSetuid != 0 {
		bits |= 0o4000
	}
	if m&fs.ModeSetgid != 0 {
		bits |= 0o2000
	}
	if m&fs.ModeSticky != 0 {
		bits |= 0o1000
	}
	return bits
}

// placeFiles puts <file> elements where they belong, image files before bootstrap
// files, with the owner and permissions asked for.
func (s *System) placeFiles(ctx context.Context) error {
	for _, list := range [][]description.File{s.Image.Packages.Image.Files, s.Image.Packages.Bootstrap.Files} {
		for _, f := range list {
			if err := s.placeFile(ctx, f); err != nil {
				return fmt.Errorf("%s: place file %s: %w", f.Source, f.Name, err)
			}
		}
	}
	return nil
}

func (s *System) placeFile(ctx context.Context, f description.File) error {
	target := path.Clean("/" + f.Target)
	if s.Root.IsDir(target) {
		target = path.Join(target, path.Base(f.Name))
	}
	if err := s.Root.MkdirAll(path.Dir(target), 0o755); err != nil {
		return err
	}
	if err := s.Root.Copy(copied(f), target); err != nil {
		return err
	}
	if f.Owner != "" {
		if err := s.run(ctx, "chown", f.Owner, target); err != nil {
			return err
		}
	}
	if f.Permissions != "" {
		return s.run(ctx, "chmod", f.Permissions, target)
	}
	return nil
}
