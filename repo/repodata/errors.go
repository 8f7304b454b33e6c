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

// rejected places an error of whoever takes the packages.
func (t *tokens) rejected(err error) error {
	if err == nil {
		return nil
	}
	reason := []rune(err.Error())
	if len(reason) > 500 {
		reason = append(reason[:500], '…')
	}
	return t.fail("%s", string(reason))
}
