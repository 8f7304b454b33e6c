package macro

import "testing"

func TestExpand(t *testing.T) {
	s := New("x86_64", map[string]string{"mine": "a%{_lib}", "loop": "%{loop}", "empty_one": ""})
	for text, want := range map[string]string{
		"plain": "plain", "%{_libdir}/x": "/usr/lib64/x", "%mine": "alib64", "%_bindir": "/usr/bin", "50%": "50%",
		"%%": "%", "%{unknown}": "%{unknown}", "%{?unknown}": "", "%{?unknown:x}": "", "%{!?unknown:x%{mine}}": "xalib64",
		"%{?mine:yes}": "yes", "%{!?mine:no}": "", "%{?mine}": "alib64", "%{open": "%{open", "%(shell)": "%(shell)",
		"%{empty_one}": "", "%{_arch}": "x86_64",
	} {
		if got := s.Expand(text); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
	if got := s.Expand("%{loop}"); got != "%{loop}" {
		t.Errorf("loop: %q", got)
	}
	s.Undefine("mine")
	if s.Defined("mine") || !s.Defined("_lib") {
		t.Error("defined")
	}
}

func FuzzExpand(f *testing.F) {
	f.Add("%{_libdir}%{!?x:%{?_lib:y}}%%%a%(")
	f.Fuzz(func(t *testing.T, text string) { New("s390x", nil).Expand(text) })
}
