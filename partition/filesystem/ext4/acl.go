package ext4

import "encoding/binary"

// ACLs are stored more tightly than getxattr(2) shows them: version 1, and an id
// only for named users and groups.
const (
	aclDiskVersion  = 1
	aclXattrVersion = 2
	aclUser         = 2
	aclGroup        = 8
)

// packACL turns the value of the attribute into what is stored.
func packACL(value []byte) ([]byte, bool) {
	if len(value) < 4 || (len(value)-4)%8 != 0 || binary.LittleEndian.Uint32(value) != aclXattrVersion {
		return nil, false
	}
	out := binary.LittleEndian.AppendUint32(nil, aclDiskVersion)
	for e := value[4:]; len(e) > 0; e = e[8:] {
		out = append(out, e[:4]...)
		if tag := binary.LittleEndian.Uint16(e); tag == aclUser || tag == aclGroup {
			out = append(out, e[4:8]...)
		}
	}
	return out, true
}

// unpackACL undoes packACL.
func unpackACL(stored []byte) ([]byte, bool) {
	if len(stored) < 4 || binary.LittleEndian.Uint32(stored) != aclDiskVersion {
		return nil, false
	}
	out := binary.LittleEndian.AppendUint32(nil, aclXattrVersion)
	for e := stored[4:]; len(e) > 0; {
		if len(e) < 4 {
			return nil, false
		}
		out = append(out, e[:4]...)
		tag := binary.LittleEndian.Uint16(e)
		e = e[4:]
		if tag != aclUser && tag != aclGroup {
			out = append(out, 0xff, 0xff, 0xff, 0xff)
			continue
		}
		if len(e) < 4 {
			return nil, false
		}
		out, e = append(out, e[:4]...), e[4:]
	}
	return out, true
}
