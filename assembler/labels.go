package assembler

import (
	"fmt"

	"github.com/fimg/fimg/assembler/system/selinux"
)

// loadLabels has the image's own SELinux policy say what labels the disk's files
// get, once nothing changes the tree or the policy any more. An image without a
// policy has no labels; those of this machine never reach a disk that has.
func (b *builder) loadLabels() error {
	contexts, err := selinux.Load(b.root, b.plan.Image.Type.Attr.SELinuxPolicy)
	if err != nil {
		return fmt.Errorf("label files: %w", err)
	}
	if contexts != nil {
		b.label = contexts.Node
	}
	return nil
}
