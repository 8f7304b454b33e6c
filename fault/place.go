package fault

import (
	"errors"
	"io/fs"
	"syscall"
)

// Place gives an error of a file or directory that the caller named the class Usage
// where the name is to blame: it leads nowhere, to something else, or to where
// nothing may be written. Any other error is returned as it is.
func Place(err error) error {
	for _, cause := range []error{fs.ErrNotExist, fs.ErrExist, fs.ErrPermission, syscall.ENOTDIR, syscall.EISDIR, syscall.EROFS} {
		if errors.Is(err, cause) {
			return New(Usage, err)
		}
	}
	return err
}
