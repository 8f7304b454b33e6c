package btrfs

// What is written for every inode and every block is encoded field by field; all
// else goes through appendStruct, which gives the same bytes and takes ten times as
// long.

func (t timespec) append(b []byte) []byte {
	return le.AppendUint32(le.AppendUint64(b, uint64(t.Sec)), t.Nsec)
}

func (it *inodeItem) append(b []byte) []byte {
	for _, v := range [...]uint64{it.Generation, it.Transid, it.Size, it.Nbytes, it.BlockGroup} {
		b = le.AppendUint64(b, v)
	}
	for _, v := range [...]uint32{it.Nlink, it.UID, it.GID, it.Mode} {
		b = le.AppendUint32(b, v)
	}
	for _, v := range [...]uint64{it.Rdev, it.Flags, it.Sequence, it.Reserved[0], it.Reserved[1], it.Reserved[2], it.Reserved[3]} {
		b = le.AppendUint64(b, v)
	}
	for _, t := range [...]timespec{it.Atime, it.Ctime, it.Mtime, it.Otime} {
		b = t.append(b)
	}
	return b
}

// append appends the structure of a regular extent, or what comes before the data
// of an inline one.
func (x *extentData) append(b []byte) []byte {
	b = le.AppendUint64(b, x.Generation)
	b = le.AppendUint64(b, x.RAMBytes)
	b = append(b, x.Compression, x.Encryption, byte(x.Encoding), byte(x.Encoding>>8), x.Type)
	if x.Type == extentInline {
		return b
	}
	for _, v := range [...]uint64{x.DiskBytenr, x.DiskBytes, x.Offset, x.NumBytes} {
		b = le.AppendUint64(b, v)
	}
	return b
}

func (x extentItem) append(b []byte) []byte {
	b = le.AppendUint64(b, x.Refs)
	return le.AppendUint64(le.AppendUint64(b, x.Generation), x.Flags)
}

func (r dataRef) append(b []byte) []byte {
	b = le.AppendUint64(b, r.Root)
	b = le.AppendUint64(le.AppendUint64(b, r.ObjectID), r.Offset)
	return le.AppendUint32(b, r.Count)
}

func (h *header) append(b []byte) []byte {
	b = append(b, h.Csum[:]...)
	b = append(b, h.FSID[:]...)
	b = le.AppendUint64(le.AppendUint64(b, h.Bytenr), h.Flags)
	b = append(b, h.ChunkTreeUUID[:]...)
	b = le.AppendUint64(le.AppendUint64(b, h.Generation), h.Owner)
	return append(le.AppendUint32(b, h.NrItems), h.Level)
}
