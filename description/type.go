package description

// Type is the selected build type: its attributes as written and what kiwi
// derives from them.
type Type struct {
	// Attr holds every attribute of <type> exactly as far as it is written.
	Attr Attributes `json:"attributes"`

	InitrdSystem  string   `json:"initrd_system"`  // dracut, kiwi or none, resolved
	KernelCmdline string   `json:"kernelcmdline"`  // the attribute
	Options       []Option `json:"format_options"` // formatoptions, in the order written
	Firmware      Firmware `json:"firmware"`
	CreateOptions []string `json:"fs_create_options"` // fscreateoptions split at blanks
	MountOptions  []string `json:"fs_mount_options"`  // fsmountoptions as one element, or none

	Size *Size `json:"size"` // nil: as large as the content asks
	// SparePartMB is spare_part in MiB, 0 without one; SparePartAttributes its
	// file attributes (no-copy-on-write, synchronous-updates).
	SparePartMB         int64            `json:"spare_part_mbytes"`
	SparePartAttributes []string         `json:"spare_part_fs_attributes"`
	Root                Root             `json:"root"`
	Volumes             []Volume         `json:"volumes"`    // resolved, document order; the root volume included
	Partitions          []Partition      `json:"partitions"` // custom partitions by name
	OEM                 OEM              `json:"oem"`
	Bootloader          Bootloader       `json:"bootloader"`
	Container           *ContainerConfig `json:"container"`              // of container types and oci:/docker: formats
	DerivedFrom         []string         `json:"derived_from,omitempty"` // base images in order
	Vagrant             []Vagrant        `json:"vagrant,omitempty"`      // every vagrantconfig
	Machine             *Machine         `json:"machine"`
	Initrd              Initrd           `json:"initrd"`
	InstallMedia        Initrd           `json:"install_media_initrd"`
	LuksOptions         []string         `json:"luks_options,omitempty"` // arguments of cryptsetup luksFormat
	Encrypted           bool             `json:"encrypted,omitempty"`    // luks is written, be it with an empty passphrase
}

// Option is a name with an optional value.
type Option struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Bare  bool   `json:"bare,omitempty"` // written without a value
}

// Root says what manages the root file system's volumes.
type Root struct {
	Manager string `json:"volume_management"` // btrfs, lvm or empty
	Group   string `json:"volume_group"`      // LVM volume group; systemVG by default
	// SetDefault: the root subvolume becomes the default one; false leaves
	// rootflags=subvol= to the kernel command line.
	SetDefault bool `json:"set_default_volume"`
}

// Firmware is the resolved firmware of the image for its architecture.
type Firmware struct {
	Name         string `json:"name"`             // bios, efi, uefi, ofw, opal, ec2, custom; empty on s390
	EFI          string `json:"efi_mode"`         // efi, uefi or empty
	EC2          string `json:"ec2_mode"`         // ec2 or empty
	BIOS         bool   `json:"bios_mode"`        // plain BIOS
	LegacyBIOS   bool   `json:"legacy_bios_mode"` // BIOS boot beside EFI on x86
	OFW          bool   `json:"ofw_mode"`
	OPAL         bool   `json:"opal_mode"`
	Table        string `json:"partition_table"` // gpt, msdos or dasd
	EFIMB        int64  `json:"efi_partition_mbytes"`
	LegacyBIOSMB int64  `json:"legacy_bios_partition_mbytes"`
	PrepMB       int64  `json:"prep_partition_mbytes"`
	// Unsupported names a firmware that the architecture does not have; a disk
	// build is refused then.
	Unsupported string `json:"unsupported,omitempty"`
}

// Size is the <size> element in MiB.
type Size struct {
	MB            int64  `json:"mbytes"`               // without the unpartitioned part
	Additive      Flag   `json:"additive,omitzero"`    // add to the computed size
	Unpartitioned int64  `json:"unpartitioned_mbytes"` // left free at the end of the disk
	Source        Source `json:"source"`
}

