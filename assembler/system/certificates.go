package system

import (
	"context"
	"fmt"
	"path"
)

// anchors are where distributions look for further CA certificates, and the
// program that reads them.
var anchors = map[string][2]string{
	"redhat":    {"etc/pki/ca-trust/source/anchors", "update-ca-trust"},
	"suse":      {"etc/pki/trust/anchors", "update-ca-certificates"},
	"debian":    {"usr/local/share/ca-certificates", "update-ca-certificates"},
	"archlinux": {"etc/ca-certificates/trust-source/anchors", "update-ca-trust"},
}

// TrustCertificates copies the description's CA certificates into the image and
// has the image's own tool take them up.
func (s *System) TrustCertificates(ctx context.Context) error {
	c := s.Image.Certificates
	if c == nil {
		return nil
	}
	place, ok := anchors[c.TargetDistribution]
	if !ok {
		return fmt.Errorf("%s: trust certificates: target distribution %q is not known", c.Source, c.TargetDistribution)
	}
	if err := s.Root.MkdirAll(place[0], 0o755); err != nil {
		return fmt.Errorf("trust certificates: %w", err)
	}
	for _, name := range c.Files {
		data, err := s.readFile(name)
		if err == nil {
			err = s.Root.WriteFile(path.Join(place[0], path.Base(name)), data, 0o644)
		}
		if err != nil {
			return fmt.Errorf("%s: trust certificate %s: %w", c.Source, name, err)
		}
	}
	return s.run(ctx, place[1])
}
