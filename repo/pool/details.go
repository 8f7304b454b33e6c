package pool

import (
	"encoding/binary"

	"github.com/fimg/fimg/repo/repodata"
)

// Details is what is known of a package beyond its dependencies.
type Details struct {
	ChecksumType, Checksum string // of the package file: "sha256" and hexadecimal digits
	Location, Base         string // path below the repository; a URL that replaces the repository's, usually empty
	SourceRPM              string
	License, Summary       string
	PackageSize            uint64 // bytes of the package file
	InstalledSize          uint64 // bytes of its files
	BuildTime              uint64 // seconds since 1970
	HeaderStart, HeaderEnd uint64 // byte range of the main header in the package file
}

// texts and numbers fix the order of the fields in an index.
func (d *Details) texts() []*string {
	return []*string{&d.ChecksumType, &d.Checksum, &d.Location, &d.Base, &d.SourceRPM, &d.License, &d.Summary}
}

func (d *Details) numbers() []*uint64 {
	return []*uint64{&d.PackageSize, &d.InstalledSize, &d.BuildTime, &d.HeaderStart, &d.HeaderEnd}
}

// addDetails appends the details of a package: the texts with their lengths,
// then the numbers, all as varints.
func (b *Builder) addDetails(p *repodata.Package) {
	out := b.details
	for _, s := range [...][]byte{p.ChecksumType, p.Checksum, p.Location, p.Base, p.SourceRPM, p.License, p.Summary} {
		out = binary.AppendUvarint(out, uint64(len(s)))
		out = append(out, s...)
	}
	for _, n := range [...]uint64{p.PackageSize, p.InstalledSize, p.BuildTime, p.HeaderStart, p.HeaderEnd} {
		out = binary.AppendUvarint(out, n)
	}
	b.details = out
	b.detEnd = append(b.detEnd, uint32(len(out)))
}

// decodeDetails is the opposite of addDetails; what is missing stays zero.
func decodeDetails(raw []byte) (d Details) {
	for _, s := range d.texts() {
		n, w := binary.Uvarint(raw)
		if w <= 0 || n > uint64(len(raw)-w) {
			return d
		}
		*s = string(raw[w : w+int(n)])
		raw = raw[w+int(n):]
	}
	for _, n := range d.numbers() {
		v, w := binary.Uvarint(raw)
		if w <= 0 {
			return d
		}
		*n = v
		raw = raw[w:]
	}
	return d
}

// Details returns what is known of package number pkg of the index.
func (x *Index) Details(pkg int) Details {
	var start uint32
	if pkg > 0 {
		start = x.detEnd[pkg-1]
	}
	return decodeDetails(x.details[start:x.detEnd[pkg]])
}
