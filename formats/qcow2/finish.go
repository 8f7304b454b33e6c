package qcow2

import (
	"bytes"
	"math/bits"
)

// host hands out the clusters of the image file and counts their references.
type host struct {
	size   int64    // of a cluster
	most   uint64   // the largest refcount that can be stored
	counts []uint32 // references of each cluster
	next   int64    // where the next compressed data may go; zero for nowhere
}

// most is the largest count of a refcount of so many bits, as far as ours go.
func most(refcountBits int) uint64 {
	return 1<<min(uint(refcountBits), 32) - 1
}

// clusters allocates n adjacent clusters and returns the offset of the first.
func (h *host) clusters(n int64) int64 {
	at := int64(len(h.counts)) * h.size
	for range n {
		h.counts = append(h.counts, 1)
	}
	return at
}

// bytes allocates n bytes for compressed data, which may share clusters with
// other compressed data: where the last ended, when it fits there or when the
// next cluster is still free, else at the start of a new cluster.
func (h *host) bytes(n int64) int64 {
	room := (h.size - h.next%h.size) % h.size
	cluster := h.next / h.size
	last := int64(len(h.counts)) - 1
	if room == 0 || uint64(h.counts[cluster]) >= h.most || (n > room && cluster != last) {
		h.next = h.clusters(1)
		h.counts[h.next/h.size] = 0
	}
	at := h.next
	h.next += n
	for c := at / h.size; c <= (h.next-1)/h.size; c++ {
		if c == int64(len(h.counts)) {
			h.clusters(1)
			continue
		}
		h.counts[c]++
	}
	return at
}

// finish writes the tables that are only known at the end, then the header.
func (w *writer) finish() error {
	for w.l2at < int64(len(w.l1)) {
		if err := w.endTable(); err != nil {
			return err
		}
	}
	if err := w.putTable(w.l1, w.host.size); err != nil {
		return err
	}
	table, tableClusters, err := w.putRefcounts()
	if err != nil {
		return err
	}
	if err := w.putHeader(table, tableClusters); err != nil {
		return err
	}
	if err := w.file.Flush(); err != nil {
		return err
	}
	return w.target.Truncate(int64(len(w.host.counts)) * w.host.size)
}

// putRefcounts writes the refcount blocks and the refcount table; both count
// themselves (specification, "Host cluster management").
func (w *writer) putRefcounts() (at, clusters int64, err error) {
	perBlock := w.host.size * 8 / int64(w.RefcountBits)
	used := int64(len(w.host.counts))
	var blocks int64
	for {
		needBlocks := ceil(used+blocks+clusters, perBlock)
		needClusters := ceil(needBlocks*8, w.host.size)
		if needBlocks == blocks && needClusters == clusters {
			break
		}
		blocks, clusters = needBlocks, needClusters
	}
	first := w.host.clusters(blocks)
	at = w.host.clusters(clusters)
	table := make([]uint64, clusters*w.host.size/8)
	for i := range blocks {
		table[i] = uint64(first + i*w.host.size)
		counts := w.host.counts[i*perBlock : min((i+1)*perBlock, int64(len(w.host.counts)))]
		if _, err := w.file.WriteAt(w.refcountBlock(counts), int64(table[i])); err != nil {
			return 0, 0, err
		}
	}
	return at, clusters, w.putTable(table, at)
}

// refcountBlock packs counts; entries smaller than a byte start at the least
// significant bit, larger ones are big endian.
func (w *writer) refcountBlock(counts []uint32) []byte {
	block := make([]byte, w.host.size)
	width := w.RefcountBits
	for i, c := range counts {
		if width < 8 {
			block[i*width/8] |= byte(c) << (i * width % 8)
			continue
		}
		entry := block[i*width/8 : (i+1)*width/8]
		for b := range min(len(entry), 4) {
			entry[len(entry)-1-b] = byte(c >> (8 * b))
		}
	}
	return block
}

func (w *writer) putHeader(table, tableClusters int64) error {
	h := Header{
		Magic: Magic, Version: uint32(w.Version), ClusterBits: uint32(w.bits), Size: uint64(w.size),
		L1Size: uint32(len(w.l1)), L1TableOffset: uint64(w.host.size),
		RefcountTableOffset: uint64(table), RefcountTableClusters: uint32(tableClusters),
	}
	v3 := HeaderV3{RefcountOrder: uint32(bits.TrailingZeros(uint(w.RefcountBits))), HeaderLength: lengthV3}
	if w.LazyRefcounts {
		v3.CompatibleFeatures |= compatLazyRefcounts
	}
	kind := byte(typeZlib)
	if w.Compression == "zstd" {
		kind = typeZstd
		v3.IncompatibleFeatures |= incompatCompression
		v3.HeaderLength = lengthType
	}
	var buf bytes.Buffer
	if err := encode(&buf, h, v3, kind); err != nil {
		return err
	}
	_, err := w.file.WriteAt(buf.Bytes(), 0)
	return err
}
