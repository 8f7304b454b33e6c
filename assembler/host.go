package assembler

import (
	"fmt"

	"github.com/fimg/fimg/assembler/chroot"
	"github.com/fimg/fimg/fault"
)

// lostOwners is what a build without other ids than the caller's has to say.
const lostOwners = "no subordinate ids (/etc/subuid, /etc/subgid, newuidmap): owners that programs of the image set are lost"

// HostWarnings are what stands in the way of building a plan as this user on this
// machine. They are no part of the plan, which is the same everywhere.
func HostWarnings(p *Plan) []string {
	var list []string
	if chroot.WillHaveSingleID() {
		list = append(list, lostOwners)
	}
	if err := checkPrograms(p); err != nil {
		text := err.Error()
		if hint := fault.HintOf(err); hint != "" {
			text += "; " + hint
		}
		list = append(list, text)
	}
	return list
}

// checkPrograms finds out before the work begins whether programs of the image can
// run here. A base container may bring an interpreter of its own.
func checkPrograms(p *Plan) error {
	if len(p.Bases) > 0 {
		return nil
	}
	if err := chroot.CheckArch(p.Image.Arch, ""); err != nil {
		return fmt.Errorf("build for %s: %w", p.Image.Arch, err)
	}
	return nil
}
