package install

import (
	"bufio"
	"testing"
)

// When a program has read a part of its lines, the rest is not made.
func TestLineReader(t *testing.T) {
	made, ended := 0, false
	in := newLineReader(func(yield func(string) bool) {
		defer func() { ended = true }()
		for made < 1000 && yield("line") {
			made++
		}
	})
	if line, err := bufio.NewReaderSize(in, 16).ReadString('\n'); line != "line\n" || err != nil {
		t.Errorf("%q, %v", line, err)
	}
	in.stop()
	if !ended || made > 10 {
		t.Errorf("%d lines are made, ended: %v", made, ended)
	}
}
