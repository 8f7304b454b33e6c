package assembler

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"

	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/assembler/install/rpmdb"
	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/tree"
	"github.com/fimg/fimg/tree/rootfs"
)

// unpackBases puts the containers that the image builds on into the root, each
// over those before it.
func (b *builder) unpackBases(ctx context.Context) error {
	for _, want := range b.plan.Bases {
		if err := b.closeBase(); err != nil {
			return err
		}
		if err := b.unpackBase(ctx, want); err != nil {
			return err
		}
	}
	return nil
}

// unpackBase unpacks one of them, which stays open: the layer of the image comes
// on top of the last.
func (b *builder) unpackBase(ctx context.Context, want Base) error {
	if err := b.openBase(ctx, want); err != nil {
		return err
	}
	u := &baseUnpacker{root: b.root, ledger: b.ledger}
	if err := b.base.Extract(ctx, u.put); err != nil {
		return fmt.Errorf("unpack base container: %w", err)
	}
	return u.finish()
}

// openBase opens a base, which must be the one of the plan, and keeps it until the
// build ends.
func (b *builder) openBase(ctx context.Context, want Base) error {
	image, err := openBase(ctx, want.Reference, b.plan.Image.Arch, reach{b.opts.Offline, b.opts.InsecureRegistries, b.opts.Proxy})
	if err != nil {
		return err
	}
	b.base = image
	if got, err := baseDigest(image); err != nil || got != want.Digest {
		return errors.Join(err, fault.New(fault.Signature, fmt.Errorf("open base container: %s is %s, the plan names %s", want.Reference, got, want.Digest)))
	}
	if err := image.Spool(ctx, b.work); err != nil {
		return baseFault(err)
	}
	return nil
}

func (b *builder) closeBase() error {
	if b.base == nil {
		return nil
	}
	base := b.base
	b.base = nil
	return base.Close()
}

// baseUnpacker makes paths in a root. What the kernel refuses goes to the ledger.
type baseUnpacker struct {
	root      *rootfs.Root
	ledger    *tree.Ledger
	dirs      []tree.Node // whose times are set at the end
	databases [len(databaseDirs)]bool
}

func (u *baseUnpacker) put(n *tree.Node, link string, content io.Reader) error {
	if at := databaseAt(n.Path); at >= 0 && !u.databases[at] {
		u.databases[at] = true
		if err := u.dropDatabase(databaseDirs[at]); err != nil {
			return err
		}
	}
	if err := u.make(n, link, content); err != nil || link != "" {
		return err
	}
	if n.IsDir() {
		u.dirs = append(u.dirs, *n)
	}
	return u.meta(n)
}

// dropDatabase removes the package database that an earlier base left in a
// directory, before this base's own comes: SQLite would apply an old write-ahead
// log to a new database.
func (u *baseUnpacker) dropDatabase(dir string) error {
	for _, suffix := range []string{"", "-shm", "-wal"} {
		name := path.Join(dir, rpmdb.FileName+suffix)
		if !u.root.Exists(name) {
			continue
		}
		if err := u.root.RemoveAll(name); err != nil {
			return err
		}
		u.ledger.Delete(name)
	}
	return nil
}

// finish sets the times of directories, which making their content changed.
func (u *baseUnpacker) finish() error {
	for i := range u.dirs {
		if err := u.meta(&u.dirs[i]); err != nil {
			return fmt.Errorf("unpack base container: %w", err)
		}
	}
	return nil
}

func (u *baseUnpacker) make(n *tree.Node, link string, content io.Reader) error {
	if err := u.root.MkdirAll(path.Dir(n.Path), 0o755); err != nil {
		return err
	}
	u.ledger.Delete(n.Path) // of what an earlier base had here
	if n.IsDir() {
		return u.mkdir(n.Path)
	}
	if err := u.root.RemoveAll(n.Path); err != nil {
		return err
	}
	if link != "" {
		return u.root.Link(link, n.Path)
	}
	switch n.Type() {
	case tree.TypeLink:
		return u.root.Symlink(n.Target, n.Path)
	case tree.TypeFile:
		return u.file(n.Path, content)
	}
	err := u.root.Mknod(n.Path, n.Mode&unix.S_IFMT, n.Major, n.Minor)
	if errors.Is(err, unix.EPERM) {
		u.ledger.Update(n.Path, func(e *tree.Entry) { e.Mode, e.Major, e.Minor = n.Mode, n.Major, n.Minor })
		return u.file(n.Path, nil)
	}
	return err
}

// mkdir makes a directory in the place of whatever else is there.
func (u *baseUnpacker) mkdir(name string) error {
	if st, err := u.root.Lstat(name); err == nil && st.Mode&unix.S_IFMT != unix.S_IFDIR {
		if err := u.root.Remove(name); err != nil {
			return err
		}
	}
	return u.root.MkdirAll(name, 0o755)
}

func (u *baseUnpacker) file(name string, content io.Reader) error {
	f, err := u.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if content != nil {
		_, err = io.Copy(f, content)
	}
	return errors.Join(err, f.Close())
}

// meta sets owner, mode, extended attributes and time.
func (u *baseUnpacker) meta(n *tree.Node) error {
	err := u.root.Lchown(n.Path, int(n.UID), int(n.GID))
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EINVAL) {
		u.ledger.Update(n.Path, func(e *tree.Entry) { e.Owner = &tree.Owner{UID: n.UID, GID: n.GID} })
		err = nil
	}
	if err == nil && n.Type() != tree.TypeLink {
		err = u.root.Chmod(n.Path, n.Mode&0o7777)
	}
	if err != nil {
		return err
	}
	for _, x := range n.Xattrs {
		if err := u.root.Lsetxattr(n.Path, x.Name, x.Value); err != nil {
			u.ledger.Update(n.Path, func(e *tree.Entry) { e.Xattrs = append(e.Xattrs, x) })
		}
	}
	return u.root.Lchtime(n.Path, n.MTime)
}
