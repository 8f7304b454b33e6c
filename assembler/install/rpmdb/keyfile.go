package rpmdb

import "github.com/fimg/fimg/repo/rpm"

// KeyStore is where an rpm keeps imported keys, as its macro _keyring names it.
type KeyStore string

// The stores. That of files is older than version 6, but names them otherwise;
// "openpgp" is the shared certificate directory of the OpenPGP programs, which
// rpm knows since version 6.
const (
	KeysInDatabase KeyStore = "rpmdb"
	KeysInFiles    KeyStore = "fs"
	KeysInCertD    KeyStore = "openpgp"
)

// Keeps returns where an rpm of that version, such as "6.0.1", keeps keys when its
// macro has that value: in the database when it does not know it.
func Keeps(version, value string) KeyStore {
	s := KeyStore(value)
	if s == KeysInFiles || s == KeysInCertD && Modern(version) {
		return s
	}
	return KeysInDatabase
}

// KeyFile returns the name and content of a key's file, below the directory that
// the macro _keyringpath names (rpmts.c, rpmtsImportFSKey; keystore.cc since
// version 6). The store is not the database.
func KeyFile(cert rpm.Cert, store KeyStore, o KeyOptions) (name string, data []byte) {
	data = []byte(armor(cert.Raw, o))
	switch {
	case store == KeysInCertD:
		name = cert.Fingerprint[:2] + "/" + cert.Fingerprint[2:]
	case o.modern():
		name = "gpg-pubkey-" + cert.Fingerprint + ".key"
	default:
		name = "gpg-pubkey-" + cert.KeyID[8:] + "-" + keyTime(cert.CertKey) + ".key"
	}
	return name, data
}
