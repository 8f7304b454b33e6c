package install

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// capabilityNames in the order of their numbers (linux/capability.h).
var capabilityNames = strings.Fields(`chown dac_override dac_read_search fowner fsetid kill setgid
setuid setpcap linux_immutable net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner
sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin sys_boot sys_nice sys_resource
sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override mac_admin syslog
wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore`)

const allCapabilities = 1<<41 - 1

// fileCaps are the sets of cap_from_text(3).
type fileCaps struct{ effective, inheritable, permitted uint64 }

// parseCaps reads the text form of file capabilities: clauses such as
// "cap_net_admin,cap_net_raw=ep" or "=p cap_chown+e", separated by blanks.
func parseCaps(text string) (fileCaps, error) {
	var c fileCaps
	for clause := range strings.FieldsSeq(text) {
		at := strings.IndexAny(clause, "=+-")
		if at < 0 {
			return c, fmt.Errorf("parse capabilities %q: no operator", text)
		}
		mask, err := capMask(clause[:at])
		if err != nil {
			return c, fmt.Errorf("parse capabilities %q: %w", text, err)
		}
		if err := c.apply(clause[at:], mask); err != nil {
			return c, fmt.Errorf("parse capabilities %q: %w", text, err)
		}
	}
	return c, nil
}

// Capabilities returns the value of the extended attribute security.capability
// for capabilities as a package has them: cap_to_text(3). No text is an empty set.
func Capabilities(text string) ([]byte, error) {
	c, err := parseCaps(text)
	if err != nil {
		return nil, err
	}
	return c.xattr(), nil
}

func capMask(list string) (uint64, error) {
	if list == "" || list == "all" {
		return allCapabilities, nil
	}
	var mask uint64
	for name := range strings.SplitSeq(strings.ToLower(list), ",") {
		found := false
		for i, known := range capabilityNames {
			if name == "cap_"+known {
				mask, found = mask|1<<i, true
			}
		}
		if !found {
			return 0, fmt.Errorf("unknown capability %q", name)
		}
	}
	return mask, nil
}

// apply carries out operators and flags such as "=ep" or "+i-p".
func (c *fileCaps) apply(ops string, mask uint64) error {
	op := byte(0)
	for _, r := range []byte(ops) {
		switch r {
		case '=':
			c.effective, c.inheritable, c.permitted = c.effective&^mask, c.inheritable&^mask, c.permitted&^mask
			op = '+'
		case '+', '-':
			op = r
		case 'e':
			change(&c.effective, mask, op)
		case 'i':
			change(&c.inheritable, mask, op)
		case 'p':
			change(&c.permitted, mask, op)
		default:
			return fmt.Errorf("unknown flag %q", r)
		}
	}
	return nil
}

func change(set *uint64, mask uint64, op byte) {
	if op == '-' {
		*set &^= mask
	} else {
		*set |= mask
	}
}

// xattr returns the value of security.capability, version 2 (vfs_cap_data in
// linux/capability.h).
func (c fileCaps) xattr() []byte {
	const revision2, effective = 0x02000000, 1
	magic := uint32(revision2)
	if c.effective != 0 {
		magic |= effective
	}
	var b []byte
	for _, v := range []uint32{magic, uint32(c.permitted), uint32(c.inheritable),
		uint32(c.permitted >> 32), uint32(c.inheritable >> 32)} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}
