package system

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// makesNode finds where dracut makes a device in the initrd.
var makesNode = regexp.MustCompile(`\bmknod\s+(?:-m\s*(0?[0-7]{3})\s+)?"?\$\{?initdir\}?"?/([\w./-]+)"?\s+([bc])\s+(\d{1,4})\s+(\d{1,6})\b`)

// initrdNodes are the devices that the image's dracut makes when it is root on a
// host. As an ordinary user it cannot, and in a container it does not try, so that
// without them the initrd would depend on who builds it. What single modules make
// is not looked for.
func (s *System) initrdNodes() ([]newcEntry, error) {
	program, ok := s.Root.Program("dracut")
	if !ok {
		return nil, nil
	}
	text, err := s.Root.ReadFile(strings.TrimPrefix(program, "/"))
	if err != nil {
		return nil, fmt.Errorf("read dracut: %w", err)
	}
	return parseNodes(text), nil
}

// parseNodes returns the devices sorted by name, each once.
func parseNodes(script []byte) []newcEntry {
	var nodes []newcEntry
	for _, m := range makesNode.FindAllSubmatch(script, -1) {
		e := newcEntry{magic: newcMagic, name: path.Clean(string(m[2]))}
		e.Mode, e.NLink = unix.S_IFCHR, 1
		if m[3][0] == 'b' {
			e.Mode = unix.S_IFBLK
		}
		e.Mode |= uint32(number(m[1], 8, 0o644))
		e.RDevMajor, e.RDevMinor = uint32(number(m[4], 10, 0)), uint32(number(m[5], 10, 0))
		nodes = append(nodes, e)
	}
	slices.SortStableFunc(nodes, func(a, b newcEntry) int { return strings.Compare(a.name, b.name) })
	return slices.CompactFunc(nodes, func(a, b newcEntry) bool { return a.name == b.name })
}

func number(text []byte, base int, without uint64) uint64 {
	if v, err := strconv.ParseUint(string(text), base, 32); err == nil {
		return v
	}
	return without
}
