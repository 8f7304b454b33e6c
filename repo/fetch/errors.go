package fetch

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"syscall"

	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/repo/digest"
)

// Error says that a file could not be had from any mirror.
type Error struct {
	Repository string
	File       string    // path below the repository, or the address of a single file
	Attempts   []Attempt // what was tried, in order
}

// Attempt is one failed request.
type Attempt struct {
	URL string // without credentials
	Err error
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "download %s of repository %s: ", e.File, e.Repository)
	if len(e.Attempts) == 0 {
		b.WriteString("no mirror left to ask")
	}
	for i, said := range e.told() {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(said)
	}
	return b.String()
}

// told is what happened, each thing once and with how often it did.
func (e *Error) told() []string {
	var list []string
	times := map[string]int{}
	for _, a := range e.Attempts {
		said := fmt.Sprintf("%s: %v", a.URL, a.Err)
		if times[said]++; times[said] == 1 {
			list = append(list, said)
		}
	}
	for i, said := range list {
		if n := times[said]; n > 1 {
			list[i] = fmt.Sprintf("%s (%d times)", said, n)
		}
	}
	return list
}

// Unwrap returns the causes.
func (e *Error) Unwrap() []error {
	errs := make([]error, len(e.Attempts))
	for i, a := range e.Attempts {
		errs[i] = a.Err
	}
	return errs
}

// FaultClass is Signature when every mirror served wrong bytes, else Repository.
func (e *Error) FaultClass() fault.Class {
	for _, a := range e.Attempts {
		if fault.Of(a.Err) != fault.Signature {
			return fault.Repository
		}
	}
	if len(e.Attempts) == 0 {
		return fault.Repository
	}
	return fault.Signature
}

// Hint suggests what to look at.
func (e *Error) Hint() string {
	return "check the address of the repository and the network, or build with --offline from the cache"
}

// ChecksumError says that a file is not what trusted metadata says it is.
type ChecksumError struct {
	Repository, File  string
	Want, Got         digest.Checksum
	WantSize, GotSize int64 // WantSize is negative when unknown
}

func (e *ChecksumError) Error() string {
	if e.WantSize >= 0 && e.WantSize != e.GotSize {
		return fmt.Sprintf("%s of repository %s has %d bytes, expected %d", e.File, e.Repository, e.GotSize, e.WantSize)
	}
	return fmt.Sprintf("%s of repository %s has checksum %s, expected %s", e.File, e.Repository, e.Got, e.Want)
}

// FaultClass is Signature.
func (e *ChecksumError) FaultClass() fault.Class { return fault.Signature }

// OfflineError says that a file would have to be downloaded and must not.
type OfflineError struct{ Repository, File string }

func (e *OfflineError) Error() string {
	return fmt.Sprintf("%s of repository %s is not in the cache, and the network must not be used", e.File, e.Repository)
}

// FaultClass is Repository.
func (e *OfflineError) FaultClass() fault.Class { return fault.Repository }

// Hint names the way out.
func (e *OfflineError) Hint() string { return "run once without --offline to fill the cache" }

// writeError is a fault of the disk here, which no other mirror mends.
type writeError struct{ err error }

func (e *writeError) Error() string { return fmt.Sprintf("write downloaded file: %v", e.err) }
func (e *writeError) Unwrap() error { return e.err }

// FaultClass is Space for a full disk or quota.
func (e *writeError) FaultClass() fault.Class {
	if errors.Is(e.err, syscall.ENOSPC) || errors.Is(e.err, syscall.EDQUOT) {
		return fault.Space
	}
	return fault.Internal
}

// redact removes the password from an address that goes into a message.
func redact(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "invalid address"
	}
	u.User = nil
	return u.String()
}
