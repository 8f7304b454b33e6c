package vmdk

import (
	"fmt"
	"strings"
)

// Machine is what a .vmx file says of the machine around the disk. The zero
// value is kiwi's default: hardware version 9, guest "suse-64", the disk on the
// first IDE channel, no memory, processors or network given.
type Machine struct {
	Name       string // display name
	Disk       string // file name of the disk
	HWVersion  string
	GuestOS    string
	MemoryMiB  int
	CPUs       int
	Firmware   string // "efi" or empty for BIOS
	Controller string // as vmdisk's controller: ide, lsilogic, pvscsi, …
	DiskID     int    // on the controller
	CDROM      string // controller of a CD drive, "ide", "scsi"; empty for none
	CDROMID    int
	NICs       []NIC
	Entries    []string // appended as they are
}

// NIC is a network interface.
type NIC struct {
	Interface string // number, as in kiwi's vmnic
	Driver    string
	MAC       string // fixed address, or empty for a generated one
	Mode      string // connection type: bridged, nat, …
}

// Text returns the content of the .vmx file.
func (m Machine) Text() string {
	var b strings.Builder
	set := func(key string, value any) { fmt.Fprintf(&b, "%s = %q\n", key, fmt.Sprint(value)) }
	b.WriteString("#!/usr/bin/env vmware\n")
	set("config.version", 8)
	set("tools.syncTime", "true")
	set("uuid.action", "create")
	set("virtualHW.version", or(m.HWVersion, "9"))
	set("displayName", m.Name)
	set("guestOS", or(m.GuestOS, "suse-64"))
	if m.MemoryMiB > 0 {
		set("memsize", m.MemoryMiB)
	}
	if m.CPUs > 0 {
		set("numvcpus", m.CPUs)
	}
	if m.Firmware != "" {
		set("firmware", m.Firmware)
	}
	m.disk(set)
	m.network(set)
	set("usb.present", "true")
	for i := range 8 {
		set(fmt.Sprintf("priority.slot%d", i), "normal")
	}
	for _, e := range m.Entries {
		b.WriteString(strings.TrimSpace(e) + "\n")
	}
	return b.String()
}

func (m Machine) disk(set func(string, any)) {
	controller := or(m.Controller, "ide")
	slot := fmt.Sprintf("ide%d:0", m.DiskID)
	if controller != "ide" {
		set("scsi0.present", "true")
		set("scsi0.sharedBus", "none")
		set("scsi0.virtualDev", controller)
		slot = fmt.Sprintf("scsi0:%d", m.DiskID)
	}
	set(slot+".present", "true")
	set(slot+".fileName", m.Disk)
	set(slot+".deviceType", "disk")
	if m.CDROM != "" {
		slot := fmt.Sprintf("%s0:%d", m.CDROM, m.CDROMID)
		set(slot+".present", "true")
		set(slot+".deviceType", "cdrom-raw")
	}
}

func (m Machine) network(set func(string, any)) {
	for i, n := range m.NICs {
		id := "ethernet" + or(n.Interface, fmt.Sprint(i))
		set(id+".present", "true")
		if n.Driver != "" {
			set(id+".virtualDev", n.Driver)
		}
		if n.Mode != "" {
			set(id+".connectionType", n.Mode)
		}
		if n.MAC == "" {
			set(id+".addressType", "generated")
			continue
		}
		set(id+".addressType", "static")
		set(id+".address", n.MAC)
	}
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}
