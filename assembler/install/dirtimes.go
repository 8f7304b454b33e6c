package install

import (
	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/repo/rpm"
)

// restoreDirTimes gives the directories of packages the times of their packages:
// what was put into them later had changed these, in an order and at a time that
// shall not be seen in an image.
func (t *transaction) restoreDirTimes() {
	for _, e := range t.order {
		if !e.added {
			continue
		}
		for i := range e.files {
			f := &e.files[i]
			if f.Type() != rpm.ModeDir || e.actions[i].skipping() || f.Flags&rpm.FileGhost != 0 {
				continue
			}
			t.restoreDirTime(f)
		}
	}
}

func (t *transaction) restoreDirTime(f *rpm.File) {
	d, err := t.root.OpenFile(f.Path(), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return
	}
	defer d.Close()
	times := []unix.Timespec{{Sec: f.MTime}, {Sec: f.MTime}}
	unix.UtimesNanoAt(int(d.Fd()), "", times, unix.AT_EMPTY_PATH)
}
