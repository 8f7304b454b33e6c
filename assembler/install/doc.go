// Package install carries out an RPM transaction on a root tree: it unpacks
// packages, runs their scriptlets and triggers, removes what is erased or
// obsoleted and writes the package database, as rpm 4.20 and 6 do but without rpm.
//
// Verifying and decompressing run ahead on all cores into a store of unpacked
// packages keyed by their headers; only putting files into place and running
// scriptlets keeps rpm's order. A package found in the store is neither
// decompressed nor hashed again. Files are copied out of the store, never hard
// linked: a scriptlet may change a file in place. Where the file system can
// share extents (FICLONERANGE) the copy is free; where it cannot and the tree is to be
// removed, the store gets the tree's own files then (Handover).
//
// Nothing a package or a scriptlet leaves in the tree leads a write out of it:
// every path is resolved below the root (openat2(2), RESOLVE_IN_ROOT). Programs
// run only through assembler/chroot.
//
// What the kernel does not let us set (owners outside the id map, device nodes,
// file capabilities in a user namespace) is recorded in a tree.Ledger.
//
// Left out: relocation, network-shared paths, IMA and fs-verity signatures,
// plug-ins of rpm, signalling of a running system.
package install
