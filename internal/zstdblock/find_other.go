//go:build !amd64 || purego

package zstdblock

// search splits src but for the literals at its end, and returns where they begin.
func (f *finder) search(src []byte) (anchor int) { return f.findSlow(src) }
