package memory

import (
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// Available is what this process may use, in bytes: what the kernel calls
// available, or less where a control group says so. Files are below host.
func Available(host string) int64 {
	free := int64(0)
	text, _ := os.ReadFile(filepath.Join(host, "proc/meminfo"))
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "MemAvailable:" {
			kib, _ := strconv.ParseInt(f[1], 10, 64)
			free = kib << 10
		}
	}
	groups, _ := os.ReadFile(filepath.Join(host, "proc/self/cgroup"))
	for line := range strings.Lines(string(groups)) {
		// hierarchy:controllers:path (cgroups(7))
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(f) == 3 && (f[1] == "" || f[1] == "memory") {
			free = min(free, groupMemory(filepath.Join(host, "sys/fs/cgroup", f[1]), f[2], free))
		}
	}
	return free
}

// groupMemory is what a control group and those above it still allow.
func groupMemory(base, group string, free int64) int64 {
	for at := path.Clean("/" + group); ; at = path.Dir(at) {
		dir := filepath.Join(base, at)
		for _, f := range [][2]string{{"memory.max", "memory.current"}, {"memory.limit_in_bytes", "memory.usage_in_bytes"}} {
			limit, err1 := number64(filepath.Join(dir, f[0]))
			used, err2 := number64(filepath.Join(dir, f[1]))
			if err1 == nil && err2 == nil {
				free = min(free, limit-used)
			}
		}
		if at == "/" {
			return free
		}
	}
}

func number64(name string) (int64, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
}
