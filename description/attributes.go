package description

// Attributes are the attributes of a <type> element, named as in the schema.
// Strings that are not written are empty, flags and numbers not set. Sizes are MiB
// unless noted. Those that fimg does not build are here all the same.
type Attributes struct {
	Image         string `json:"image"`                   // oem, iso, docker, oci, wsl, appx, enclave, pxe, kis, tbz, cpio or a file system
	Primary       Flag   `json:"primary,omitzero"`        // the default among several types
	Format        string `json:"format,omitempty"`        // qcow2, vhd-fixed, gce, vagrant, oci:qcow2, …
	BundleFormat  string `json:"bundle_format,omitempty"` // name pattern of the bundle
	FormatOptions string `json:"formatoptions,omitempty"`

	Filesystem          string `json:"filesystem,omitempty"`
	FSMountOptions      string `json:"fsmountoptions,omitempty"`
	FSCreateOptions     string `json:"fscreateoptions,omitempty"`
	RootFSLabel         string `json:"rootfs_label,omitempty"`      // default ROOT
	DevicePersistency   string `json:"devicepersistency,omitempty"` // by-uuid, by-label, by-partuuid
	SquashfsCompression string `json:"squashfscompression,omitempty"`
	ErofsCompression    string `json:"erofscompression,omitempty"`

	BtrfsQuotaGroups      Flag `json:"btrfs_quota_groups,omitzero"`
	BtrfsSetDefaultVolume Flag `json:"btrfs_set_default_volume,omitzero"`
	BtrfsRootIsSubvolume  Flag `json:"btrfs_root_is_subvolume,omitzero"`
	BtrfsRootIsSnapper    Flag `json:"btrfs_root_is_snapper_snapshot,omitzero"`
	BtrfsRootIsReadonly   Flag `json:"btrfs_root_is_readonly_snapshot,omitzero"`

	// Boot and kernel.
	Firmware        string `json:"firmware,omitempty"` // as written; Type.Firmware is resolved
	KernelCmdline   string `json:"kernelcmdline,omitempty"`
	InitrdSystem    string `json:"initrd_system,omitempty"`
	BootPartition   Flag   `json:"bootpartition,omitzero"`
	BootPartSize    Number `json:"bootpartsize,omitzero"`
	BootFilesystem  string `json:"bootfilesystem,omitempty"`
	BootPartID      string `json:"bootpart_id,omitempty"`
	BootClone       string `json:"boot_clone,omitempty"`
	EFIPartSize     Number `json:"efipartsize,omitzero"`
	EFIPartID       string `json:"efipart_id,omitempty"`
	EFICSM          Flag   `json:"eficsm,omitzero"` // BIOS boot beside EFI; default yes
	EFICSMPartID    string `json:"eficsmpart_id,omitempty"`
	EFIPartTable    string `json:"efiparttable,omitempty"` // gpt or msdos
	EFIFatImageSize Number `json:"efifatimagesize,omitzero"`
	EditBootConfig  string `json:"editbootconfig,omitempty"`
	EditBootInstall string `json:"editbootinstall,omitempty"`
	Boot            string `json:"boot,omitempty"`
	BootKernel      string `json:"bootkernel,omitempty"`
	BootProfile     string `json:"bootprofile,omitempty"`
	XenServer       Flag   `json:"xen_server,omitzero"`
	WWIDWaitTimeout Number `json:"wwid_wait_timeout,omitzero"` // seconds
	SELinuxPolicy   string `json:"selinux_policy,omitempty"`

	// Disk layout.
	DiskStartSector       Number `json:"disk_start_sector,omitzero"` // default 2048
	TargetBlocksize       Number `json:"target_blocksize,omitzero"`  // bytes; default 512
	TargetRemovable       Flag   `json:"target_removable,omitzero"`
	ForceMBR              Flag   `json:"force_mbr,omitzero"`
	GPTHybridMBR          Flag   `json:"gpt_hybrid_mbr,omitzero"`
	DosExtendedLayout     Flag   `json:"dosparttable_extended_layout,omitzero"`
	RootPartID            string `json:"rootpart_id,omitempty"`
	RootClone             string `json:"root_clone,omitempty"`
	SparePart             string `json:"spare_part,omitempty"` // number with optional M or G
	SparePartMountpoint   string `json:"spare_part_mountpoint,omitempty"`
	SparePartFS           string `json:"spare_part_fs,omitempty"`
	SparePartFSAttributes string `json:"spare_part_fs_attributes,omitempty"`
	SparePartIsLast       Flag   `json:"spare_part_is_last,omitzero"`
	MDRaid                string `json:"mdraid,omitempty"` // mirroring or striping
	VHDFixedTag           string `json:"vhdfixedtag,omitempty"`
	GCELicense            string `json:"gcelicense,omitempty"`

	// Read-only root, integrity, encryption.
	OverlayRoot             Flag   `json:"overlayroot,omitzero"`
	OverlayRootFilesystem   string `json:"overlayroot_readonly_filesystem,omitempty"`
	OverlayRootWrite        Flag   `json:"overlayroot_write_partition,omitzero"`
	OverlayRootPartSize     Number `json:"overlayroot_readonly_partsize,omitzero"`
	VerityBlocks            string `json:"verity_blocks,omitempty"`
	EmbedVerityMetadata     Flag   `json:"embed_verity_metadata,omitzero"`
	StandaloneIntegrity     Flag   `json:"standalone_integrity,omitzero"`
	EmbedIntegrityMetadata  Flag   `json:"embed_integrity_metadata,omitzero"`
	IntegrityLegacyHMAC     Flag   `json:"integrity_legacy_hmac,omitzero"`
	IntegrityKeyfile        string `json:"integrity_keyfile,omitempty"`
	IntegrityKeyDescription string `json:"integrity_metadata_key_description,omitempty"`
	Luks                    string `json:"luks,omitempty"`
	LuksVersion             string `json:"luks_version,omitempty"`
	LuksOS                  string `json:"luksOS,omitempty"`
	LuksRandomize           Flag   `json:"luks_randomize,omitzero"`
	LuksPBKDF               string `json:"luks_pbkdf,omitempty"`

	// Media and installation.
	InstallBoot              string `json:"installboot,omitempty"`
	InstallContinueOnTimeout Flag   `json:"install_continue_on_timeout,omitzero"`
	InstallProvideFailsafe   Flag   `json:"installprovidefailsafe,omitzero"`
	InstallISO               Flag   `json:"installiso,omitzero"`
	InstallStick             Flag   `json:"installstick,omitzero"`
	InstallPXE               Flag   `json:"installpxe,omitzero"`
	MediaCheck               Flag   `json:"mediacheck,omitzero"`
	Flags                    string `json:"flags,omitempty"` // overlay or dmsquash
	HybridPersistent         Flag   `json:"hybridpersistent,omitzero"`
	HybridPersistentFS       string `json:"hybridpersistent_filesystem,omitempty"`
	VolID                    string `json:"volid,omitempty"`
	ApplicationID            string `json:"application_id,omitempty"`
	Publisher                string `json:"publisher,omitempty"`
	RAMOnly                  Flag   `json:"ramonly,omitzero"`
	Compressed               Flag   `json:"compressed,omitzero"`
	Archive                  Flag   `json:"archive,omitzero"`

	// Containers and others.
	DerivedFrom        string `json:"derived_from,omitempty"`
	DeltaRoot          Flag   `json:"delta_root,omitzero"`
	ProvideSystemFiles Flag   `json:"provide_system_files,omitzero"`
	RequireSystemFiles Flag   `json:"require_system_files,omitzero"`
	EnsureEmptyTmpdirs Flag   `json:"ensure_empty_tmpdirs,omitzero"` // default yes
	MetadataPath       string `json:"metadata_path,omitempty"`
	EnclaveFormat      string `json:"enclave_format,omitempty"`
}
