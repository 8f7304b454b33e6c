package chroot

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"runtime"
)

// initCode is the machine code of process 1 of a session, for the host's
// architecture. In C it is
//
//	long r = mount("proc", "proc", "proc", MS_NOSUID|MS_NODEV|MS_NOEXEC, 0);
//	write(1, &r, 8);                     // zero, or a negative errno
//	sigaction(SIGCHLD, {SIG_IGN}, 0);    // the kernel reaps orphans
//	read(0, &r, 1);                      // until the session ends
//	exit_group(0);
//
// Only a process inside a pid namespace can mount its /proc, and the namespace
// lives as long as its process 1; a stub of machine code spares every user of the
// package a hook in main.
var initCode = map[string]initProgram{
	"amd64": {machine: 62, flags: 0, code: "" +
		"SI09gQAAAEiJ/kiJ+kG6DgAAAEUxwLilAAAADwVQSInmvwEAAAC6CAAAALgBAAAADwVIjTUvAAAAvxEAAAAx0kG6" +
		"CAAAALgNAAAADwUx/0iJ5roBAAAAMcAPBTH/uOcAAAAPBQ8fQAABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" +
		"AAAAAHByb2MA"},
	"arm64": {machine: 183, flags: 0, code: "" +
		"gAQAEOEDAKriAwCqwwGA0gQAgNIIBYDSAQAA1OAPH/jhAwCRIACA0gIBgNIICIDSAQAA1OEBABAgAoDSAgCA0gMB" +
		"gNLIEIDSAQAA1AAAgNLhAwCRIgCA0ugHgNIBAADUAACA0sgLgNIBAADUHyAD1QEAAAAAAAAAAAAAAAAAAAAAAAAA" +
		"AAAAAAAAAAAAAAAAcHJvYwA="},
	"ppc64le": {machine: 21, flags: 2, code: "" +
		"BQCfQqYC6H+cAH84eBtkfHgbZXwOAMA4AADgOBUAADgCAABECACDQNAAY3zB/2H4eAskfAEAYDgIAKA4BAAAOAIA" +
		"AER8AJ84EQBgOAAAoDgIAMA4rQAAOAIAAEQAAGA4eAskfAEAoDgDAAA4AgAARAAAYDjqAAA4AgAARAAAQmABAAAA" +
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAHByb2MA"},
	"riscv64": {machine: 243, flags: 4, code: "" +
		"FwUAABMFhQmTBQUAEwYFAJMG4AATBwAAkwiAAnMAAAATAQH/IzChAJMFAQATBRAAEwaAAJMIAARzAAAAlwUAAJOF" +
		"xQMTBRABEwYAAJMGgACTCGAIcwAAABMFAACTBQEAEwYQAJMI8ANzAAAAEwUAAJMI4AVzAAAAAQAAAAAAAAAAAAAA" +
		"AAAAAAAAAAAAAAAAAAAAAAAAAABwcm9jAAABAA=="},
	"s390x": {machine: 22, flags: 0, code: "" +
		"wCAAAAA8uQQAMrkEAEKnWQAOp2kAAAoVp/v/YOMg8AAAJLkEAD+nKQABp0kACAoEwDAAAAAUpykAEadJAACnWQAI" +
		"Cq6nKQAAuQQAP6dJAAEKA6cpAAAK+AAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAcHJvYwAHBwc="},
}

type initProgram struct {
	machine uint16
	flags   uint32
	code    string // base64
}

// elfHeader and elfSegment are the two structures of a static 64-bit executable
// (System V ABI, chapters 4 and 5).
type elfHeader struct {
	Ident                               [16]byte
	Type, Machine                       uint16
	Version                             uint32
	Entry, ProgramHeaders, Sections     uint64
	Flags                               uint32
	HeaderSize, SegmentSize, Segments   uint16
	SectionSize, SectionCount, SecNames uint16
}

type elfSegment struct {
	Type, Flags                                    uint32
	Offset, Address, Physical, FileSize, Size, Pad uint64
}

const (
	initBase   = 0x400000
	initHeader = 64 + 56 // the code follows both headers
)

// initImage returns the executable of process 1.
func initImage() ([]byte, error) {
	p, ok := initCode[runtime.GOARCH]
	if !ok {
		return nil, &CapabilityError{Need: "process 1 for " + runtime.GOARCH, Err: fmt.Errorf("not made for this architecture")}
	}
	code, err := base64.StdEncoding.DecodeString(p.code)
	if err != nil {
		return nil, fmt.Errorf("decode process 1: %w", err)
	}
	var order binary.ByteOrder = binary.LittleEndian
	h := elfHeader{
		Ident: [16]byte{0x7f, 'E', 'L', 'F', 2, 1, 1}, Type: 2, Machine: p.machine, Version: 1,
		Entry: initBase + initHeader, ProgramHeaders: 64, Flags: p.flags,
		HeaderSize: 64, SegmentSize: 56, Segments: 1,
	}
	if runtime.GOARCH == "s390x" {
		order, h.Ident[5] = binary.BigEndian, 2
	}
	size := uint64(initHeader + len(code))
	seg := elfSegment{Type: 1, Flags: 5, Address: initBase, Physical: initBase, FileSize: size, Size: size, Pad: 0x1000}
	var b bytes.Buffer
	for _, part := range []any{h, seg, code} {
		if err := binary.Write(&b, order, part); err != nil {
			return nil, fmt.Errorf("make process 1: %w", err)
		}
	}
	return b.Bytes(), nil
}