// Volume is one volume of <systemdisk>: a btrfs subvolume or a logical volume.
type Volume struct {
	Name       string `json:"name"`       // of the volume
	Path       string `json:"path"`       // where it is mounted, relative to /; "/" for the root volume
	Mountpoint string `json:"mountpoint"` // as kiwi resolves it; empty for the root volume
	Parent     string `json:"parent"`     // as written; "/" is the top level
	Size       string `json:"size"`       // size:MiB, freespace:MiB or size:all
	FullSize   bool   `json:"full_size"`  // size="all"
	Root       bool   `json:"root"`       // the root volume
	Label      string `json:"label,omitempty"`
	NoCoW      bool   `json:"no_copy_on_write,omitempty"`
	FSCheck    bool   `json:"filesystem_check,omitempty"`
	Quota      string `json:"quota,omitempty"`
	Source     Source `json:"source"`
}

// Partition is one custom <partition>.
type Partition struct {
	Name       string `json:"name"`           // key, as written
	PartName   string `json:"partition_name"` // GPT name; default p.lx<name>
	Type       string `json:"partition_type"` // t.linux by default, or t.raid
	MB         int64  `json:"mbytes"`
	Mountpoint string `json:"mountpoint,omitempty"`
	Filesystem string `json:"filesystem,omitempty"`
	Label      string `json:"label,omitempty"`
	Clones     int64  `json:"clone,omitempty"`
	ID         Number `json:"part_id,omitzero"`
	Source     Source `json:"source"`
}

// OEM is <oemconfig>, defaults of kiwi's getters applied where noted.
type OEM struct {
	Present       bool   `json:"present"` // the element is there
	Resize        bool   `json:"resize"`  // default true
	SystemSize    int64  `json:"system_size_mbytes"`
	SwapMB        int64  `json:"swap_mbytes"` // 0: no swap; 128 when only oem-swap is true
	SwapName      string `json:"swap_name"`   // LVSwap
	MultipathScan bool   `json:"multipath_scan"`
	// Settings are all elements as written, named without "oem-", sorted.
	Settings []Option `json:"settings,omitempty"`
}

// Bootloader is the <bootloader> element with kiwi's defaults.
type Bootloader struct {
	Name            string        `json:"name"` // default grub2
	Present         bool          `json:"present"`
	BLS             bool          `json:"bls"`              // default true
	Timeout         Number        `json:"timeout,omitzero"` // seconds
	TimeoutStyle    string        `json:"timeout_style,omitempty"`
	OutputConsole   string        `json:"output_console,omitempty"` // resolved; empty: kiwi's default
	InputConsole    string        `json:"input_console,omitempty"`
	SerialLine      string        `json:"serial_line,omitempty"`
	VideoMode       string        `json:"video_mode"` // default auto
	TargetType      string        `json:"targettype,omitempty"`
	GrubTemplate    string        `json:"grub_template,omitempty"`
	UseDiskPassword bool          `json:"use_disk_password,omitempty"`
	ShimOptions     []string      `json:"shim_options,omitempty"`
	InstallOptions  []string      `json:"install_options,omitempty"`
	ConfigOptions   []string      `json:"config_options,omitempty"`
	Environment     []Option      `json:"environment,omitempty"`
	SecureLinux     []SecureLinux `json:"secure_linux,omitempty"`
	Source          Source        `json:"source"`
}

// SecureLinux is IBM Z secure execution.
type SecureLinux struct {
	CACert      string   `json:"hkd_ca_cert"`
	SignCert    string   `json:"hkd_sign_cert"`
	Certs       []string `json:"hkd_certs"`
	Revocations []string `json:"hkd_revocation_lists,omitempty"`
}

