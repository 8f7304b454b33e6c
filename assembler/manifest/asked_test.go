package manifest

import (
	"errors"
	"strings"
	"testing"
)

// TestCheckAsked refuses a lock for anything but what it was made for.
func TestCheckAsked(t *testing.T) {
	lock := Lock{Asked: []string{"image package a", "image package b"}, Bases: []LockedBase{{"oci:/base", "sha256:1"}}}
	for _, c := range []struct {
		asked []string
		bases []LockedBase
		want  string
	}{
		{lock.Asked, lock.Bases, ""},
		{[]string{"image package a", "image package b", "image package c"}, lock.Bases, "asks for image package c, for which it was not made"},
		{[]string{"x", "y"}, lock.Bases, "asks for x and 1 more"},
		{[]string{"image package a"}, lock.Bases, "made for image package b, for which the description does not ask"},
		{lock.Asked, nil, "an image on oci:/base"},
		{lock.Asked, []LockedBase{{"oci:/base", "sha256:2"}}, "oci:/base is sha256:2 now, it was made for sha256:1"},
		{lock.Asked, []LockedBase{lock.Bases[0], {"oci:/more", "sha256:3"}}, "an image without oci:/more"},
	} {
		err := lock.CheckAsked(c.asked, c.bases)
		var bad *LockError
		if c.want == "" && err != nil || c.want != "" && (!errors.As(err, &bad) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%q, %v: %v, want %q", c.asked, c.bases, err, c.want)
		}
	}
	if err := (&Lock{}).CheckAsked([]string{"x"}, lock.Bases); err != nil {
		t.Errorf("a lock that says nothing: %v", err)
	}
}
