package signature

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/fimg/fimg/internal/testtool"
)

func key(t *testing.T, config *packet.Config) (*openpgp.Entity, []byte) {
	t.Helper()
	e, err := openpgp.NewEntity("test", "", "test@example.org", config)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w, _ := armor.Encode(&b, openpgp.PublicKeyType, nil)
	if err := e.Serialize(w); err != nil {
		t.Fatal(err)
	}
	w.Close()
	return e, b.Bytes()
}

func sign(t *testing.T, e *openpgp.Entity, data string, config *packet.Config) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := openpgp.ArmoredDetachSign(&b, e, bytes.NewReader([]byte(data)), config); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestVerify(t *testing.T) {
	at := func(year int) *packet.Config {
		return &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA, KeyLifetimeSecs: 3 * 365 * 86400,
			Time: func() time.Time { return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC) }}
	}
	mine, public := key(t, at(2015))
	_, foreign := key(t, at(2015))
	var ring, other, none Keyring
	both := append(append([]byte("Comment before\n"), foreign...), public...)
	if err := ring.Add(both); err != nil || ring.Len() != 2 {
		t.Fatal(err, ring.Len())
	}
	if err := other.Add(foreign); err != nil {
		t.Fatal(err)
	}
	good := sign(t, mine, "data", at(2016))
	cases := []struct {
		name string
		ring *Keyring
		data string
		sig  []byte
		ok   bool
	}{
		{"key that is expired today", &ring, "data", good, true},
		{"changed data", &ring, "Data", good, false},
		{"unknown key", &other, "data", good, false},
		{"no keys", &none, "data", good, false},
		{"empty signature", &ring, "data", nil, false},
		{"a key as signature", &ring, "data", public, false},
		{"cut signature", &ring, "data", good[:len(good)/2], false},
	}
	for _, c := range cases {
		if _, err := c.ring.Verify([]byte(c.data), c.sig); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	for _, bad := range [][]byte{nil, []byte("rubbish"), good, public[:len(public)/2]} {
		if err := new(Keyring).Add(bad); err == nil {
			t.Errorf("accepted as a key: %.30q", bad)
		}
	}
}

func TestGnuPG(t *testing.T) {
	gpg := testtool.Need(t, "gpg")[0]
	home := t.TempDir()
	run := func(args ...string) []byte {
		t.Helper()
		cmd := exec.Command(gpg, append([]string{"--homedir", home, "--batch", "--quiet", "--no-tty", "--pinentry-mode", "loopback", "--passphrase", ""}, args...)...)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("gpg %v: %v", args, err)
		}
		return out
	}
	file := filepath.Join(home, "repomd.xml")
	if err := os.WriteFile(file, []byte("<repomd/>"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"rsa2048", "ed25519"} {
		run("--quick-generate-key", kind+"@example.org", kind, "sign", "never")
		run("-u", kind+"@example.org", "--yes", "--armor", "--detach-sign", file)
		var ring Keyring
		if err := ring.Add(run("--export", kind+"@example.org")); err != nil {
			t.Fatal(err)
		}
		sig, err := os.ReadFile(file + ".asc")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ring.Verify([]byte("<repomd/>"), sig); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add([]byte("-----BEGIN PGP SIGNATURE-----\n\n-----END PGP SIGNATURE-----"), []byte("x"))
	f.Fuzz(func(t *testing.T, sig, key []byte) {
		var ring Keyring
		_ = ring.Add(key)
		if _, err := ring.Verify([]byte("data"), sig); err == nil {
			t.Log("the fuzzer made a key of its own")
		}
	})
}
