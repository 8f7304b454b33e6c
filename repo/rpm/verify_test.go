package rpm_test

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/rpmtest"
	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/repo/rpm"
)

// verify reads a whole package, with all its files, and judges it.
func verify(t testing.TB, file []byte, keys *rpm.Keyring) (*rpm.Verdict, error) {
	t.Helper()
	_, v, err := rpm.CheckFile(bytes.NewReader(file), keys, rpm.ReaderOptions{})
	return v, err
}

// rpmK returns the verdict of the real "rpm -K" with a database of keys.
func rpmK(t testing.TB, db string, file []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "package.rpm")
	if err := os.WriteFile(path, file, 0o644); err != nil {
		t.Fatal(err)
	}
	out, _ := exec.Command("rpm", "--dbpath", db, "--define", "_db_backend sqlite", "-K", path).CombinedOutput()
	_, verdict, _ := strings.Cut(strings.TrimSpace(string(out)), "package.rpm: ")
	return verdict
}

// keyDB makes a database with keys for the real rpm.
func keyDB(t testing.TB, keys ...[]byte) string {
	t.Helper()
	db := t.TempDir()
	for _, k := range keys {
		if err := tryImport(t, db, k); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

func tryImport(t testing.TB, db string, key []byte) error {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, key, 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("rpm", "--dbpath", db, "--define", "_db_backend sqlite", "--import", path).CombinedOutput()
	if err != nil {
		return fmt.Errorf("import key: %w: %s", err, out)
	}
	return nil
}

func one(t testing.TB, compressor string, name string) []byte {
	t.Helper()
	for _, path := range rpmtest.Build(t, compressor) {
		if filepath.Base(path) == name {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
	}
	t.Fatalf("no package %s", name)
	return nil
}

// TestVerdictLikeRPM compares verdicts on packages signed in every way.
func TestVerdictLikeRPM(t *testing.T) {
	testtool.Need(t, "rpm", "rpmbuild")
	plain := one(t, "gzip", "fimgtest-1.0~rc1.noarch.rpm")
	rsa, eddsa, other := rpmtest.NewSigner(t, rpmtest.RSA), rpmtest.NewSigner(t, rpmtest.EdDSA), rpmtest.NewSigner(t, rpmtest.RSA)
	db := keyDB(t, rsa.Armor(t), eddsa.Armor(t))
	keys := &rpm.Keyring{}
	for _, s := range []*rpmtest.Signer{rsa, eddsa} {
		if err := keys.Add(s.Armor(t)); err != nil {
			t.Fatal(err)
		}
	}
	type sigs = map[rpm.Tag]*rpmtest.Signer
	cases := map[string]sigs{
		"none":             nil,
		"rsa":              {rpm.TagRSAHeader: rsa},
		"rsa sha512":       {rpm.TagRSAHeader: rsa.WithHash(crypto.SHA512)},
		"rsa sha1":         {rpm.TagRSAHeader: rsa.WithHash(crypto.SHA1)},
		"v3":               {rpm.TagRSAHeader: rsa.V3(), rpm.SigPGP: rsa.V3()},
		"v3 sha1":          {rpm.TagRSAHeader: rsa.V3().WithHash(crypto.SHA1), rpm.SigPGP: rsa.V3().WithHash(crypto.SHA1)},
		"v3 md5":           {rpm.SigPGP: rsa.V3().WithHash(crypto.MD5)},
		"v3 no key":        {rpm.TagRSAHeader: other.V3()},
		"eddsa":            {rpm.TagDSAHeader: eddsa},
		"legacy":           {rpm.SigPGP: rsa},
		"legacy gpg":       {rpm.SigGPG: eddsa},
		"header+legacy":    {rpm.TagRSAHeader: rsa, rpm.SigPGP: rsa},
		"two":              {rpm.TagRSAHeader: rsa, rpm.TagDSAHeader: eddsa},
		"no key":           {rpm.TagRSAHeader: other},
		"one of two":       {rpm.TagRSAHeader: other, rpm.TagDSAHeader: eddsa},
		"one of two, both": {rpm.TagRSAHeader: rsa, rpm.SigPGP: other},
	}
	for name, s := range cases {
		file := rpmtest.Resign(t, plain, s)
		for kind, damaged := range damage(t, file) {
			v, err := verify(t, damaged, keys)
			if err != nil {
				var format *rpm.FormatError
				if kind == "whole" || !errors.As(err, &format) {
					t.Errorf("%s, %s: %v", name, kind, err)
				}
				continue
			}
			if got, want := v.Summary(), rpmK(t, db, damaged); got != want {
				t.Errorf("%s, %s: %q, rpm has %q", name, kind, got, want)
			}
		}
	}
}

// damage returns variants of a package.
func damage(t testing.TB, file []byte) map[string][]byte {
	p, _ := rpmtest.Read(t, file)
	flip := func(at int64) []byte {
		b := bytes.Clone(file)
		b[at] ^= 1
		return b
	}
	name := bytes.Index(file[p.HeaderOffset:], []byte("A package for tests"))
	return map[string][]byte{
		"whole":     file,
		"header":    flip(p.HeaderOffset + int64(name)),
		"payload":   flip(p.PayloadOffset + 4000),
		"truncated": file[:len(file)-100],
		"longer":    append(bytes.Clone(file), "more"...),
	}
}

// TestGivenVerdicts compares the verdicts on all test packages, without keys and
// with those in the files the variable FIMG_TEST_KEYS lists, separated by colons.
func TestGivenVerdicts(t *testing.T) {
	testtool.Need(t, "rpm", "rpmbuild")
	var armored [][]byte
	for path := range strings.SplitSeq(os.Getenv("FIMG_TEST_KEYS"), ":") {
		if path == "" {
			continue
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		armored = append(armored, b)
	}
	files := rpmtest.Files(t)
	compareVerdicts(t, files, keyDB(t), nil)
	keys, db := &rpm.Keyring{}, t.TempDir()
	for _, b := range armored {
		err := tryImport(t, db, b)
		if err != nil {
			t.Log(err) // too new for this rpm, or bad
			continue
		}
		if err := keys.Add(b); err != nil {
			t.Log(err)
		}
	}
	if len(armored) > 0 {
		compareVerdicts(t, files, db, keys)
	}
}

func compareVerdicts(t *testing.T, files []string, db string, keys *rpm.Keyring) {
	t.Helper()
	out, _ := exec.Command("rpm", append([]string{"--dbpath", db, "--define", "_db_backend sqlite", "-K"}, files...)...).Output()
	want := make(map[string]string)
	for line := range strings.Lines(string(out)) {
		path, verdict, _ := strings.Cut(strings.TrimSpace(line), ": ")
		want[path] = verdict
	}
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		p, v, err := rpm.CheckFile(f, keys, rpm.ReaderOptions{})
		f.Close()
		if err != nil {
			t.Errorf("%s: %v", path, err)
		} else if p.Signature.Has(rpm.TagOpenPGP) && !rpmTags(t)["OPENPGP"] {
			t.Logf("%s: %s; this rpm does not look at signatures of rpm 6", path, v.Summary())
		} else if got := v.Summary(); got != want[path] {
			t.Errorf("%s: %q, rpm has %q", path, got, want[path])
		} else if !v.Intact() {
			t.Logf("%s: %v", path, v.Oddities)
		}
	}
}

// TestModernSignatures covers what the real rpm of this age cannot: ECDSA and
// the signatures of version 6.
func TestModernSignatures(t *testing.T) {
	testtool.Need(t, "rpmbuild")
	plain := one(t, "zstd", "fimgtest-1.0~rc1.noarch.rpm")
	for _, kind := range []string{rpmtest.RSA, rpmtest.EdDSA, rpmtest.ECDSA, rpmtest.Ed25519} {
		s := rpmtest.NewSigner(t, kind)
		keys := &rpm.Keyring{}
		if err := keys.Add(s.Armor(t)); err != nil {
			t.Fatal(err)
		}
		for name, file := range map[string][]byte{
			"v4":                  rpmtest.Resign(t, plain, map[rpm.Tag]*rpmtest.Signer{rpm.TagDSAHeader: s}),
			"v4 with OpenPGP tag": rpmtest.Resign(t, plain, map[rpm.Tag]*rpmtest.Signer{rpm.TagOpenPGP: s}),
			"v6":                  rpmtest.V6(t, plain, s),
		} {
			v, err := verify(t, file, keys)
			if err != nil {
				t.Errorf("%s %s: %v", kind, name, err)
				continue
			}
			if err := v.Err("it", rpm.LevelAll); err != nil || !v.Signed() {
				t.Errorf("%s %s: %v", kind, name, err)
			}
			if v, err := verify(t, file, nil); err != nil || v.Err("it", rpm.LevelAll) == nil || v.Err("it", rpm.LevelDigest) != nil {
				t.Errorf("%s %s: accepted without a key, or not by digest: %v", kind, name, err)
			}
		}
	}
}

// TestFlippedBits flips a bit in every byte before the payload and in some of
// it: none may go unnoticed.
func TestFlippedBits(t *testing.T) {
	testtool.Need(t, "rpmbuild")
	s := rpmtest.NewSigner(t, rpmtest.RSA)
	keys := &rpm.Keyring{}
	if err := keys.Add(s.Armor(t)); err != nil {
		t.Fatal(err)
	}
	plain := one(t, "zstd", "fimgtest-empty-1.0~rc1.noarch.rpm")
	files := map[string][]byte{
		"v4": rpmtest.Resign(t, plain, map[rpm.Tag]*rpmtest.Signer{rpm.TagRSAHeader: s, rpm.SigPGP: s}),
		"v6": rpmtest.V6(t, plain, s),
	}
	for name, file := range files {
		if v, err := verify(t, file, keys); err != nil || v.Err(name, rpm.LevelAll) != nil || !v.Intact() {
			t.Fatalf("%s: %v %+v", name, err, v)
		}
		p, _ := rpmtest.Read(t, file)
		for at := 0; at < len(file); at++ {
			if int64(at) > p.HeaderOffset {
				at += 10
			}
			if at >= len(file) {
				break
			}
			damaged := bytes.Clone(file)
			damaged[at] ^= 1 << (at % 8)
			v, err := verify(t, damaged, keys)
			if err == nil && v.Err(name, rpm.LevelAll) == nil && v.Intact() {
				t.Errorf("%s: bit %d of byte %d may be flipped", name, at%8, at)
			}
		}
	}
}

// TestSkipRedundant checks that what is left out is covered by what is not.
func TestSkipRedundant(t *testing.T) {
	testtool.Need(t, "rpmbuild")
	s := rpmtest.NewSigner(t, rpmtest.EdDSA)
	keys := &rpm.Keyring{}
	if err := keys.Add(s.Armor(t)); err != nil {
		t.Fatal(err)
	}
	plain := one(t, "zstd", "fimgtest-empty-1.0~rc1.noarch.rpm")
	for name, c := range map[string]struct {
		tags   []rpm.Tag
		checks int
	}{
		"header":            {[]rpm.Tag{rpm.TagDSAHeader}, 4}, // signature, SHA1, SHA256, payload
		"legacy":            {[]rpm.Tag{rpm.SigGPG}, 4},
		"header and legacy": {[]rpm.Tag{rpm.TagDSAHeader, rpm.SigGPG}, 4},
	} {
		signatures := make(map[rpm.Tag]*rpmtest.Signer)
		for _, tag := range c.tags {
			signatures[tag] = s
		}
		file := rpmtest.Resign(t, plain, signatures)
		_, v, err := rpm.CheckFile(bytes.NewReader(file), keys, rpm.ReaderOptions{SkipRedundant: true})
		if err != nil || v.Err(name, rpm.LevelAll) != nil || len(v.Checks) != c.checks {
			t.Errorf("%s: %v %+v", name, err, v)
		}
	}
}

// TestBrokenKeyring checks that a key that cannot be read does not spoil others.
func TestBrokenKeyring(t *testing.T) {
	a, b := rpmtest.NewSigner(t, rpmtest.EdDSA), rpmtest.NewSigner(t, rpmtest.RSA)
	broken := []byte("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAAAAAA\n=AAAA\n-----END PGP PUBLIC KEY BLOCK-----\n")
	keys := &rpm.Keyring{}
	err := keys.Add(bytes.Join([][]byte{a.Armor(t), broken, []byte("text between\n"), b.Armor(t)}, nil))
	if err == nil {
		t.Error("the broken key is not reported")
	}
	if n := len(keys.Certs()); n != 2 {
		t.Errorf("%d certificates, want 2: %v", n, err)
	}
	if err := new(rpm.Keyring).Add([]byte("nothing")); err == nil {
		t.Error("no key in it, but no error")
	}
}

// TestPayloadTwice checks that a payload cannot be read twice.
func TestPayloadTwice(t *testing.T) {
	testtool.Need(t, "rpmbuild")
	file := one(t, "none", "fimgtest-1.0~rc1.noarch.rpm")
	r, err := rpm.NewReader(bytes.NewReader(file), rpm.ReaderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Payload(rpm.PayloadOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Payload(rpm.PayloadOptions{}); err == nil {
		t.Error("the payload was given out twice")
	}
}
