package system

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/tree/inroot"
)

// functions is the shell library that description scripts may source as
// /.kconfig: our own words for the functions kiwi documents.
//
//go:embed functions.sh
var functions []byte

// hidden are variables of /.profile that kiwi does not export to scripts.
var hidden = []string{"kiwi_align", "kiwi_sectorsize", "kiwi_revision"}

// CopyDescription puts the description, its scripts and the shell library where
// scripts expect them: /image and /.kconfig.
func (s *System) CopyDescription(config []byte) error {
	if err := s.Root.MkdirAll("image", 0o755); err != nil {
		return fmt.Errorf("copy description: %w", err)
	}
	if err := s.Root.WriteFile("image/config.xml", config, 0o644); err != nil {
		return fmt.Errorf("copy description: %w", err)
	}
	for _, script := range s.Image.Scripts {
		data, err := s.readFile(script.Path)
		if err != nil {
			return fmt.Errorf("copy script %s: %w", script.Path, err)
		}
		if err := s.Root.WriteFile(path.Join("image", script.Name), data, 0o755); err != nil {
			return fmt.Errorf("copy script %s: %w", script.Name, err)
		}
	}
	if len(s.Image.Scripts) > 0 {
		if err := s.Root.WriteFile(".kconfig", functions, 0o644); err != nil {
			return fmt.Errorf("copy script functions: %w", err)
		}
	}
	return s.copyFiles()
}

// readFile reads a file of the description, or one named by an absolute path.
func (s *System) readFile(name string) ([]byte, error) {
	if filepath.IsAbs(name) {
		return os.ReadFile(name)
	}
	return fs.ReadFile(s.Image.Files, path.Clean(name))
}

// copyFiles copies the files of <file> elements into /image, where a script may look
// at them before they are placed, and for scripts the archives as well.
func (s *System) copyFiles() error {
	for _, f := range slices.Concat(s.Image.Packages.Bootstrap.Files, s.Image.Packages.Image.Files) {
		if err := s.copySource(f.Name, copied(f)); err != nil {
			return fmt.Errorf("%s: copy file %s: %w", f.Source, f.Name, err)
		}
	}
	if len(s.Image.Scripts) == 0 {
		return nil
	}
	for _, a := range slices.Concat(s.Image.Packages.Bootstrap.Archives, s.Image.Packages.Image.Archives) {
		if err := s.copySource(a.Name, path.Join("image", path.Base(a.Name))); err != nil {
			return fmt.Errorf("%s: copy archive %s: %w", a.Source, a.Name, err)
		}
	}
	return nil
}

// copied is where a file of the description lies until it is placed.
func copied(f description.File) string { return path.Join("image", path.Clean("/"+f.Name)) }

// copySource copies one file of the description with its permissions, but for what
// root's umask takes away.
func (s *System) copySource(name, to string) error {
	in, err := s.open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	mode := fs.FileMode(0o644)
	if info, err := in.Stat(); err == nil && info.Mode().Perm() != 0 { // not every fs.FS has permissions
		mode = info.Mode().Perm() &^ 0o022
	}
	if err := s.Root.MkdirAll(path.Dir(to), 0o755); err != nil {
		return err
	}
	out, err := s.Root.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Chmod(mode), out.Close())
}

// RunScript runs a standard script of the description inside the root when there
// is one, with arguments.
func (s *System) RunScript(ctx context.Context, name string, args ...string) error {
	if _, ok := s.Image.Script(name); !ok {
		return nil
	}
	defer s.Events.Begin(name)()
	cmd := inroot.Command{
		Args:    []string{"/bin/bash", "/image/" + name},
		Env:     s.scriptEnvironment(),
		Subject: name,
	}
	if text, err := s.Root.ReadFile("image/" + name); err == nil && len(text) > 2 && text[0] == '#' && text[1] == '!' {
		cmd.Args = cmd.Args[1:]
	}
	cmd.Args = append(cmd.Args, args...)
	if err := s.Run(ctx, cmd); err != nil {
		return fmt.Errorf("run %s: %w", name, err)
	}
	return nil
}

func (s *System) scriptEnvironment() []string {
	env := []string{"LANG=C", "LC_ALL=C"}
	for _, v := range s.Image.Environment {
		if !slices.Contains(hidden, v.Name) {
			env = append(env, v.Name+"="+v.Value)
		}
	}
	return append(env, s.Environment...)
}

// HasScript tells whether any of the named scripts is part of the description.
func HasScript(img *description.Image, names ...string) bool {
	for _, n := range names {
		if _, ok := img.Script(n); ok {
			return true
		}
	}
	return false
}

var errNoTarget = errors.New("target is outside the image")
