// Package rpm reads RPM package files: lead, signature header, main header,
// payload, digests and OpenPGP signatures; versions 4 and 6 of the format, and
// the remains of version 3 that rpm itself still reads.
//
// The format is described in rpm's manual (docs/manual/format_v4.md, format_v6.md,
// tags.md, signatures_digests.md, large_files.md) and, where that is silent, by
// what rpm 4.18 to 6.0 does.
//
// A package is read front to back, once: [NewReader] stops before the payload,
// [Reader.Payload] iterates over the files in it, [Reader.Verify] says what the
// digests and signatures over all that was read are worth. Nothing here touches
// a file system and nothing is executed: scriptlets and triggers are data.
//
// Left out: writing packages, delta RPMs, relocation, IMA and fs-verity
// signatures (they are kept as opaque tags).
package rpm
