package install

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/tree/rootfs"
)

// handed is one package whose contents are to be moved out of a tree.
type handed struct {
	s   *stager
	j   *job
	key string
	dir string // of the contents, made when needed
	// packed are the places whose contents are in the package's file already, because
	// they are not put into the tree.
	packed map[int64]bool
	// loose is set when the contents were unpacked to files of dir, where those stay that
	// were not put into the tree.
	loose bool
}

// pack writes contents into the package's file that are not put into the tree.
func (p *handed) pack(_ *job, parts [][]byte) error {
	f, err := p.create()
	if err != nil {
		return err
	}
	defer f.Close()
	if err := p.j.writeParts(f, parts, func(i int) bool { return p.j.e.omitted[i] }); err != nil {
		return err
	}
	p.packed = p.omitted()
	return nil
}

// omitted are the places of contents that are not put into the tree.
func (p *handed) omitted() map[int64]bool {
	at := map[int64]bool{}
	for i := range p.j.e.omitted {
		at[p.j.places[i]] = true
	}
	return at
}

// unpackLoose unpacks a package that is too large for memory: to files that are moved
// into the tree.
func (p *handed) unpackLoose(ctx context.Context, st *staged) error {
	f, err := p.create()
	if err != nil {
		return err
	}
	defer f.Close()
	if st.loose, err = os.Open(p.dir); err != nil {
		return err
	}
	buf := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buf)
	packed := p.omitted()
	st.oddities, err = p.s.unpack(ctx, p.j, func(in io.Reader, at, size int64) error {
		if packed[at] || size == 0 {
			return copyAt(f, at, in, *buf)
		}
		out, err := os.OpenFile(filepath.Join(p.dir, placeName(at)), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		return errors.Join(copyAt(out, 0, in, *buf), out.Close())
	})
	p.packed, p.loose = packed, err == nil
	return err
}

// create opens the package's file, for writing, and makes its directory.
func (p *handed) create() (*os.File, error) {
	if err := os.Mkdir(p.dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	return os.OpenFile(filepath.Join(p.dir, storeSuffix), os.O_RDWR|os.O_CREATE, 0o600)
}

// placed tells whether the transaction came as far as this package.
func (p *handed) placed() bool { return p.j.e.num > 0 }

// store moves the contents and gives the package its name in the store.
func (p *handed) store(ctx context.Context, root *rootfs.Root) error {
	f, err := p.create()
	if err != nil {
		return err
	}
	defer f.Close()
	missing, moved, err := p.move(root)
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		if err := p.unpack(ctx, f, missing); err != nil {
			return err
		}
	}
	r := p.j.record()
	r.Moved = moved
	if err := p.s.seal(f, r); err != nil {
		return err
	}
	return nameKept(p.dir, filepath.Join(p.s.dir, p.key+movedSuffix))
}

// nameKept gives a directory its name. What has it already is kept when it is whole:
// another build was quicker.
func nameKept(dir, name string) error {
	err := os.Rename(dir, name)
	if err == nil || !errors.Is(err, unix.ENOTEMPTY) && !errors.Is(err, unix.EEXIST) {
		return err
	}
	if k, _, err := openKept(name); err == nil {
		k.close()
		return nil
	}
	if removeKept(name) {
		return os.Rename(dir, name)
	}
	return nil // in use
}

// move moves all contents out of the tree that are as they were put there. It returns
// the places of the others.
func (p *handed) move(root *rootfs.Root) (missing map[int64]bool, moved int, err error) {
	out, err := os.Open(p.dir)
	if err != nil {
		return nil, 0, err
	}
	defer out.Close()
	m := &mover{root: root, out: int(out.Fd()), algo: p.j.e.header.DigestAlgo()}
	defer m.close()
	missing = map[int64]bool{}
	for i := range p.j.e.files {
		at := p.j.places[i]
		if at >= 0 && p.j.e.files[i].Size > 0 && !p.packed[at] {
			missing[at] = true
		}
	}
	for at := range missing {
		var st unix.Stat_t
		if p.loose && unix.Fstatat(m.out, placeName(at), &st, unix.AT_SYMLINK_NOFOLLOW) == nil {
			delete(missing, at)
			moved++
		}
	}
	for i := range p.j.e.files {
		// An empty file has the place of the next one.
		if at := p.j.places[i]; p.j.e.files[i].Size > 0 && missing[at] && m.move(&p.j.e.files[i], &p.j.e.stamps[i], placeName(at)) {
			delete(missing, at)
			moved++
		}
	}
	return missing, moved, nil
}

// unpack writes contents into the package's file that the tree has no more.
func (p *handed) unpack(ctx context.Context, f *os.File, missing map[int64]bool) error {
	j := *p.j
	j.places = make([]int64, len(p.j.places))
	for i, at := range p.j.places {
		if j.places[i] = at; !missing[at] {
			j.places[i] = -1
		}
	}
	buf := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buf)
	_, err := p.s.unpack(ctx, &j, func(in io.Reader, at, _ int64) error { return copyAt(f, at, in, *buf) })
	return err
}
