package install

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fimg/fimg/assembler/install/rpmdb"
	"github.com/fimg/fimg/internal/rpmtest"
	"github.com/fimg/fimg/repo/rpm"
)

// chooser is a package of rpm whose macros say where keys belong.
const chooser = `
Name: rpm
Version: @VERSION@
Release: 1
Summary: A choice
License: MIT
BuildArch: noarch
%description
Nothing.
%install
mkdir -p %{buildroot}/usr/lib/rpm/macros.d %{buildroot}/etc/rpm
printf '%%%%_dbpath %%%%{_usr}/lib/sysimage/rpm\n%%%%_keyring rpmdb\n%%%%_keyringpath %%%%{_dbpath}/pubkeys/\n' > %{buildroot}/usr/lib/rpm/macros
printf '%%%%_keyring openpgp\n' > %{buildroot}/usr/lib/rpm/macros.d/macros.keys
printf '%%%%_keyring @STORE@\n' > %{buildroot}/etc/rpm/macros.keys
printf '%%%%_keyring rpmdb\n' > %{buildroot}/etc/rpm/macros.keys.rpmsave
%files
/
`

// TestKeyStore imports keys where the rpm of the tree wants them.
func TestKeyStore(t *testing.T) {
	keys := &rpm.Keyring{}
	must(t, keys.Add(rpmtest.NewSigner(t, rpmtest.EdDSA).Armor(t)))
	cert := keys.Certs()[0]
	long, short := cert.Fingerprint, cert.KeyID[8:]
	for _, c := range []struct{ version, store, want string }{
		{"6.0.1", "rpmdb", ""},
		{"6.0.1", "fs", "gpg-pubkey-" + long + ".key"},
		{"6.0.1", "openpgp", long[:2] + "/" + long[2:]},
		{"4.20.1", "fs", "gpg-pubkey-" + short + "-*.key"},
		{"4.20.1", "openpgp", ""},
	} {
		t.Run(c.version+" "+c.store, func(t *testing.T) {
			root := t.TempDir()
			opts := Options{Time: time.Unix(1700000000, 0), Keys: keys, ImportKeys: true}
			ours(t, root, opts, build(t, chooser, "@VERSION@", c.version, "@STORE@", c.store)["rpm"])
			listed, err := rpmdb.List(t.Context(), filepath.Join(root, dbPath))
			must(t, err)
			isKey := func(p rpmdb.Package) bool { return p.Header.Identity().Name == "gpg-pubkey" }
			if got := slices.ContainsFunc(listed, isKey); got != (c.want == "") || len(listed) == 0 {
				t.Errorf("a key is in the database: %v", got)
			}
			files, _ := filepath.Glob(filepath.Join(root, dbPath, "pubkeys", c.want))
			if c.want == "" {
				return
			}
			if len(files) != 1 {
				t.Fatalf("files %q", files)
			}
			data, err := os.ReadFile(files[0])
			if err != nil || !strings.HasPrefix(string(data), "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n") {
				t.Errorf("%q: %v", data, err)
			}
		})
	}
}
