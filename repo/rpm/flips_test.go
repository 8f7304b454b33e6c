package rpm_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
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
							flipLikeOracle(t, o, path)
						}
					}
				})
			}
		}
	}
}

// flipLikeOracle compares verdicts on copies of a package with one bit flipped.
func flipLikeOracle(t *testing.T, o testtool.Oracle, path string) {
	t.Helper()
	file, err := os.ReadFile(path)
	must(t, err)
	draw := rand.New(rand.NewPCG(1, uint64(len(file))))
	verdicts := map[string]flipVerdict{}
	args := []string{"-K", "--define", "_pkgverify_level digest"}
	for range testtool.Sets(8) * 25 {
		at, bit := draw.IntN(len(file)), draw.IntN(8)
		name := fmt.Sprintf("%s.%d.%d", path, at, bit)
		damaged := bytes.Clone(file)
		damaged[at] ^= 1 << bit
		must(t, os.WriteFile(name, damaged, 0o644))
		verdicts[name] = judgeFlip(damaged, o.AtLeast(t, 6, 0))
		args = append(args, name)
	}
	out, _ := o.Command("rpmkeys", args...).Output() // without an end of line where it gives up early
	for name, v := range verdicts {
		accepted := strings.Contains(string(out), strings.TrimPrefix(name, o.Root)+": digests OK\n")
		switch {
		case !v.noticed:
			t.Errorf("%s: not noticed", name)
		case v.accepted && !accepted:
			t.Errorf("%s: accepted, not by rpm", name)
		case accepted && !v.accepted: // in what versions of rpm look at differently
			t.Logf("%s: refused, not by rpm", name)
		}
		os.Remove(name)
	}
}

// flipVerdict is what comes of a flipped bit.
type flipVerdict struct {
	noticed  bool // at least as an oddity
	accepted bool
}

// judgeFlip judges a package, for rpm 6 by what that looks at.
func judgeFlip(file []byte, rpm6 bool) flipVerdict {
	_, v, err := rpm.CheckFile(bytes.NewReader(file), nil, rpm.ReaderOptions{})
	if err != nil {
		return flipVerdict{noticed: true}
	}
	ok := v.Err("it", rpm.LevelDigest) == nil
	f := flipVerdict{noticed: !ok || !v.Intact(), accepted: ok}
	if rpm6 {
		f.accepted = v.Summary6() == "digests OK"
	}
	return f
}