// ContainerConfig is <containerconfig> with kiwi's defaults.
type ContainerConfig struct {
	Name            string   `json:"name"` // default kiwi-container
	Tag             string   `json:"tag"`  // default latest
	AdditionalNames []string `json:"additional_names,omitempty"`
	Maintainer      string   `json:"maintainer,omitempty"` // default: author <contact>
	User            string   `json:"user,omitempty"`
	WorkingDir      string   `json:"workingdir,omitempty"`
	Entrypoint      *Command `json:"entrypoint"` // nil: not written
	Subcommand      *Command `json:"subcommand"` // nil: not written; /bin/bash when nothing else says what runs
	Expose          []string `json:"expose,omitempty"`
	Volumes         []string `json:"volumes,omitempty"`
	StopSignal      string   `json:"stopsignal,omitempty"`
	Environment     []Option `json:"environment,omitempty"` // sorted by name
	Labels          []Option `json:"labels,omitempty"`      // sorted by name
	History         History  `json:"history"`
	Present         bool     `json:"present"`
	Source          Source   `json:"source"`
}

// Command is an entry point; Clear removes the base image's.
type Command struct {
	Args  []string `json:"args"`
	Clear bool     `json:"clear,omitempty"`
}

// History is the history element of a container.
type History struct {
	Present        bool   `json:"present"`
	CreatedBy      string `json:"created_by,omitempty"`
	Author         string `json:"author"` // default: author <contact>
	Comment        string `json:"comment,omitempty"`
	ApplicationID  string `json:"application_id,omitempty"`
	PackageVersion string `json:"package_version,omitempty"`
	Launcher       string `json:"launcher,omitempty"`
}

// Vagrant is one <vagrantconfig>.
type Vagrant struct {
	Provider       string `json:"provider"`    // libvirt or virtualbox
	VirtualSize    int64  `json:"virtualsize"` // GiB
	BoxName        string `json:"boxname,omitempty"`
	GuestAdditions bool   `json:"virtualbox_guest_additions_present,omitempty"`
	Vagrantfile    string `json:"embedded_vagrantfile,omitempty"` // relative to the description directory
	Source         Source `json:"source"`
}

// Machine is the <machine> element.
type Machine struct {
	OVFType   string   `json:"ovftype,omitempty"`
	HWVersion Number   `json:"hw_version,omitzero"`
	Arch      string   `json:"arch,omitempty"`
	XenLoader string   `json:"xen_loader,omitempty"`
	GuestOS   string   `json:"guest_os,omitempty"`
	MinMemory Number   `json:"min_memory,omitzero"` // MiB
	MaxMemory Number   `json:"max_memory,omitzero"`
	Memory    Number   `json:"memory,omitzero"`
	MinCPU    Number   `json:"min_cpu,omitzero"`
	MaxCPU    Number   `json:"max_cpu,omitzero"`
	NCPUs     Number   `json:"ncpus,omitzero"`
	Config    []string `json:"config,omitempty"` // vmconfig-entry lines
	Disk      *VMDisk  `json:"disk"`
	DVD       *VMDVD   `json:"dvd"`
	NICs      []VMNIC  `json:"nics,omitempty"`
}

// VMDisk is <vmdisk>.
type VMDisk struct {
	Controller string `json:"controller,omitempty"`
	DiskType   string `json:"disktype,omitempty"`
	Device     string `json:"device,omitempty"`
	DiskMode   string `json:"diskmode,omitempty"`
	ID         Number `json:"id,omitzero"`
}

// VMDVD is <vmdvd>.
type VMDVD struct {
	Controller string `json:"controller"`
	ID         Number `json:"id,omitzero"`
}

// VMNIC is <vmnic>.
type VMNIC struct {
	Driver    string `json:"driver,omitempty"`
	Interface string `json:"interface"`
	Mode      string `json:"mode,omitempty"`
	MAC       string `json:"mac,omitempty"`
}

// Initrd is what <initrd> elements ask of dracut.
type Initrd struct {
	Add   Dracut `json:"add"`
	Omit  Dracut `json:"omit"`
	Set   Dracut `json:"set"`   // install media only
	Setup Dracut `json:"setup"` // the image's initrd only
}

// Dracut is one action of an <initrd> element.
type Dracut struct {
	Modules []string `json:"modules,omitempty"`
	Drivers []string `json:"drivers,omitempty"`
	UEFI    bool     `json:"uefi,omitempty"` // make a unified kernel image
}
