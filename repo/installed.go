package repo

import (
	"fmt"

	"github.com/fimg/fimg/repo/pool"
	"github.com/fimg/fimg/repo/rpm"
)

// Installed makes an index of the packages that a database of installed packages
// holds, for a universe's source of that kind. Keys, which the database holds as
// packages, are left out.
func Installed(headers []*rpm.Header) (*pool.Index, error) {
	b := pool.NewBuilder("")
	for _, h := range headers {
		if h.Identity().Name == "gpg-pubkey" {
			continue
		}
		p, err := fromHeader(h)
		if err != nil {
			return nil, fmt.Errorf("read installed packages: %s: %w", h.Identity().Name, err)
		}
		if err := b.Add(p); err != nil {
			return nil, fmt.Errorf("read installed packages: %w", err)
		}
	}
	return b.Index(), nil
}
