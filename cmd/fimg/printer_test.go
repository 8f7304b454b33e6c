package main

import (
	"io"
	"strings"
	"testing"

	"github.com/fimg/fimg/assembler"
	"github.com/fimg/fimg/description"
)

// Who builds is told what the plan would say.
func TestNotesAreWarnings(t *testing.T) {
	var text strings.Builder
	a := &app{out: io.Discard, err: &text}
	a.newPrinter().notes(&assembler.Plan{Image: &description.Image{Name: "cloud"}, Notes: []string{"config.xml:1: odd"}})
	if got := text.String(); got != "fimg: warning: cloud: config.xml:1: odd\n" {
		t.Errorf("%q", got)
	}
}
