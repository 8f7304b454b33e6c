package partition

import (
	"fmt"
	"io"
)

// Write writes the table of l, and nothing else, to a disk of l.Size bytes: the
// records from byte 440 of their sectors on, and both copies of a GPT.
func (l *Layout) Write(w io.WriterAt) error {
	switch l.Table {
	case GPT:
		return l.writeGPT(w)
	case MBR:
		return l.writeMBR(w)
	}
	return fmt.Errorf("write partition table: no writer for type %s", l.Table)
}

func (l *Layout) writeGPT(w io.WriterAt) error {
	entries := encodeEntries(l)
	primary, backup := headers(l, entries)
	if err := l.put(w, 0, protective(l)); err != nil {
		return err
	}
	for _, part := range []struct {
		lba  uint64
		data []byte
	}{
		{primary.MyLBA, primary.encode(l.SectorSize)}, {primary.EntryLBA, entries},
		{backup.EntryLBA, entries}, {backup.MyLBA, backup.encode(l.SectorSize)},
	} {
		if _, err := w.WriteAt(part.data, int64(part.lba)*int64(l.SectorSize)); err != nil {
			return fmt.Errorf("write partition table: %w", err)
		}
	}
	return nil
}

func (l *Layout) writeMBR(w io.WriterAt) error {
	if err := l.put(w, 0, master(l)); err != nil {
		return err
	}
	for _, r := range chain(l) {
		if err := l.put(w, r.sector, r.tail); err != nil {
			return err
		}
	}
	return nil
}

func (l *Layout) put(w io.WriterAt, sector int64, t mbrTail) error {
	if _, err := w.WriteAt(t.encode(), sector*int64(l.SectorSize)+mbrTailOffset); err != nil {
		return fmt.Errorf("write boot record: %w", err)
	}
	return nil
}
