package chroot

import (
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// begin and end bracket a program. When the last of those running side by side
// ends, whatever they left behind is killed; end returns the number. None begins in
// a session that is closed.
func (s *Session) begin() bool {
	s.slot.Lock()
	defer s.slot.Unlock()
	if s.ended {
		return false
	}
	s.running.Add(1)
	s.busy++
	return true
}

func (s *Session) end() int {
	s.slot.Lock()
	defer s.slot.Unlock()
	s.busy--
	if s.busy > 0 {
		return 0
	}
	return s.killAll()
}

// killOthers kills descendants that outlived their program, unless another
// program runs, whose they might be; it returns their number.
func (s *Session) killOthers() int {
	s.slot.Lock()
	defer s.slot.Unlock()
	if s.busy != 1 {
		return 0
	}
	return s.killAll()
}

// killAll kills everything in the pid namespace but process 1, in rounds: what is
// killed may just have forked.
func (s *Session) killAll() int {
	if !s.ownProc {
		return 0 // they end with the session
	}
	seen := map[string]bool{}
	s.thread.do(func() error {
		for round := range 200 {
			if !killRound(seen) {
				break
			}
			time.Sleep(time.Duration(round) * 50 * time.Microsecond)
		}
		return nil
	})
	return len(seen)
}

// killRound sends SIGKILL through the directories of /proc, which name processes
// by the ids of the inner namespace; the outer ids are not known.
// It tells whether there was anything to kill.
func killRound(seen map[string]bool) (found bool) {
	dir, err := os.Open("/proc")
	if err != nil {
		return false
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err != nil || pid == 1 {
			continue
		}
		fd, err := unix.Openat(int(dir.Fd()), name, unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			continue
		}
		if unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0) == nil {
			found, seen[name] = true, true
		}
		unix.Close(fd)
	}
	return found
}
