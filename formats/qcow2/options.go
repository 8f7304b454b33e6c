package qcow2

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// Preallocation modes, as qemu-img names them.
const (
	PreallocOff      = "off"
	PreallocMetadata = "metadata"
	PreallocFalloc   = "falloc"
	PreallocFull     = "full"
)

// Options shape an image. The zero value is what "qemu-img convert -c" makes:
// version 3, 64 KiB clusters, zlib, 16-bit refcounts.
type Options struct {
	Version       int    // 2 or 3; zero means 3
	ClusterSize   int    // power of two, 512 bytes to 2 MiB; zero means 64 KiB
	Compression   string // "zlib", "zstd" (version 3) or "none"; empty means zlib
	LazyRefcounts bool   // sets the feature bit (version 3)
	RefcountBits  int    // power of two up to 64 (version 3); zero means 16
	// Preallocation gives every cluster of the disk a place in the file and
	// so turns compression off; empty means off.
	Preallocation string
}

// FromQemu reads options under the names that qemu-img gives them: compat,
// cluster_size, compression_type, lazy_refcounts, refcount_bits, preallocation.
// Options that would make the image depend on other files or keys are refused;
// nocow and extent_size_hint concern only the host's file system and are ignored.
func FromQemu(list map[string]string) (Options, error) {
	var o Options
	for key, value := range list {
		if err := o.set(key, value); err != nil {
			return Options{}, fmt.Errorf("%s=%s: %w", key, value, err)
		}
	}
	_, err := o.normal()
	return o, err
}

func (o *Options) set(key, value string) (err error) {
	switch key {
	case "compat":
		o.Version, err = version(value)
	case "cluster_size":
		o.ClusterSize, err = size(value)
	case "compression_type":
		o.Compression = value
	case "lazy_refcounts":
		o.LazyRefcounts, err = onOff(value)
	case "refcount_bits":
		o.RefcountBits, err = strconv.Atoi(value)
	case "preallocation":
		o.Preallocation = value
	case "extended_l2", "data_file_raw", "encryption":
		on, bad := onOff(value)
		if err = bad; on {
			err = fmt.Errorf("not supported")
		}
	case "nocow":
		_, err = onOff(value)
	case "extent_size_hint":
		_, err = size(value)
	default:
		err = fmt.Errorf("not supported")
	}
	return err
}

func version(compat string) (int, error) {
	switch compat {
	case "0.10", "v2":
		return 2, nil
	case "1.1", "v3":
		return 3, nil
	}
	return 0, fmt.Errorf("want 0.10 or 1.1")
}

func onOff(value string) (bool, error) {
	switch value {
	case "on", "yes", "true", "y":
		return true, nil
	case "off", "no", "false", "n":
		return false, nil
	}
	return false, fmt.Errorf("want on or off")
}

// size reads a number of bytes with an optional suffix k, M (powers of 1024).
func size(text string) (int, error) {
	shift := 0
	switch strings.ToLower(text[max(len(text)-1, 0):]) {
	case "k":
		shift = 10
	case "m":
		shift = 20
	case "b":
	default:
		text += "b"
	}
	n, err := strconv.ParseUint(text[:len(text)-1], 10, 32)
	if err != nil {
		return 0, fmt.Errorf("want a size in bytes, with k or M")
	}
	return int(n << shift), nil
}

// normal fills in the defaults and checks that the options go together.
func (o Options) normal() (Options, error) {
	def(&o.Version, 3)
	def(&o.ClusterSize, 64<<10)
	def(&o.RefcountBits, 16)
	def(&o.Compression, "zlib")
	def(&o.Preallocation, PreallocOff)
	switch {
	case o.Version != 2 && o.Version != 3:
		return o, fmt.Errorf("version %d: want 2 or 3", o.Version)
	case o.ClusterSize < 512 || o.ClusterSize > 2<<20 || bits.OnesCount(uint(o.ClusterSize)) != 1:
		return o, fmt.Errorf("cluster_size %d: want a power of two between 512 and 2M", o.ClusterSize)
	case o.RefcountBits < 1 || o.RefcountBits > 64 || bits.OnesCount(uint(o.RefcountBits)) != 1:
		return o, fmt.Errorf("refcount_bits %d: want a power of two up to 64", o.RefcountBits)
	case o.Compression != "zlib" && o.Compression != "zstd" && o.Compression != "none":
		return o, fmt.Errorf("compression_type %s: want zlib or zstd", o.Compression)
	case o.Version == 2 && (o.RefcountBits != 16 || o.LazyRefcounts || o.Compression == "zstd"):
		return o, fmt.Errorf("refcount_bits, lazy_refcounts and compression_type=zstd need compat=1.1")
	}
	return o, o.prealloc()
}

func (o *Options) prealloc() error {
	switch o.Preallocation {
	case PreallocOff:
	case PreallocMetadata, PreallocFalloc, PreallocFull:
		o.Compression = "none"
	default:
		return fmt.Errorf("preallocation %s: want off, metadata, falloc or full", o.Preallocation)
	}
	return nil
}

func def[T comparable](p *T, value T) {
	var zero T
	if *p == zero {
		*p = value
	}
}
