// Package golden compares the resolver with recorded answers of dnf.
//
// A job file is JSON, possibly gzipped: {"meta": {"arch", "repositories"},
// "jobs": [{"id", "kind", "args", "exclude", "modules", "results": {variant:
// result}}]}, where a variant is weak or noweak, an underscore, best or nobest,
// and a result is {"ok": true, "install": [NEVRA…]}, {"ok": false, "stage":
// "mark" or "solve"} or {"same_as": variant}.
package golden

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// Variants are the four combinations of options of each job.
var Variants = []string{"weak_best", "weak_nobest", "noweak_best", "noweak_nobest"}

// File is a job file.
type File struct {
	Meta struct {
		Arch         string
		Repositories []string
	}
	Jobs []Job
}

// Job is one command line and what dnf made of it.
type Job struct {
	ID, Kind               string
	Args, Exclude, Modules []string
	Results                map[string]Result
}

// Result is one answer.
type Result struct {
	OK      bool
	Install []string // NEVRAs, sorted
	Stage   string   // of a refusal: mark or solve
	Error   string
	SameAs  string `json:"same_as"`
}

// Read reads a job file.
func Read(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
	}
	var file File
	if err := json.NewDecoder(r).Decode(&file); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return &file, nil
}

// Want is dnf's answer to a variant.
func (j *Job) Want(variant string) Result {
	r := j.Results[variant]
	for n := 0; r.SameAs != "" && n < len(Variants); n++ {
		r = j.Results[r.SameAs]
	}
	return r
}

var errDiffer = errors.New("answers differ")

// Compare returns an error that says how two answers differ, nil if they agree.
// Of refusals only the stage counts.
func Compare(want, got Result) error {
	switch {
	case want.OK != got.OK && want.OK:
		return fmt.Errorf("%w: refused (%s: %s) what dnf installs", errDiffer, got.Stage, got.Error)
	case want.OK != got.OK:
		return fmt.Errorf("%w: installs what dnf refuses (%s: %s)", errDiffer, want.Stage, want.Error)
	case !want.OK && want.Stage != got.Stage:
		return fmt.Errorf("%w: refused at stage %s instead of %s: %s", errDiffer, got.Stage, want.Stage, got.Error)
	}
	missing, extra := difference(want.Install, got.Install), difference(got.Install, want.Install)
	if len(missing)+len(extra) == 0 {
		return nil
	}
	return fmt.Errorf("%w: of %d packages missing %v, extra %v", errDiffer, len(want.Install), missing, extra)
}

// difference returns what of a is not in b.
func difference(a, b []string) (out []string) {
	in := map[string]bool{}
	for _, s := range b {
		in[s] = true
	}
	for _, s := range a {
		if !in[s] {
			out = append(out, s)
		}
	}
	return out
}
