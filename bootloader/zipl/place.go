package zipl

import "fmt"

// placement is where the parts of a program are loaded.
type placement struct {
	parameters, initrd, initrdSize, environment uint64
}

// place puts the parameters, the initial RAM disk and the environment behind the
// kernel.
func (p *Program) place() (placement, error) {
	next := uint64(kernelAddress)
	take := func(size int64, align uint64) uint64 {
		at := (next + align - 1) / align * align
		next = at + uint64(size)
		return at
	}
	if p.Kernel.Size <= kernelAddress {
		return placement{}, fmt.Errorf("a kernel of %d bytes is none", p.Kernel.Size)
	}
	take(p.Kernel.Size, pageSize)
	w := placement{parameters: take(parameterRoom, pageSize)}
	w.environment = take(environmentMax, pageSize)
	if p.Initrd != nil {
		w.initrd, w.initrdSize = take(p.Initrd.Size, initrdAlign), uint64(p.Initrd.Size)
	}
	if next > addressLimit {
		return w, fmt.Errorf("kernel and initial RAM disk end at %#x, above the limit of %#x", next, uint64(addressLimit))
	}
	return w, nil
}
