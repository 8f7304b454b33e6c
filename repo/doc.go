// Package repo turns the repositories of a description into verified metadata
// and verified package files: sources and mirrors, downloads, OpenPGP signatures
// on repomd.xml, groups, modules and the cache.
//
// A Client loads each Source into a Repository, whose Index the resolver
// (repo/solve) works on, and fetches the packages of a transaction. Nothing is
// used before its size and checksum have been compared with what signed or
// trusted metadata says; nothing appears in the cache before it is whole.
//
// The formats are createrepo_c's: repomd.xml, primary, filelists, comps.xml,
// modules.yaml, metalink 3.0 as Fedora's MirrorManager writes it, and mirror
// lists of one URL a line. updateinfo, other.xml and delta packages are left out;
// so is FTP.
package repo
