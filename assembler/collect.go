package assembler

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/fimg/fimg/assembler/chroot"
	"github.com/fimg/fimg/assembler/install/rpmdb"
	"github.com/fimg/fimg/assembler/manifest"
	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/formats/vmdk"
	"github.com/fimg/fimg/repo/rpm"
)

// tagDistURL is RPMTAG_DISTURL, where the sources of a build are kept.
const tagDistURL rpm.Tag = 1123

// databaseDirs are where an image may keep its rpm database, the newest place
// first.
var databaseDirs = [...]string{"usr/lib/sysimage/rpm", "var/lib/rpm"}

// collectPackages reads what is installed and has the image's rpm verify it.
func (b *builder) collectPackages(ctx context.Context) error {
	var headers []*rpm.Header
	for _, dir := range databaseDirs {
		if !b.root.Exists(dir + "/rpmdb.sqlite") {
			continue
		}
		list, err := rpmdb.List(ctx, b.root.Dir()+"/"+dir)
		if err != nil {
			return fmt.Errorf("list packages: %w", err)
		}
		for _, p := range list {
			b.installed = append(b.installed, manifestPackage(p.Header))
			headers = append(headers, p.Header)
		}
		break
	}
	manifest.AddChecksums(b.installed, b.plan.Lock)
	return b.verify(ctx, headers)
}

// verify runs rpm -Va, whose findings are a result and no failure.
func (b *builder) verify(ctx context.Context, installed []*rpm.Header) error {
	program, ok := b.root.Program("rpm")
	if !ok {
		return nil
	}
	if err := b.run.open(ctx); err != nil {
		return err
	}
	var out bytes.Buffer
	_, err := b.run.session.Run(ctx, chroot.Command{Path: program, Args: []string{"-Va"}, Env: append(chroot.DefaultEnv(), b.run.env...), Stdout: &out})
	var exit *chroot.ExitError
	if err != nil && !errors.As(err, &exit) {
		return fmt.Errorf("verify packages: %w", err)
	}
	report, err := newVerifyReport(b.root, b.ledger, installed, out.Bytes())
	if err != nil {
		return err
	}
	b.verified = report.correct(out.Bytes())
	return nil
}

func manifestPackage(h *rpm.Header) manifest.Package {
	id := h.Identity()
	p := manifest.Package{Name: id.Name, Version: id.Version, Release: id.Release, Arch: id.Arch,
		DistURL: h.String(tagDistURL), License: h.String(rpm.TagLicense), Vendor: h.String(rpm.TagVendor),
		SourceRPM: h.String(rpm.TagSourceRPM), URL: h.String(rpm.TagURL), Summary: h.String(rpm.TagSummary)}
	if n, ok := h.Number(rpm.TagEpoch); ok {
		epoch := int64(n)
		p.Epoch = &epoch
	}
	times := h.Uint32s(rpm.TagChangelogTime)
	names, texts := h.Strings(rpm.TagChangelogName), h.Strings(rpm.TagChangelogText)
	for i := range min(len(times), len(names), len(texts)) {
		p.Changelog = append(p.Changelog, manifest.Change{Time: time.Unix(int64(times[i]), 0), Author: names[i], Text: texts[i]})
	}
	return p
}

// dnfReason is dnf's word for why a package is installed.
func dnfReason(reason string) string {
	word, _, _ := strings.Cut(reason, ":")
	switch word {
	case "dependency", "update":
		return "dependency"
	case "weak":
		return "weak-dependency"
	case "group":
		return "group"
	}
	return "user"
}

// machine maps the description's machine section.
func machine(m *description.Machine) vmdk.Machine {
	v := vmdk.Machine{GuestOS: m.GuestOS, MemoryMiB: int(m.Memory.Or(0)), CPUs: int(m.NCPUs.Or(0)), Entries: m.Config}
	if m.HWVersion.Set() {
		v.HWVersion = strconv.FormatInt(m.HWVersion.Or(0), 10)
	}
	if m.Disk != nil {
		v.Controller, v.DiskID = m.Disk.Controller, int(m.Disk.ID.Or(0))
	}
	if m.DVD != nil {
		v.CDROM, v.CDROMID = m.DVD.Controller, int(m.DVD.ID.Or(0))
	}
	for _, n := range m.NICs {
		v.NICs = append(v.NICs, vmdk.NIC{Interface: n.Interface, Driver: n.Driver, MAC: n.MAC, Mode: n.Mode})
	}
	return v
}
