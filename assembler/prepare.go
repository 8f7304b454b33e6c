package assembler

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/fimg/fimg/assembler/manifest"
	"github.com/fimg/fimg/tree"
	"github.com/fimg/fimg/tree/rootfs"
)

// Prepared is the record that Prepare leaves in a root tree, beside the description
// as it was resolved: with both the rest of the build can be planned again.
type Prepared struct {
	Version  int            `json:"version"`
	Profiles []string       `json:"profiles"`
	Type     string         `json:"type"` // of the image
	Arch     string         `json:"arch"`
	Epoch    time.Time      `json:"epoch"`
	Seed     string         `json:"seed,omitempty"` // the user's own word
	Lock     *manifest.Lock `json:"lock"`
}

const (
	preparedVersion = 1
	// DescriptionDir is where a prepared root tree has its description.
	DescriptionDir = "image"
	preparedFile   = DescriptionDir + "/fimg-prepared.json"
	ledgerFile     = DescriptionDir + "/fimg-ledger.json"
	// maxPrepared bounds record and ledger, in bytes.
	maxPrepared = 256 << 20
)

// Prepare carries out the first half of a plan, up to a root tree in which all
// packages are installed and configured (kiwi's "system prepare"). Root must not
// exist, or be empty, or be an earlier prepared tree if replace is set. It appears
// when it is whole. Of opts, TargetDir is not used.
func Prepare(ctx context.Context, plan *Plan, root string, replace bool, opts BuildOptions) (*Result, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("prepare root: %w", err)
	}
	if err := canPrepare(root, replace); err != nil {
		return nil, err
	}
	opts.TargetDir, opts.WorkDir, opts.KeepRoot = filepath.Dir(root), "", false
	b := newBuilder(plan, opts)
	b.keep = root
	return b.carryOut(ctx, b.treeSteps, func() []step { return []step{{"record", b.record}} })
}

// canPrepare refuses to replace what no Prepare has made.
func canPrepare(root string, replace bool) error {
	entries, err := os.ReadDir(root)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && len(entries) == 0:
		return nil
	case err != nil:
		return fmt.Errorf("prepare root: %w", err)
	case !replace:
		return usage("prepare root: %s exists", root)
	}
	if _, err := ReadPrepared(root); err != nil {
		return fmt.Errorf("replace root: %w", err)
	}
	return nil
}

// record ends what runs in the root and writes what Create needs.
func (b *builder) record(context.Context) error {
	if err := b.run.close(); err != nil {
		return err
	}
	img := b.plan.Image
	data, err := json.MarshalIndent(Prepared{preparedVersion, img.Profiles, img.Type.Attr.Image, img.Arch, b.plan.Epoch, b.plan.Seed, b.plan.Lock}, "", " ")
	if err != nil {
		return fmt.Errorf("record prepared tree: %w", err)
	}
	var ledger bytes.Buffer
	if _, err := b.ledger.WriteTo(&ledger); err != nil {
		return fmt.Errorf("record prepared tree: %w", err)
	}
	files := map[string][]byte{preparedFile: append(data, '\n'), ledgerFile: ledger.Bytes()}
	for _, v := range img.Type.Vagrant {
		if v.Vagrantfile != "" {
			if files[path.Join(DescriptionDir, v.Vagrantfile)], err = fs.ReadFile(img.Files, v.Vagrantfile); err != nil {
				return fmt.Errorf("record prepared tree: %w", err)
			}
		}
	}
	for name, data := range files {
		if err := b.root.MkdirAll(path.Dir(name), 0o755); err != nil {
			return fmt.Errorf("record prepared tree: %w", err)
		}
		if err := b.root.WriteFile(name, data, 0o644); err != nil {
			return fmt.Errorf("record prepared tree: %w", err)
		}
	}
	return nil
}

// ReadPrepared returns the record of a root tree that Prepare made; of any other the
// error is one of usage.
func ReadPrepared(root string) (*Prepared, error) {
	p := &Prepared{}
	err := readIn(root, preparedFile, func(r io.Reader) error {
		dec := json.NewDecoder(r)
		dec.DisallowUnknownFields()
		return dec.Decode(p)
	})
	if err == nil && (p.Version != preparedVersion || p.Lock == nil) {
		err = fmt.Errorf("form %d of the record is not known here, want %d", p.Version, preparedVersion)
	}
	if err == nil {
		err = p.Lock.Check()
		p.Lock.Asked = nil // the tree has it, and with it the description
	}
	if err != nil {
		return nil, usage("%s is no root tree that was prepared: %v", root, err)
	}
	return p, nil
}

// readIn reads a file of a root tree, whatever links the tree has.
func readIn(dir, name string, read func(io.Reader) error) error {
	root, err := rootfs.Open(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	f, err := root.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	return read(io.LimitReader(f, maxPrepared))
}

// Create carries out the second half of a plan on a root tree that Prepare made
// (kiwi's "system create"). The plan comes from the description in the tree and its
// record's lock, epoch and seed. The tree is used in place and stays, so that
// other images can be made of it; results are those of Build. Of opts, WorkDir,
// PrivateMounts and KeepRoot are not used.
func Create(ctx context.Context, plan *Plan, root string, opts BuildOptions) (*Result, error) {
	opts.WorkDir, opts.PrivateMounts, opts.KeepRoot = "", false, false
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("open prepared tree: %w", err)
	}
	b := newBuilder(plan, opts)
	if b.ready, err = ReadPrepared(root); err != nil {
		return nil, err
	}
	lock, err := lockDir(root)
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	err = readIn(root, ledgerFile, func(r io.Reader) error {
		b.ledger, err = tree.ReadLedger(r)
		return err
	})
	if err != nil {
		return nil, usage("read prepared tree: %v", err)
	}
	b.rootDir = root
	return b.carryOut(ctx, b.baseSteps, b.imageSteps, b.resultSteps)
}

// baseSteps fetch the container below, whose layers go into the image as they are.
func (b *builder) baseSteps() []step {
	if len(b.plan.Bases) == 0 {
		return nil
	}
	return []step{{"download", func(ctx context.Context) error { return b.openBase(ctx, b.plan.Bases[len(b.plan.Bases)-1]) }}}
}
