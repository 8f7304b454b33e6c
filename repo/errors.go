package repo

import (
	"errors"
	"fmt"

	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/repo/comps"
	"github.com/fimg/fimg/repo/modules"
	"github.com/fimg/fimg/repo/repodata"
)

// MetadataError says that a repository's metadata cannot be used. Where the
// format is at fault, Offset is the byte of the decompressed file.
type MetadataError struct {
	Repository string
	File       string
	Offset     int64 // negative when no place can be named
	Err        error
}

func (e *MetadataError) Error() string {
	if e.Offset >= 0 {
		return fmt.Sprintf("repository %s: %s at byte %d: %s", e.Repository, e.File, e.Offset, e.reason())
	}
	return fmt.Sprintf("repository %s: %s: %v", e.Repository, e.File, e.Err)
}

func (e *MetadataError) reason() string {
	var format *repodata.FormatError
	if errors.As(e.Err, &format) {
		return format.Reason
	}
	return e.Err.Error()
}

// Unwrap returns the cause.
func (e *MetadataError) Unwrap() error { return e.Err }

// FaultClass is that of the cause where it has one, else Repository.
func (e *MetadataError) FaultClass() fault.Class { return classOf(e.Err) }

// metadataError names repository and file; the offset comes from a FormatError.
func metadataError(repository, file string, err error) error {
	e := &MetadataError{repository, file, -1, err}
	var format *repodata.FormatError
	var group *comps.FormatError
	var module *modules.FormatError
	switch {
	case errors.As(err, &format):
		e.Offset = format.Offset
	case errors.As(err, &group):
		e.Offset, e.Err = group.Offset, group.Err
	case errors.As(err, &module):
		e.Offset, e.Err = module.Offset, module.Err
	}
	return e
}

// SignatureError says that a signature that was asked for is missing, bad or by
// somebody else.
type SignatureError struct {
	Repository, File string
	Err              error
}

func (e *SignatureError) Error() string {
	return fmt.Sprintf("verify signature of %s of repository %s: %v", e.File, e.Repository, e.Err)
}

// Unwrap returns the cause.
func (e *SignatureError) Unwrap() error { return e.Err }

// FaultClass is Signature.
func (e *SignatureError) FaultClass() fault.Class { return fault.Signature }

// Hint names what decides it.
func (e *SignatureError) Hint() string {
	return "check the signing keys given for the repository"
}

// SourceError says that a source cannot be used as it is configured.
type SourceError struct {
	Repository string
	Err        error
}

func (e *SourceError) Error() string { return fmt.Sprintf("repository %s: %v", e.Repository, e.Err) }

// Unwrap returns the cause.
func (e *SourceError) Unwrap() error { return e.Err }

// FaultClass is that of the cause where it has one, else Repository.
func (e *SourceError) FaultClass() fault.Class { return classOf(e.Err) }

func classOf(err error) fault.Class {
	var classed fault.Classed
	if errors.As(err, &classed) {
		return classed.FaultClass()
	}
	return fault.Repository
}
