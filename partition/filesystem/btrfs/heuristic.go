package btrfs

import (
	"bytes"
	"math/bits"
)

// The kernel's guess whether data are worth compressing (fs/btrfs/compression.c):
// 16 bytes out of every 256 are sampled and judged by repetition, by the number
// of different bytes and by their entropy.
const (
	sampleBytes    = 16
	sampleInterval = 256
	pageBytes      = 4096
)

// worthTrying tells whether the block, whole sectors with zeros behind the end of
// the file, looks compressible.
func worthTrying(block []byte) bool {
	var store [blockBytes * sampleBytes / sampleInterval]byte
	sample := store[:0]
	for at := 0; at+sampleBytes < len(block) && len(sample)+sampleBytes <= len(store); at += sampleInterval {
		sample = append(sample, block[at:at+sampleBytes]...)
	}
	if half := len(sample) / 2; bytes.Equal(sample[:half], sample[half:2*half]) {
		return true
	}
	var count [256]uint32
	if histogram(&count, sample) < 64 {
		return true
	}
	core := coreSet(&count, len(sample))
	switch {
	case core <= 64:
		return true
	case core >= 200:
		return false
	}
	return entropy(&count, len(sample)) < 80
}

// histogram counts the bytes of a sample, a multiple of sampleBytes, and returns how
// many different ones there are. Neighbours, which are often the same, are counted
// in two places: a processor waits for what it has just written.
func histogram(count *[256]uint32, sample []byte) (distinct int) {
	var odd [256]uint32
	for ; len(sample) >= 8; sample = sample[8:] {
		v := le.Uint64(sample)
		count[byte(v)]++
		odd[byte(v>>8)]++
		count[byte(v>>16)]++
		odd[byte(v>>24)]++
		count[byte(v>>32)]++
		odd[byte(v>>40)]++
		count[byte(v>>48)]++
		odd[byte(v>>56)]++
	}
	for i, n := range odd {
		count[i] += n
		if count[i] > 0 {
			distinct++
		}
	}
	return distinct
}

// coreSet is how many different bytes make up nine tenths of the sample, 63 at
// least. Counts of 256 and more need no sorting: in a sample of 8 KiB they are
// 32 at most.
func coreSet(count *[256]uint32, size int) int {
	var having [256]uint16 // how many bytes have a count
	threshold, sum, i := uint32(size*90/100), uint32(0), 0
	for _, c := range count {
		if c < 256 {
			having[c]++
			continue
		}
		sum += c
		i++
	}
	for c := uint32(255); c > 0; c-- {
		for range having[c] {
			sum += c
			if i >= 63 && sum > threshold {
				return i
			}
			i++
		}
	}
	return len(count)
}

// entropy is that of Shannon in per cent of the highest possible, in the kernel's
// integer arithmetic: logarithms are those of the fourth power.
func entropy(count *[256]uint32, size int) int {
	sum, base := 0, log4(uint64(size))
	for _, c := range count {
		if c > 0 {
			sum += int(c) * (base - log4(uint64(c)))
		}
	}
	sum /= size
	return sum * 100 / (8 * log4(2))
}

func log4(n uint64) int { return bits.Len64(n*n*n*n) - 1 }
