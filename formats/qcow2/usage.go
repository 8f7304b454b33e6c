package qcow2

import "github.com/fimg/fimg/formats/disk"

// usage knows which clusters of the file are taken. It takes memory for what is
// taken, not for the size of the file, which may be all holes.
type usage struct {
	file, cluster int64
	taken         map[int64]uint64 // 64 clusters each, a bit for each
	shared        map[int64]bool
}

func newUsage(file, cluster int64) *usage {
	return &usage{file: file, cluster: cluster, taken: map[int64]uint64{}, shared: map[int64]bool{}}
}

// take claims n bytes at an offset, which must begin a cluster and may run over
// the end of the file by less than one.
func (u *usage) take(at uint64, n int64, what string) error {
	if at%uint64(u.cluster) != 0 || !within(at, uint64(max(n-u.cluster+1, 0)), u.file) || at >= uint64(u.file) && n > 0 {
		return disk.Corrupt("qcow2", "%s at %d lies outside the file or is not aligned", what, at)
	}
	for c := int64(at) / u.cluster; c < ceil(int64(at)+n, u.cluster); c++ {
		if u.taken[c/64]>>(c%64)&1 != 0 {
			return disk.Corrupt("qcow2", "%s at %d overlaps another part of the image", what, at)
		}
		u.taken[c/64] |= 1 << (c % 64)
	}
	return nil
}

// share checks where compressed data begins: in the file, in no cluster that is
// taken, and nowhere else's beginning.
func (u *usage) share(at int64) error {
	if at >= u.file {
		return disk.Corrupt("qcow2", "compressed cluster at %d lies outside the file", at)
	}
	if c := at / u.cluster; u.taken[c/64]>>(c%64)&1 != 0 || u.shared[at] {
		return disk.Corrupt("qcow2", "compressed cluster at %d overlaps another part of the image", at)
	}
	u.shared[at] = true
	return nil
}
