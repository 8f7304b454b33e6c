package fetch

import (
	"errors"
	"testing"
)

// What happened several times is told once.
func TestErrorTellsOnce(t *testing.T) {
	refused := errors.New("connection refused")
	e := &Error{Repository: "r", File: "f", Attempts: []Attempt{{"http://a/f", refused}, {"http://b/f", errors.New("404")}, {"http://a/f", refused}}}
	if want := "download f of repository r: http://a/f: connection refused (2 times); http://b/f: 404"; e.Error() != want {
		t.Errorf("%q, want %q", e.Error(), want)
	}
}
