package rpmdb

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/fimg/fimg/repo/rpm"
)

// KeyOptions say how an imported key is stored.
type KeyOptions struct {
	// RPMVersion is the version of the image's rpm, such as "4.20.1". From 6 on
	// a key is named by its whole fingerprint, before by the last eight digits
	// of its id. Empty means 4.20.1.
	RPMVersion string
	// VersionLine puts "Version: rpm-…" into the armor, as an rpm built with its
	// own OpenPGP parser does. Fedora's is built with Sequoia and does not.
	VersionLine bool
	// Time is when the key was imported, in seconds since 1970.
	Time uint32
}

// KeyHeader returns the pseudo package "gpg-pubkey" that stands for a key in the
// database (rpmts.c, makePubkeyHeader; keystore.cc since version 6).
func KeyHeader(cert rpm.Cert, o KeyOptions) (*rpm.Header, error) {
	if o.RPMVersion == "" {
		o.RPMVersion = "4.20.1"
	}
	h, err := rpm.NewHeader(rpm.RegionImmutable, keyEntries(cert, o)...)
	if err != nil {
		return nil, fmt.Errorf("make database entry of key %s: %w", cert.KeyID, err)
	}
	algos := map[rpm.HashAlgo]rpm.Tag{rpm.SHA1: rpm.TagSHA1Header, rpm.SHA256: rpm.TagSHA256Header}
	if o.modern() {
		algos[rpm.SHA3256] = rpm.TagSHA3256Header
	}
	entries := []rpm.Entry{
		rpm.Uint32Entry(rpm.TagInstallTime, o.Time),
		rpm.Uint32Entry(rpm.TagInstallTID, o.Time),
	}
	for algo, tag := range algos {
		sum := algo.New()
		sum.Write(h.RegionBlob())
		entries = append(entries, rpm.StringEntry(tag, hex.EncodeToString(sum.Sum(nil))))
	}
	return h.With(entries...) // which sorts them
}

// modern reports whether keys are stored as rpm 6 does.
func (o KeyOptions) modern() bool { return Modern(o.RPMVersion) }

// Modern reports whether a version of rpm, such as "6.0.1", is 6 or later.
func Modern(version string) bool {
	major, _, _ := strings.Cut(version, ".")
	n, err := strconv.Atoi(major)
	return err == nil && n >= 6
}

// keyEntries returns the tags of the immutable region.
func keyEntries(cert rpm.Cert, o KeyOptions) []rpm.Entry {
	user := "none"
	if len(cert.UserIDs) > 0 {
		user = cert.UserIDs[0]
	}
	version := cert.KeyID[8:]
	if o.modern() {
		version = cert.Fingerprint
	}
	names, versions := keyProvides(cert, user, o)
	flags := make([]uint32, len(names))
	for i := range flags {
		flags[i] = uint32(rpm.SenseKeyring | rpm.SenseEqual)
	}
	return []rpm.Entry{
		rpm.StringsEntry(rpm.TagPubkeys, base64Lines(cert.Raw)),
		rpm.StringEntry(rpm.TagName, "gpg-pubkey"),
		rpm.StringEntry(rpm.TagVersion, version),
		rpm.StringEntry(rpm.TagRelease, keyTime(cert.CertKey)),
		translated(rpm.TagSummary, user+" public key"),
		translated(rpm.TagDescription, armor(cert.Raw, o)),
		rpm.Uint32Entry(rpm.TagBuildTime, uint32(cert.Created)),
		rpm.StringEntry(rpm.TagBuildHost, "localhost"),
		rpm.Uint32Entry(rpm.TagSize, 0),
		rpm.StringEntry(rpm.TagLicense, "pubkey"),
		rpm.StringEntry(rpm.TagPackager, user),
		translated(rpm.TagGroup, "Public Keys"),
		rpm.StringEntry(rpm.TagSourceRPM, "(none)"),
		rpm.StringsEntry(rpm.TagProvideName, names...),
		rpm.StringEntry(1064, o.RPMVersion), // RPMVERSION
		rpm.Uint32Entry(rpm.TagProvideFlags, flags...),
		rpm.StringsEntry(rpm.TagProvideVersion, versions...),
	}
}

// translated makes an entry of the type for translated text, in one language.
func translated(tag rpm.Tag, text string) rpm.Entry {
	e := rpm.StringEntry(tag, text)
	e.Type = rpm.TypeI18N
	return e
}

// keyProvides returns what a key provides, with versions. Subkeys count before
// rpm 6: rpm's own parser knows those for signing, Sequoia all.
func keyProvides(cert rpm.Cert, user string, o KeyOptions) (names, versions []string) {
	modern := o.modern()
	id := func(k rpm.CertKey) string {
		name := k.KeyID
		if modern {
			name = k.Fingerprint
		}
		return fmt.Sprintf("%d:%s-%s", k.Version, name, keyTime(k))
	}
	add := func(name string, k rpm.CertKey) {
		names = append(names, "gpg("+name+")")
		versions = append(versions, id(k))
	}
	add(user, cert.CertKey)
	add(cert.KeyID[8:], cert.CertKey)
	add(cert.KeyID, cert.CertKey)
	if modern {
		return names, versions
	}
	for _, sub := range cert.Subkeys {
		if !sub.Signs && o.VersionLine {
			continue
		}
		add(sub.KeyID[8:], sub)
		add(sub.KeyID, sub)
	}
	return names, versions
}

func keyTime(k rpm.CertKey) string { return strconv.FormatInt(k.Created, 16) }

// base64Lines encodes in lines of 64 characters, each ended.
func base64Lines(data []byte) string {
	text := base64.StdEncoding.EncodeToString(data)
	var b strings.Builder
	for len(text) > 0 {
		n := min(64, len(text))
		b.WriteString(text[:n] + "\n")
		text = text[n:]
	}
	return b.String()
}

// armor returns the key in ASCII armor (RFC 4880, 6.2).
func armor(data []byte, o KeyOptions) string {
	head := ""
	if o.VersionLine {
		head = "Version: rpm-" + o.RPMVersion + "\n"
	}
	crc := crc24(data)
	sum := base64.StdEncoding.EncodeToString([]byte{byte(crc >> 16), byte(crc >> 8), byte(crc)})
	return "-----BEGIN PGP PUBLIC KEY BLOCK-----\n" + head + "\n" + base64Lines(data) +
		"=" + sum + "\n-----END PGP PUBLIC KEY BLOCK-----\n"
}

// crc24 is the checksum of OpenPGP armor (RFC 4880, 6.1).
func crc24(data []byte) uint32 {
	crc := uint32(0xb704ce)
	for _, b := range data {
		crc ^= uint32(b) << 16
		for range 8 {
			crc <<= 1
			if crc&0x1000000 != 0 {
				crc ^= 0x1864cfb
			}
		}
	}
	return crc & 0xffffff
}
