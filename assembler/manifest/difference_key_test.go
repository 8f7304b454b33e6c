package manifest

import (
	"strings"
	"testing"
)

// TestCompareKeys has a public key in both sets: it has no architecture.
func TestCompareKeys(t *testing.T) {
	set := map[string]string{"gpg-pubkey-098cfd70-682bc920": "", "bash-0:5-1.noarch": "x"}
	if got := Compare(set, set, strings.Compare); len(got) != 0 {
		t.Errorf("differs: %v", got)
	}
}
