package rpm_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/rpmtest"
	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/repo/rpm"
)

// TestV6Verdicts compares with what "rpmkeys -K" and "-Kv" of rpm 6.1 said of
// packages rpmbuild 6.1 made: signed by nobody, by three keys of which one is not
// known, with a signature of version 4 only, and damaged. The three are in the
// order of rpm's newer sources.
func TestV6Verdicts(t *testing.T) {
	keys := &rpm.Keyring{}
	for _, name := range []string{"rsa2048", "nistp256"} {
		must(t, keys.Add(v6File(t, name+".asc")))
	}
	for name, want := range v6Verdicts(t) {
		d, err := rpm.Inspect(bytes.NewReader(v6File(t, name)), keys)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := append([]string{d.Summary}, lines(d.Verdict)...); !slices.Equal(got, want) {
			t.Errorf("%s:\n%s\nrpm has\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if d.Format != 6 {
			t.Errorf("%s: format %d", name, d.Format)
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func v6File(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "v6", name))
	must(t, err)
	return b
}

// v6Verdicts returns for each package the words of -K and the lines of -Kv.
func v6Verdicts(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	name := ""
	for line := range strings.Lines(string(v6File(t, "verdicts.txt"))) {
		line = strings.TrimRight(line, "\n")
		if file, summary, ok := strings.Cut(line, ".rpm:"); ok {
			name = file + ".rpm"
			if summary != "" {
				out[name] = []string{strings.TrimSpace(summary)}
			}
			continue
		}
		out[name] = append(out[name], strings.TrimSpace(line))
	}
	return out
}

// lines are the checks as rpm 6 prints them: it does not look at MD5 and SHA-1,
// and says elsewhere what is wrong with a signature.
func lines(v *rpm.Verdict) []string {
	var out []string
	for _, c := range v.Checks {
		if !c.Signature && (c.Algo == rpm.MD5 || c.Algo == rpm.SHA1) {
			continue
		}
		if c.Signature {
			c.Detail = ""
		}
		out = append(out, c.String())
	}
	return out
}

// TestVerdictLikeRPM6 compares the lines of "rpmkeys -Kv", where an oracle has
// rpm 6, on packages signed in every way and damaged.
func TestVerdictLikeRPM6(t *testing.T) {
	for _, o := range testtool.Oracles(t) {
		if !o.AtLeast(t, 6, 0) {
			continue
		}
		known, other := rpmtest.NewSigner(t, rpmtest.RSA), rpmtest.NewSigner(t, rpmtest.EdDSA)
		ecdsa, modern := rpmtest.NewSigner(t, rpmtest.ECDSA), rpmtest.NewSigner(t, rpmtest.Ed25519)
		keys, dir := &rpm.Keyring{}, o.Dir(t)
		for _, s := range []*rpmtest.Signer{known, ecdsa, modern} {
			must(t, keys.Add(s.Armor(t)))
			must(t, os.WriteFile(filepath.Join(dir, "key"), s.Armor(t), 0o644))
			o.Run(t, "rpmkeys", "--dbpath", dir, "--import", filepath.Join(dir, "key"))
		}
		plain := one(t, "gzip", "fimgtest-1.0~rc1.noarch.rpm")
		files := map[string][]byte{"foreign": rpmtest.V6(t, plain, other.Foreign())}
		for name, s := range map[string]*rpmtest.Signer{"known": known, "other": other, "ecdsa": ecdsa, "modern": modern, "v3": known.V3()} {
			files["v6 "+name] = rpmtest.V6(t, plain, s)
			files["v4 "+name] = rpmtest.Resign(t, plain, map[rpm.Tag]*rpmtest.Signer{rpm.TagRSAHeader: s})
			files["legacy "+name] = rpmtest.Resign(t, plain, map[rpm.Tag]*rpmtest.Signer{rpm.SigPGP: s, rpm.TagRSAHeader: s})
			files["both "+name] = rpmtest.Resign(t, plain, map[rpm.Tag]*rpmtest.Signer{rpm.TagOpenPGP: s, rpm.TagRSAHeader: other})
		}
		for name, file := range files {
			for kind, damaged := range damage(t, file) {
				t.Run(name+"/"+kind, func(t *testing.T) { likeRPM6(t, o, dir, keys, damaged) })
			}
		}
	}
}

func likeRPM6(t *testing.T, o testtool.Oracle, dir string, keys *rpm.Keyring, file []byte) {
	t.Helper()
	path := filepath.Join(dir, "package.rpm")
	must(t, os.WriteFile(path, file, 0o644))
	out, _ := o.Command("rpmkeys", "--dbpath", dir, "-Kv", path).Output()
	var want []string
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "    ") {
			want = append(want, strings.TrimSpace(line))
		}
	}
	v, err := verify(t, file, keys)
	if err != nil {
		t.Fatal(err)
	}
	if got := lines(v); !slices.Equal(anyOrder(t, o, got), anyOrder(t, o, want)) {
		t.Errorf("\n%s\nrpm has\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	out, _ = o.Command("rpmkeys", "--dbpath", dir, "-K", path).Output()
	if got := v.Summary6(); !strings.HasSuffix(strings.TrimSpace(string(out)), ": "+got) {
		t.Errorf("%s, rpm has %s", got, out)
	}
}

// anyOrder sorts the signatures of each range, which an rpm older than its newest
// sources has in another order.
func anyOrder(t *testing.T, o testtool.Oracle, lines []string) []string {
	t.Helper()
	if o.AtLeast(t, 6, 2) {
		return lines
	}
	lines = slices.Clone(lines)
	what := func(line string) string {
		rng, rest, _ := strings.Cut(line, " ")
		if strings.HasPrefix(rest, "OpenPGP") {
			return rng
		}
		return ""
	}
	for from := 0; from < len(lines); {
		to := from + 1
		for to < len(lines) && what(lines[from]) != "" && what(lines[to]) == what(lines[from]) {
			to++
		}
		slices.Sort(lines[from:to])
		from = to
	}
	return lines
}

// TestPostQuantum verifies ML-DSA beside another signature. rpm's words for both are
// in its own tests; whether it can do it depends on what it was built with.
func TestPostQuantum(t *testing.T) {
	rsa, pq := rpmtest.NewSigner(t, rpmtest.RSA), rpmtest.NewSigner(t, rpmtest.MLDSA)
	file := rpmtest.V6(t, v6File(t, "none.rpm"), pq)
	damaged := bytes.Clone(file)
	damaged[bytes.LastIndex(file, []byte("Signed"))] ^= 1
	known, other := &rpm.Keyring{}, &rpm.Keyring{}
	must(t, known.Add(pq.Armor(t)))
	must(t, other.Add(rsa.Armor(t)))
	for _, c := range []struct {
		keys       *rpm.Keyring
		want       rpm.Status
		summary    string
		file       []byte
		acceptable bool
	}{
		{known, rpm.OK, "digests signatures OK", file, true},
		{other, rpm.NOKEY, "digests SIGNATURES NOT OK", file, false},
		{known, rpm.BAD, "DIGESTS SIGNATURES NOT OK", damaged, false},
	} {
		v, err := verify(t, c.file, c.keys)
		must(t, err)
		if got := v.Checks[0]; got.Status != c.want || got.PubKey != "ML-DSA-65+Ed25519" || v.Summary6() != c.summary {
			t.Errorf("%s: %s, want %s", v.Summary6(), got, c.want)
		}
		if err := v.Err("p", rpm.LevelSignature); (err == nil) != c.acceptable {
			t.Errorf("%s: accepted: %v", c.want, err)
		}
	}
}

// TestForeignSignature checks that a signature nothing here can verify does not
// count.
func TestForeignSignature(t *testing.T) {
	plain := v6File(t, "none.rpm")
	s := rpmtest.NewSigner(t, rpmtest.EdDSA)
	keys := &rpm.Keyring{}
	must(t, keys.Add(s.Armor(t)))
	file := rpmtest.Resign(t, plain, map[rpm.Tag]*rpmtest.Signer{rpm.TagOpenPGP: s.Foreign()})
	damaged := bytes.Clone(file)
	damaged[bytes.LastIndex(file, []byte("Signed"))] ^= 1
	for i, file := range [][]byte{file, damaged} {
		v, err := verify(t, file, keys)
		must(t, err)
		if c := v.Checks[0]; c.Status != rpm.NOTTRUSTED || c.PubKey != "Unknown public key algorithm" || c.Version != 6 || strings.Trim(c.KeyID, "0") == "" {
			t.Errorf("%s", c)
		}
		if err := v.Err("p", rpm.LevelDigest); (err == nil) != (i == 0) {
			t.Errorf("accepted by its digests: %v", err)
		}
		if v.Err("p", rpm.LevelSignature) == nil {
			t.Error("it counts as a signature")
		}
	}
}
