package qcow2

import (
	"bytes"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"

	"github.com/fimg/fimg/formats/disk"
)

// image is an open image; only the L2 tables in use are held.
type image struct {
	Info
	r      io.ReaderAt
	size   int64
	tables [][]uint64 // by index in the L1 table, nil where nothing is mapped
	flates sync.Pool
	zstds  sync.Pool
}

// maxMapped is the most memory spent on L2 tables: enough for 8 TiB of data in
// clusters of 64 KiB.
const maxMapped = 1 << 30

// load reads the tables and checks that they describe a proper image.
func (m *image) load() error {
	used := newUsage(m.size, m.cluster())
	if err := m.reserve(used); err != nil {
		return err
	}
	need := ceil(ceil(int64(m.Size), m.cluster()), m.perTable())
	l1, err := readTable(m.r, m.L1TableOffset, need)
	if err != nil {
		return err
	}
	m.tables = make([][]uint64, need)
	loaded := int64(0)
	for i, e := range l1 {
		at := e & offsetMask
		if at == 0 {
			continue
		}
		if err := used.take(at, m.cluster(), "L2 table"); err != nil {
			return err
		}
		if loaded += m.cluster(); loaded > maxMapped {
			return disk.Corrupt("qcow2", "more than %d bytes of L2 tables", maxMapped)
		}
		if m.tables[i], err = readTable(m.r, at, m.perTable()); err != nil {
			return err
		}
	}
	return m.checkMapped(used)
}

// reserve marks the header and the tables other than L2.
func (m *image) reserve(used *usage) error {
	if err := used.take(0, 1, "header"); err != nil {
		return err
	}
	if m.L1Size > 0 {
		if err := used.take(m.L1TableOffset, int64(m.L1Size)*8, "L1 table"); err != nil {
			return err
		}
	}
	return m.reserveRefcounts(used)
}

func (m *image) reserveRefcounts(used *usage) error {
	n := int64(m.RefcountTableClusters) * m.cluster()
	if n > 64<<20 {
		return disk.Corrupt("qcow2", "refcount table of %d bytes", n)
	}
	if err := used.take(m.RefcountTableOffset, n, "refcount table"); err != nil {
		return err
	}
	table, err := readTable(m.r, m.RefcountTableOffset, n/8)
	if err != nil {
		return err
	}
	for _, at := range table {
		if at &= offsetMask; at != 0 {
			if err := used.take(at, m.cluster(), "refcount block"); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkMapped checks every mapped cluster: plain ones first, as compressed ones
// may share clusters, but only among themselves.
func (m *image) checkMapped(used *usage) error {
	for _, packed := range []bool{false, true} {
		for _, table := range m.tables {
			for _, e := range table {
				if err := m.checkEntry(e, packed, used); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (m *image) checkEntry(e uint64, packed bool, used *usage) error {
	if (e&flagCompressed != 0) != packed {
		return nil
	}
	if packed {
		at, _ := compressedAt(e, uint(m.ClusterBits))
		return used.share(at)
	}
	if m.Version < 3 && e&flagZero != 0 {
		return disk.Corrupt("qcow2", "reserved bit in an L2 entry")
	}
	if at := e & offsetMask; at != 0 {
		return used.take(at, m.cluster(), "data cluster")
	}
	return nil
}

// Next implements disk.Mapper.
func (m *image) Next(index int64) (int64, error) {
	for t := index / m.perTable(); t < int64(len(m.tables)); t++ {
		first := t * m.perTable()
		from := max(index-first, 0)
		if m.tables[t] == nil {
			continue
		}
		for i, e := range m.tables[t][from:] {
			if mapped(e) {
				return first + from + int64(i), nil
			}
		}
	}
	return -1, nil
}

func mapped(e uint64) bool {
	return e&flagCompressed != 0 || e&flagZero == 0 && e&offsetMask != 0
}

// Block implements disk.Mapper.
func (m *image) Block(index int64, buf []byte) (bool, error) {
	table := m.tables[index/m.perTable()]
	if table == nil || !mapped(table[index%m.perTable()]) {
		return true, nil
	}
	e := table[index%m.perTable()]
	if e&flagCompressed != 0 {
		return false, m.unpack(e, buf)
	}
	n, err := m.r.ReadAt(buf, int64(e&offsetMask))
	if err == io.EOF && n > 0 {
		clear(buf[n:]) // the last cluster of a file may be cut short
		err = nil
	}
	if err != nil {
		return false, disk.Corrupt("qcow2", "data cluster: %v", err)
	}
	return false, nil
}

func (m *image) unpack(e uint64, buf []byte) error {
	at, size := compressedAt(e, uint(m.ClusterBits))
	packed := make([]byte, min(size, m.size-at))
	if _, err := m.r.ReadAt(packed, at); err != nil {
		return disk.Corrupt("qcow2", "compressed cluster: %v", err)
	}
	var err error
	if m.Compression == "zstd" {
		err = m.unpackZstd(packed, buf)
	} else {
		err = m.inflate(packed, buf)
	}
	if err != nil {
		return disk.Corrupt("qcow2", "compressed cluster at %d: %v", at, err)
	}
	return nil
}

func (m *image) inflate(packed, buf []byte) error {
	r, ok := m.flates.Get().(io.ReadCloser)
	if !ok {
		r = flate.NewReader(bytes.NewReader(packed))
	} else if err := r.(flate.Resetter).Reset(bytes.NewReader(packed), nil); err != nil {
		return err
	}
	defer m.flates.Put(r)
	_, err := io.ReadFull(r, buf)
	return err
}

func (m *image) unpackZstd(packed, buf []byte) error {
	d, ok := m.zstds.Get().(*zstd.Decoder)
	if !ok {
		var err error
		d, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(8<<20))
		if err != nil {
			return err
		}
	}
	defer m.zstds.Put(d)
	// What follows the frame in the last sector is not ours to read, so the
	// stream is read no further than the cluster.
	if err := d.Reset(bytes.NewReader(packed)); err != nil {
		return err
	}
	_, err := io.ReadFull(d, buf)
	return err
}
