package rpm

import "fmt"

// moved maps a tag of the signature header to the one it gets when rpm merges
// it into the header of an installed package. Count is how many elements it must
// have; quirk marks tags that old packages may have in the main header instead.
type moved struct {
	from, to Tag
	count    int
	quirk    bool
}

var movedTags = [...]moved{
	{SigSize, TagSigSize, 1, false},
	{SigPGP, TagSigPGP, 0, false},
	{SigMD5, TagSigMD5, 16, false},
	{SigGPG, TagSigGPG, 0, false},
	{SigPayloadSize, TagArchiveSize, 1, true},
	{SigFileSigs, TagFileSignatures, 0, true},
	{SigFileSigLength, TagFileSignatureLength, 1, true},
	{TagVeritySigs, TagVeritySigs, 0, false},
	{TagVeritySigAlgo, TagVeritySigAlgo, 1, false},
	{TagSHA1Header, TagSHA1Header, 1, false},
	{TagSHA256Header, TagSHA256Header, 1, false},
	{TagSHA3256Header, TagSHA3256Header, 1, false},
	{TagDSAHeader, TagDSAHeader, 0, false},
	{TagRSAHeader, TagRSAHeader, 0, false},
	{TagLongSigSize, TagLongSigSize, 1, false},
	{TagLongArchiveSize, TagLongArchiveSize, 1, false},
	{TagOpenPGP, TagOpenPGP, 0, false},
}

// Merged returns the main header with what an installed package keeps of the
// signature header, as rpm merges it. Headers of version 3 packages get the
// region and the split file names that rpm gives them.
func (p *Package) Merged() (*Header, error) {
	var entries []Entry
	format := p.Header.Format()
	for _, m := range movedTags {
		e, ok := p.Signature.find(m.from)
		if p.Header.Has(m.to) {
			if m.quirk && !ok && format < 6 {
				continue
			}
			return nil, &FormatError{"signature header", fmt.Sprintf("tag %s is in both headers", m.to)}
		}
		if !ok || format >= 6 && m.from >= 1000 {
			continue
		}
		info, _ := m.to.lookup()
		if e.typ != info.typ || m.count != 0 && int(e.count) != m.count {
			return nil, &FormatError{"signature header", fmt.Sprintf("bad tag %s", m.to)}
		}
		n := p.Signature.entry(e)
		n.Tag = m.to
		entries = append(entries, n)
	}
	switch {
	case p.Header.Has(TagSourceRPM) || p.Header.Has(TagSourcePackage):
	case p.Header.Source():
		entries = append(entries, Uint32Entry(TagSourcePackage, 1))
	default:
		entries = append(entries, StringEntry(TagSourceRPM, "(none)"))
	}
	h, err := p.Header.adopt()
	if err != nil {
		return nil, err
	}
	return h.With(append(entries, h.shortNames()...)...)
}
