package repodata

import "fmt"

// FormatError says where metadata is not what its format demands. Offset counts
// bytes of the decompressed file.
type FormatError struct {
	File   string // the kind of file: "primary.xml", "repomd.xml" …
	Offset int64
	Reason string
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("parse %s at byte %d: %s", e.File, e.Offset, e.Reason)
}
