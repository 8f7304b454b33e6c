package macro

import (
	"fmt"
	"strings"
	"testing"
)

func TestExpand(t *testing.T) {
	s := New("x86_64", map[string]string{"mine": "a%{_lib}", "loop": "%{loop}", "empty_one": ""})
	for text, want := range map[string]string{
		"plain": "plain", "%{_libdir}/x": "/usr/lib64/x", "%mine": "alib64", "%_bindir": "/usr/bin", "50%": "50%",
		"%%": "%", "%{unknown}": "%{unknown}", "%{?unknown}": "", "%{?unknown:x}": "", "%{!?unknown:x%{mine}}": "xalib64",
		"%{?mine:yes}": "yes", "%{!?mine:no}": "", "%{?mine}": "alib64", "%{open": "%{open", "%(shell)": "%(shell)",
		"%{empty_one}": "", "%{_arch}": "x86_64",
	} {
		if got, err := s.Expand(text); err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", text, got, err, want)
		}
	}
	if _, err := s.Expand("%{loop}"); err != ErrDepth {
		t.Errorf("loop: %v", err)
	}
	s.Undefine("mine")
	if s.Defined("mine") || !s.Defined("_lib") {
		t.Error("defined")
	}
}

// TestLimits has macros that double themselves, nest and pile up.
func TestLimits(t *testing.T) {
	s := New("x86_64", nil)
	for i := range 63 {
		s.Define(fmt.Sprintf("m%d", i+1), fmt.Sprintf("%%{m%d}", i))
		s.Define(fmt.Sprintf("nothing%d", i+1), fmt.Sprintf("%%{nothing%d}%%{nothing%d}", i, i))
		s.Define(fmt.Sprintf("double%d", i+1), fmt.Sprintf("%%{double%d}%%{double%d}", i, i))
		s.Define(fmt.Sprintf("with%d()", i+1), fmt.Sprintf("%%{with%d %%* %%*}", i))
	}
	for name, body := range map[string]string{"m0": "x", "nothing0": "", "double0": "x", "with0()": "%*", "self": "%{self} %{self}", "long": strings.Repeat("x", 1<<20)} {
		if err := s.Define(name, body); err != nil {
			t.Fatal(err)
		}
	}
	for text, want := range map[string]error{
		"%{m63}": nil, "%{double10}": nil, "%{double63}": ErrWork, "%{nothing63}": ErrWork, "%{with63 a}": nil,
		"%{self}": ErrDepth, strings.Repeat("%long ", 7): nil, strings.Repeat("%long ", 20): ErrWork,
		strings.Repeat("%{?x:", 100): nil, strings.Repeat("%{!?x:", 100) + strings.Repeat("}", 100): ErrDepth,
	} {
		if out, err := s.Expand(text); err != want || len(out) > maxWork {
			t.Errorf("%.20s gives %d bytes, %v, want %v", text, len(out), err, want)
		}
	}
	for i := range 20 {
		err := s.Define(fmt.Sprintf("big%d", i), strings.Repeat("x", 1<<20))
		if want := i >= 14; (err == ErrSet) != want {
			t.Errorf("%d: %v", i, err)
		}
	}
	for i := range 20 {
		s.Undefine(fmt.Sprintf("big%d", i))
		if err := s.Define("again", strings.Repeat("x", 1<<20)); err != nil {
			t.Error(err)
		}
	}
}

func FuzzExpand(f *testing.F) {
	f.Add("%{_libdir}%{!?x:%{?_lib:y}}%%%a%(")
	f.Fuzz(func(t *testing.T, text string) { New("s390x", nil).Expand(text) })
}
