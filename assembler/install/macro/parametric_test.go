package macro

import "testing"

// TestCall expands macros with parameters, as rpmlua 4.20 and 6.1 do.
func TestCall(t *testing.T) {
	s := New("x86_64", nil)
	s.Define("x(fg:)", "1=%1 n=%# all=%* f=%{-f:yes}%{!-f:no} g=%{-g*} gg=%{-g} **=%** 2=%{?2} %0")
	s.Define("none(-)", "%{?1:[%1]}%{!?2:alone} %9")
	s.Define("loop()", "%{loop a}")
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"x", []string{"-f", "p", "q"}, "1=p n=2 all=p q f=yes g= gg= **=-f p q 2=q x"},
		{"x", []string{"-g", "v", "s t", "u"}, "1=s t n=2 all=s t u f=no g=v gg=-g v **=-g v s t u 2=u x"},
		{"x", []string{"-fgv", "--", "-f"}, "1=-f n=1 all=-f f=yes g=v gg=-g v **=-fgv -- -f 2= x"},
		{"none", []string{"-f"}, "[-f]alone %9"},
		{"none", []string{"%_bindir", "b"}, "[%_bindir] %9"},
	} {
		if got, err := s.Call(c.name, c.args); err != nil || got != c.want {
			t.Errorf("%s %q: %q, %v, want %q", c.name, c.args, got, err, c.want)
		}
	}
	for _, args := range [][]string{{"-q"}, {"-g"}, {"-:"}} {
		if _, err := s.Call("x", args); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
	if got, err := s.Expand("%{none a b}|%{x -q}|%1|%{1}|%{-f:x}|%#"); err != nil || got != "[a] %9|%{x -q}|%1|%{1}|%{-f:x}|%#" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := s.Call("loop", nil); err != ErrDepth {
		t.Error(err)
	}
	if s.Undefine("x"); s.Parametric("x") {
		t.Error("x is still there")
	}
}
