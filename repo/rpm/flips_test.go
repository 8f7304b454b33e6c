package rpm_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/rpmtest"
	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/repo/rpm"
)

// flipped is a package with a little of everything.
var flipped = rpmtest.Shape{
	PackageName: "flipped", Scripts: "%pre\ntrue", Files: "/opt",
	Install: "echo one > one; ln one two; ln -s one link; mkdir d; head -c 3000 /bin/sh > d/three",
}

// TestFlipsLikeOracles flips bits of packages of all compressions and formats. None
// may go unnoticed, and what rpm refuses is refused; more is in the lead and in the
// signature header, where versions of rpm differ. FIMG_RANDOM_SETS asks for more than
// eight times 25 bits of each package.
func TestFlipsLikeOracles(t *testing.T) {
	plain := flips{level: rpm.LevelDigest, good: "digests OK", args: []string{"--define", "_pkgverify_level digest"}}
	for _, o := range testtool.Oracles(t) {
		formats := []string{"4"}
		if o.AtLeast(t, 6, 0) {
			formats = []string{"4", "6"}
		}
		for name, macro := range rpmtest.Compressions {
			for _, format := range formats {
				t.Run(fmt.Sprint(filepath.Base(o.Root), "/", name, "/v", format), func(t *testing.T) {
					s := flipped
					s.Macros = []string{"_binary_payload " + macro}
					for _, path := range rpmtest.BuildShape(t, o, s, format) {
						if !strings.HasSuffix(path, ".src.rpm") {
							plain.likeOracle(t, o, path)
						}
					}
				})
			}
		}
	}
}

// TestSignedFlipsLikeOracles does the same with packages that are signed.
func TestSignedFlipsLikeOracles(t *testing.T) {
	for _, o := range testtool.Oracles(t) {
		s := flipped
		s.Macros = []string{"_binary_payload " + rpmtest.Compressions["gzip"]}
		path := rpmtest.BuildShape(t, o, s, "4")[1] // after the source package
		plain, err := os.ReadFile(path)
		must(t, err)
		for _, kind := range []string{rpmtest.RSA, rpmtest.EdDSA} {
			signer := rpmtest.NewSigner(t, kind)
			header, legacy := rpm.TagRSAHeader, rpm.SigPGP
			if kind == rpmtest.EdDSA {
				header, legacy = rpm.TagDSAHeader, rpm.SigGPG
			}
			f := flips{keys: &rpm.Keyring{}, level: rpm.LevelAll, good: "digests signatures OK", args: keyArgs(t, o, signer)}
			must(t, f.keys.Add(signer.Armor(t)))
			files := map[string][]byte{
				"header": rpmtest.Resign(t, plain, map[rpm.Tag]*rpmtest.Signer{header: signer}),
				"both":   rpmtest.Resign(t, plain, map[rpm.Tag]*rpmtest.Signer{header: signer, legacy: signer}),
			}
			if o.AtLeast(t, 6, 0) {
				files["v6"] = rpmtest.V6(t, plain, signer)
			}
			for name, file := range files {
				t.Run(fmt.Sprint(filepath.Base(o.Root), "/", kind, "/", name), func(t *testing.T) {
					must(t, os.WriteFile(path, file, 0o644))
					f.likeOracle(t, o, path)
				})
			}
		}
	}
}

// keyArgs makes a database with a key and returns the options that name it.
func keyArgs(t *testing.T, o testtool.Oracle, signer *rpmtest.Signer) []string {
	t.Helper()
	dir := o.Dir(t)
	key := filepath.Join(dir, "key")
	must(t, os.WriteFile(key, signer.Armor(t), 0o644))
	args := []string{"--dbpath", dir, "--define", "_db_backend sqlite", "--define", "_keyring rpmdb"}
	o.Run(t, "rpmkeys", append(args, "--import", key)...)
	return append(args, "--define", "_pkgverify_level all")
}

// flips says how packages with flipped bits are judged.
type flips struct {
	keys  *rpm.Keyring
	level rpm.Level
	good  string   // what rpm says of good ones
	args  []string // for rpmkeys
}

// likeOracle compares verdicts on a package and on copies with one bit flipped.
func (f flips) likeOracle(t *testing.T, o testtool.Oracle, path string) {
	t.Helper()
	file, err := os.ReadFile(path)
	must(t, err)
	if v := f.judge(file, o.AtLeast(t, 6, 0)); !v.accepted || v.noticed {
		t.Fatalf("the whole package: %+v", v)
	}
	draw := rand.New(rand.NewPCG(1, uint64(len(file))))
	verdicts := map[string]flipVerdict{path: {noticed: true, accepted: true}}
	args := append(append([]string{"-K"}, f.args...), path)
	for range testtool.Sets(8) * 25 {
		at, bit := draw.IntN(len(file)), draw.IntN(8)
		name := fmt.Sprintf("%s.%d.%d", path, at, bit)
		damaged := bytes.Clone(file)
		damaged[at] ^= 1 << bit
		must(t, os.WriteFile(name, damaged, 0o644))
		verdicts[name] = f.judge(damaged, o.AtLeast(t, 6, 0))
		args = append(args, name)
	}
	out, _ := o.Command("rpmkeys", args...).Output() // without an end of line where it gives up early
	for name, v := range verdicts {
		accepted := strings.Contains(string(out), strings.TrimPrefix(name, o.Root)+": "+f.good+"\n")
		switch {
		case !v.noticed:
			t.Errorf("%s: not noticed", name)
		case v.accepted && !accepted && !(v.untrusted && !o.AtLeast(t, 6, 0)):
			t.Errorf("%s: accepted, not by rpm", name)
		case accepted && !v.accepted: // in what versions of rpm look at differently
			t.Logf("%s: refused, not by rpm", name)
		}
		os.Remove(name)
	}
}

// flipVerdict is what comes of a flipped bit.
type flipVerdict struct {
	noticed   bool // at least as an oddity
	accepted  bool
	untrusted bool // one signature counts neither way: for rpm before 6 it is bad
}

// judge judges a package, for rpm 6 by what that looks at.
func (f flips) judge(file []byte, rpm6 bool) flipVerdict {
	_, v, err := rpm.CheckFile(bytes.NewReader(file), f.keys, rpm.ReaderOptions{})
	if err != nil {
		return flipVerdict{noticed: true}
	}
	ok := v.Err("it", f.level) == nil
	verdict := flipVerdict{noticed: !ok || !v.Intact(), accepted: ok}
	verdict.untrusted = slices.ContainsFunc(v.Checks, func(c rpm.Check) bool { return c.Status == rpm.NOTTRUSTED })
	if rpm6 {
		verdict.accepted = ok && v.Summary6() == f.good
	}
	return verdict
}
