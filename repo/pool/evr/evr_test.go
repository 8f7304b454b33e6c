package evr

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
)

func TestVersion(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"1.0", "1.0", 0}, {"1.0", "2.0", -1}, {"2.0.1", "2.0", 1}, {"2.0.1a", "2.0.1", 1}, {"5.5p1", "5.5p10", -1},
		{"10xyz", "10.1xyz", -1}, {"xyz10", "xyz10.1", -1}, {"xyz.4", "8", -1}, {"1.0a", "1.0aa", -1}, {"10b2", "10a1", 1},
		{"6.0.rc1", "6.0", 1}, {"20101121", "20101122", -1}, {"2_0", "2.0", 0}, {"a+", "a_", 0}, {"007", "7", 0},
		{"1.0~rc1", "1.0", -1}, {"1.0~rc1", "1.0~rc2", -1}, {"1.0^", "1.0", 1}, {"1.0^git1", "1.0.1", -1}, {"1.0^git1~pre", "1.0^git1", -1},
	} {
		if got := Version(c.a, c.b); got != c.want {
			t.Errorf("Version(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
		if got := Version(c.b, c.a); got != -c.want {
			t.Errorf("Version(%q, %q) = %d, want %d", c.b, c.a, got, -c.want)
		}
	}
}

func TestCompare(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"1-1", "1-1", 0}, {"1:1-1", "2-1", 1}, {"0:1-1", "1-1", 0}, {"1-1", "1-2", -1}, {"1", "1-1", -1}, {"00:1", "1", 0}, {"10:1", "9:2", 1},
	} {
		if got := Compare(c.a, c.b); got != c.want {
			t.Errorf("Compare(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestIntersect(t *testing.T) {
	for _, c := range []struct {
		provideOp Op
		provide   string
		op        Op
		version   string
		want      bool
	}{
		{EQ, "1-7", EQ, "1", true}, {EQ, "1-7", GT, "1", false}, {EQ, "1-7", GT | EQ, "1", true}, {EQ, "1", EQ, "1-7", true},
		{EQ, "1-7", LT | EQ, "1", true}, {EQ, "2-1", GT, "1", true}, {EQ, "1:1-1", LT, "2", false}, {LT, "2", GT, "1", true},
		{GT, "2", LT, "2", false}, {GT | EQ, "2", EQ, "3", true}, {EQ, "1-1", EQ, "1-2", false}, {0, "", EQ, "1", false},
	} {
		if got := Intersect(c.provideOp, c.provide, c.op, c.version); got != c.want {
			t.Errorf("%v %s meets %v %s: %v, want %v", c.provideOp, c.provide, c.op, c.version, got, c.want)
		}
	}
}

// TestVersionAgainstRPM compares random versions with rpm's own comparison.
func TestVersionAgainstRPM(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	word := func() string {
		var b strings.Builder
		for range 1 + rng.IntN(7) {
			b.WriteByte("0011289abzA.._+~^"[rng.IntN(17)])
		}
		return b.String()
	}
	for range 30 {
		var pairs [][2]string
		var script strings.Builder
		script.WriteString("%{lua:t=''")
		for range 50 {
			a := word()
			b := word()
			if rng.IntN(2) == 0 {
				b = a[:rng.IntN(len(a))] + b
			}
			pairs = append(pairs, [2]string{a, b})
			fmt.Fprintf(&script, " t=t..' '..rpm.vercmp('%s','%s')", a, b)
		}
		script.WriteString(" print(t)}")
		answers := strings.Fields(testtool.Run(t, "rpm", "--eval", script.String()))
		if len(answers) != len(pairs) {
			t.Fatalf("rpm gave %d answers to %d questions", len(answers), len(pairs))
		}
		for i, p := range pairs {
			if got := fmt.Sprint(Version(p[0], p[1])); got != answers[i] {
				t.Errorf("Version(%q, %q) = %s, rpm says %s", p[0], p[1], got, answers[i])
			}
		}
	}
}

func FuzzVersion(f *testing.F) {
	f.Add("1.0~rc1", "1.0^git")
	f.Add("", "~")
	f.Fuzz(func(t *testing.T, a, b string) {
		if Version(a, b) != -Version(b, a) || Version(a, a) != 0 {
			t.Errorf("%q and %q compare unevenly", a, b)
		}
		if Compare(a, b) != -Compare(b, a) {
			t.Errorf("%q and %q compare unevenly as versions with release", a, b)
		}
	})
}
