package assembler

import (
	"testing"

	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/repo/rpm"
)

// TestAddKey gives a page that says "not found" for a key.
func TestAddKey(t *testing.T) {
	b := &builder{keys: &rpm.Keyring{}}
	if err := b.addKey("fedora", []byte("<html>not found</html>")); fault.Of(err) != fault.Signature {
		t.Errorf("a page is taken for a key: %v", err)
	}
	if err := b.addKey("fedora", nil); fault.Of(err) != fault.Signature {
		t.Errorf("nothing is taken for a key: %v", err)
	}
}
