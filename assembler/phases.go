package assembler

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/fimg/fimg/assembler/chroot"
	"github.com/fimg/fimg/assembler/install"
	"github.com/fimg/fimg/assembler/system"
	"github.com/fimg/fimg/bootloader/grub"
	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/partition"
	"github.com/fimg/fimg/seed"
	"github.com/fimg/fimg/tree"
)

// packageFile is a verified package on this machine.
type packageFile struct {
	path   string
	locked int // index in the lock
	cached bool
}

// install puts the packages into the root.
//
// kiwi needs two transactions, because the second runs the image's own dnf. Here
// both are one, unless the description wants something done in between.
func (b *builder) install(ctx context.Context) error {
	if err := b.unpackBases(ctx); err != nil {
		return err
	}
	if err := b.run.open(ctx); err != nil {
		return err
	}
	img := b.plan.Image
	var config bytes.Buffer
	if err := img.WriteXML(&config); err != nil {
		return err
	}
	if err := b.sys.CopyDescription(config.Bytes()); err != nil {
		return err
	}
	unmask, err := b.sys.MaskDracut(img)
	if err != nil {
		return err
	}
	if b.betweenPhases() {
		err = b.installInTwo(ctx)
	} else {
		err = b.transaction(ctx, b.items(""), &img.Packages.Bootstrap, &img.Packages.Image)
		if err == nil {
			err = b.sys.UnpackArchives(img.Packages.Image.Archives)
		}
	}
	if err != nil {
		return err
	}
	return unmask()
}

// betweenPhases tells whether anything happens between the two transactions.
func (b *builder) betweenPhases() bool {
	img := b.plan.Image
	return system.HasScript(img, "post_bootstrap.sh") || len(img.Packages.Bootstrap.Archives) > 0 || img.Certificates != nil
}

func (b *builder) installInTwo(ctx context.Context) error {
	img := b.plan.Image
	if err := b.transaction(ctx, b.items("bootstrap"), &img.Packages.Bootstrap); err != nil {
		return err
	}
	if err := b.sys.UnpackArchives(img.Packages.Bootstrap.Archives); err != nil {
		return err
	}
	if err := b.sys.RunScript(ctx, "post_bootstrap.sh"); err != nil {
		return err
	}
	if err := b.sys.TrustCertificates(ctx); err != nil {
		return err
	}
	if err := b.transaction(ctx, b.items("image"), &img.Packages.Image); err != nil {
		return err
	}
	return b.sys.UnpackArchives(img.Packages.Image.Archives)
}

// items are the packages of one phase, or of all, as the installer wants them.
func (b *builder) items(phase string) []install.Item {
	var list []install.Item
	for _, f := range b.files {
		p := &b.plan.Lock.Packages[f.locked]
		if phase == "" || p.Phase == phase {
			list = append(list, install.Item{Path: f.path, Repository: p.Repo, Reason: dnfReason(p.Reason)})
		}
	}
	return list
}

// transaction runs one rpm transaction on the root, for the packages of phases.
func (b *builder) transaction(ctx context.Context, items []install.Item, phases ...*description.Phase) error {
	img := b.plan.Image
	if len(items) == 0 {
		return nil
	}
	if chroot.SingleID() {
		b.warn("scriptlets", lostOwners)
	}
	opts := install.Options{
		Arch: img.Arch, Keys: b.keys, Level: b.level, NoDocs: img.Preferences.ExcludeDocs, Langs: installLangs(img),
		Time: b.plan.Epoch, Store: filepath.Join(b.cache, "store"), Jobs: b.opts.Jobs, Ledger: b.ledger,
		Env: b.run.env, Events: b.opts.Events, Log: b.opts.Log, ImportKeys: len(img.SigningKeys) > 0,
		Seed: b.seedOf("scriptlets"),
	}
	if b.keep == "" {
		opts.Handover = &b.handover
	}
	res, err := install.Run(ctx, b.root.Dir(), items, opts)
	if err == nil {
		b.recordInstall(res, "install", phases...)
	}
	return err
}

// installLangs is rpm's _install_langs as kiwi sets it.
func installLangs(img *description.Image) []string {
	if !img.Preferences.LocaleFiltering {
		return nil
	}
	langs := []string{"POSIX", "C", "C.UTF-8"}
	return append(langs, splitComma(img.Preferences.LocaleFirst)...)
}

// configure does what kiwi does between packages and image.
func (b *builder) configure(ctx context.Context) error {
	if err := b.sys.Configure(ctx); err != nil {
		return err
	}
	if err := b.removePackages(ctx); err != nil {
		return err
	}
	if err := b.writeDNFRecords(ctx); err != nil {
		return fmt.Errorf("write the records of the package manager: %w", err)
	}
	return b.sys.RunScript(ctx, "images.sh")
}

