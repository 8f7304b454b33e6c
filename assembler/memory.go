package assembler

import (
	"github.com/fimg/fimg/assembler/chroot"
	"github.com/fimg/fimg/internal/memory"
)

// memorySpare is what programs of the image and fimg itself are left, in bytes:
// dracut packs its archive in a /tmp that is in memory as well.
const memorySpare = 1 << 30

// rootToMemory puts the root tree into memory where nobody else can see the mount
// and three times its size is free. It stays on disk when it is to be kept, or
// when the caller chose the directory.
func (b *builder) rootToMemory() {
	if !b.opts.PrivateMounts || b.keep != "" || b.opts.WorkDir != "" {
		return
	}
	free := memory.Available("/")
	if free < 3*b.plan.Space.Installed+memorySpare {
		return
	}
	unmount, err := chroot.MountMemory(b.rootDir, free-memorySpare)
	if err != nil {
		if b.opts.Log != nil {
			b.opts.Log.Info("the root tree is on disk", "error", err)
		}
		return
	}
	b.memory = unmount
}