// removePackages erases what the plan takes away again: the uninstall list with
// scriptlets, the delete list by force and without.
func (b *builder) removePackages(ctx context.Context) error {
	remove := &b.plan.Lock.Remove
	for _, list := range []struct {
		names     []string
		noScripts bool
	}{{remove.Uninstall, false}, {remove.Delete, true}} {
		if len(list.names) == 0 {
			continue
		}
		opts := install.Options{Arch: b.plan.Image.Arch, Erase: installedNames(list.names), NoScripts: list.noScripts, Time: b.plan.Epoch,
			Ledger: b.ledger, Env: b.run.env, Events: b.opts.Events, Log: b.opts.Log, Seed: b.seedOf("scriptlets")}
		res, err := install.Run(ctx, b.root.Dir(), nil, opts)
		if err != nil {
			return fmt.Errorf("remove packages: %w", err)
		}
		if !list.noScripts { // by force it is rpm that removes, and dnf does not know
			b.recordRemoval(res)
		}
	}
	return nil
}

// installedNames writes NEVRAs as rpm does, without an epoch of zero.
func installedNames(nevras []string) []string {
	names := make([]string, len(nevras))
	for i, n := range nevras {
		names[i] = strings.Replace(n, "-0:", "-", 1)
	}
	return names
}

// writer collects what the disk is made from.
func (b *builder) writer() *diskWriter {
	s := b.plan.seed()
	return &diskWriter{img: b.plan.Image, root: b.root.Dir(), seed: s, ids: newIdentifiers(s, &b.plan.Image.Type),
		tree:  b.treeOptions(),
		epoch: b.plan.Epoch, jobs: b.opts.Jobs, events: b.opts.Events, boot: b.code}
}

// treeOptions say how writers see the root tree.
func (b *builder) treeOptions() tree.DirOptions {
	opts := tree.DirOptions{Ledger: b.ledger, Latest: b.plan.Epoch, Label: b.label}
	if !IsDisk(b.plan.Image) { // archives and containers leave things out themselves
		return opts
	}
	opts.Exclude = b.excluded
	if b.ready != nil {
		opts.Exclude = anyOf(system.OnlyAgain, b.excluded)
	}
	return opts
}

// bootloader installs the boot loader into the tree and makes the code that lies outside of
// file systems.
func (b *builder) bootloader(ctx context.Context) error {
	img := b.plan.Image
	switch img.Type.Bootloader.Name {
	case "custom":
		return nil
	case "zipl":
		return b.prepareZipl()
	}
	code, err := installGrub(ctx, b.root, img, b.writer().systemOf(b.plan.Layout), b.run.run)
	b.code = code
	if theme := img.Preferences.BootloaderTheme; theme != "" && err == nil && !grub.HasTheme(b.root, theme) {
		b.warn("bootloader-theme", "the image has no theme "+theme+" for grub; the menu is plain text")
	}
	return err
}

// editBootScript is the name scripts of the attribute editbootconfig get in the image.
const editBootScript = "edit_boot_config.sh"

// editBootConfig runs the script that changes what the boot loader finds. kiwi runs it
// on the host in the root directory: here that is / and the image's programs are used.
func (b *builder) editBootConfig(ctx context.Context) error {
	if !system.HasScript(b.plan.Image, editBootScript) {
		return nil
	}
	part, ok := b.plan.Layout.Find(partition.Boot)
	if !ok {
		part, _ = b.plan.Layout.Find(partition.Root)
	}
	return b.sys.RunScript(ctx, editBootScript, b.plan.Image.Type.Attr.Filesystem, strconv.Itoa(part.Number))
}

// finishTree ends everything that runs in the root and cleans it up.
func (b *builder) finishTree(ctx context.Context) error {
	if IsDisk(b.plan.Image) {
		if err := b.editBootConfig(ctx); err != nil {
			return err
		}
		for _, script := range []string{"pre_disk_sync.sh", "disk.sh"} {
			if err := b.sys.RunScript(ctx, script); err != nil {
				return err
			}
		}
	}
	if b.container() {
		if err := b.sys.SetUpContainer(); err != nil {
			return err
		}
	}
	if err := b.collectPackages(ctx); err != nil {
		return err
	}
	return b.clean(ctx)
}

// clean removes what only the build needed.
func (b *builder) clean(context.Context) error {
	if err := b.run.close(); err != nil {
		return err
	}
	var err error
	if b.excluded, err = b.sys.Excluded(); err != nil {
		return err
	}
	return b.sys.Clean(IsDisk(b.plan.Image))
}

// container tells whether the image is a container that builds on no other.
func (b *builder) container() bool {
	t := &b.plan.Image.Type
	return (t.Attr.Image == "oci" || t.Attr.Image == "docker") && len(t.DerivedFrom) == 0
}

// disk writes the raw disk into the work directory.
func (b *builder) disk(ctx context.Context) error {
	if err := b.loadLabels(); err != nil {
		return err
	}
	d := b.writer()
	if err := checkMountPoints(b.root, mounts(d.img, b.plan.Layout, d.ids, d.systemOf(b.plan.Layout))); err != nil {
		return err
	}
	layout, err := d.layout(ctx)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(b.work, "disk.raw"), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("make disk: %w", err)
	}
	b.raw = f
	if err := d.write(ctx, f, layout); err != nil {
		return err
	}
	return b.dropRoot(ctx)
}

func (b *builder) closeRaw() error {
	if b.raw == nil {
		return nil
	}
	raw := b.raw
	b.raw = nil
	return raw.Close()
}

// seedOf is the seed of one output.
func (b *builder) seedOf(name string) seed.Seed { return b.plan.seed().Sub(name) }
