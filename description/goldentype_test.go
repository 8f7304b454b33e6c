package description

// goldenType gives the resolved build type in the fields of the golden records.
func goldenType(img *Image) object {
	t := img.Type
	options := object{}
	for _, o := range t.Options {
		options[o.Name] = o.Value
		if o.Bare {
			options[o.Name] = nil
		}
	}
	dr := func(d Dracut, uefi bool) object {
		o := object{"modules": list(d.Modules), "drivers": list(d.Drivers)}
		if uefi {
			o["uefi"] = d.UEFI
		}
		return o
	}
	out := object{
		"bootloader": goldenLoader(img), "btrfs_default_volume_requested": t.Root.SetDefault,
		"container_config": goldenContainer(img), "derived_from": list(t.DerivedFrom),
		"disk_start_sector":   t.Attr.DiskStartSector.Or(2048),
		"dracut":              object{"add": dr(t.Initrd.Add, true), "omit": dr(t.Initrd.Omit, true), "setup": dr(t.Initrd.Setup, true)},
		"installmedia_initrd": object{"add": dr(t.InstallMedia.Add, false), "omit": dr(t.InstallMedia.Omit, false), "set": dr(t.InstallMedia.Set, false)},
		"firmware":            goldenFirmware(t.Firmware), "format_options": options, "fs_create_options": t.CreateOptions,
		"fs_mount_options": t.MountOptions, "kernelcmdline": written(img.state.typ.node, "kernelcmdline"), "luks_format_options": list(t.LuksOptions),
		"partitions": goldenPartitions(img), "volume_group": t.Root.Group, "volume_management": orNil(t.Root.Manager),
		"oemconfig": object{"multipath_scan": t.OEM.MultipathScan, "resize": t.OEM.Resize, "swap_name": t.OEM.SwapName,
			"systemsize": t.OEM.SystemSize, "swap_mbytes": nilZero(t.OEM.SwapMB)},
		"spare_part_mbytes": nilZero(t.SparePartMB), "volumes": goldenVolumes(img),
	}
	if t.Attr.SparePart != "" {
		out["spare_part_mbytes"] = t.SparePartMB
	}
	oem := img.state.typ.first("oemconfig")
	if v, _ := oem.child("oem-swap"); truth(v) {
		out["oemconfig"].(object)["swap_mbytes"] = t.OEM.SwapMB
	}
	if len(t.SparePartAttributes) > 0 {
		out["spare_part_fs_attributes"] = t.SparePartAttributes
	}
	out["unpartitioned_bytes"] = 0
	if z := t.Size; z != nil {
		out["size"] = object{"mbytes": z.MB, "additive": z.Additive}
		out["size_with_unpartitioned"] = object{"mbytes": z.MB + z.Unpartitioned, "additive": z.Additive}
		out["unpartitioned_bytes"] = z.Unpartitioned << 20
	}
	if n := img.state.typ.first("machine"); n != nil {
		out["machine"] = dump(n)
	}
	if n := img.state.typ.first("vagrantconfig"); n != nil {
		out["vagrant_config"] = dump(n)
	}
	return out
}

func nilZero(v int64) any {
	if v == 0 {
		return nil
	}
	return v
}

func goldenLoader(img *Image) object {
	b := img.Type.Bootloader
	env := []string{}
	for _, o := range b.Environment {
		if o.Value != "" {
			o.Name += "=" + o.Value
		}
		env = append(env, o.Name)
	}
	out := object{"bls": b.BLS, "config_options": list(b.ConfigOptions), "install_options": list(b.InstallOptions),
		"shim_options": list(b.ShimOptions), "console": []string{b.OutputConsole, b.InputConsole}, "environment": env,
		"name": b.Name, "serial_line": orNil(b.SerialLine), "targettype": orNil(b.TargetType), "timeout": b.Timeout,
		"timeout_style": orNil(b.TimeoutStyle), "video_mode": b.VideoMode}
	if n := img.state.typ.first("bootloader"); n != nil {
		out["section"] = dump(n)
	}
	return out
}

func goldenFirmware(f Firmware) any {
	if f.Unsupported != "" {
		return failure
	}
	return object{"bios_mode": f.BIOS, "ec2_mode": orNil(f.EC2), "efi_mode": f.EFI, "efi_partition_mbytes": f.EFIMB,
		"legacy_bios_mode": f.LegacyBIOS, "legacy_bios_partition_mbytes": f.LegacyBIOSMB, "name": orNil(f.Name),
		"ofw_mode": f.OFW, "opal_mode": f.OPAL, "partition_table": f.Table, "prep_partition_mbytes": f.PrepMB}
}

func goldenPartitions(img *Image) object {
	out, nodes := object{}, map[string]*node{}
	for k := range img.state.typ.first("partitions").every("partition") {
		nodes[k.get("name")] = k
	}
	for _, p := range img.Type.Partitions {
		out[p.Name] = object{"mbsize": p.MB, "clone": p.Clones, "partition_name": p.PartName, "partition_type": p.Type,
			"partition_id": written(nodes[p.Name], "part_id"), "mountpoint": written(nodes[p.Name], "mountpoint"), "filesystem": orNil(p.Filesystem), "label": p.Label}
	}
	return out
}

func goldenVolumes(img *Image) []any {
	out := []any{}
	var nodes []*node // of the volumes that are written
	for k := range img.state.typ.first("systemdisk").every("volume") {
		if img.state.matches(k) {
			nodes = append(nodes, k)
		}
	}
	for i, v := range img.Type.Volumes {
		attrs := []string{}
		if v.Quota != "" {
			attrs = append(attrs, "quota="+v.Quota)
		}
		if v.NoCoW {
			attrs = append(attrs, "no-copy-on-write")
		}
		if v.FSCheck {
			attrs = append(attrs, "enable-for-filesystem-check")
		}
		size := any(v.Size)
		if v.FullSize {
			size = nil
		}
		mountpoint, label := any(v.Mountpoint), orNil(v.Label)
		if i < len(nodes) {
			label = written(nodes[i], "label")
		}
		if v.Mountpoint == "" && (v.Root || v.Source.Line == 0) {
			mountpoint = nil
		}
		out = append(out, object{"name": v.Name, "parent": v.Parent, "size": size, "fullsize": v.FullSize,
			"mountpoint": mountpoint, "realpath": v.Path, "label": label, "attributes": attrs,
			"is_root_volume": v.Root})
	}
	return out
}

func goldenContainer(img *Image) any {
	n := img.state.typ.first("containerconfig")
	c := img.state.containerConfig(img, n)
	out := object{"maintainer": c.Maintainer}
	put := func(key string, value any, when bool) {
		if when {
			out[key] = value
		}
	}
	put("container_name", c.Name, n.get("name") != "")
	put("container_tag", c.Tag, n.get("tag") != "")
	put("additional_names", c.AdditionalNames, c.AdditionalNames != nil)
	put("user", c.User, c.User != "")
	put("workingdir", c.WorkingDir, c.WorkingDir != "")
	put("stopsignal", c.StopSignal, n.first("stopsignal") != nil)
	put("expose_ports", c.Expose, c.Expose != nil)
	put("volumes", c.Volumes, c.Volumes != nil)
	if c.Entrypoint != nil {
		out["entry_command"] = c.Entrypoint.Args
	}
	if c.Subcommand != nil {
		out["entry_subcommand"] = c.Subcommand.Args
	}
	values := func(l []Option) object {
		o := object{}
		for _, p := range l {
			o[p.Name] = p.Value
		}
		return o
	}
	put("environment", values(c.Environment), len(c.Environment) > 0)
	put("labels", values(c.Labels), len(c.Labels) > 0)
	h := object{"author": c.History.Author}
	if c.History.Present {
		h["comment"] = c.History.Comment
	}
	for key, v := range map[string]string{"created_by": c.History.CreatedBy, "application_id": c.History.ApplicationID,
		"package_version": c.History.PackageVersion, "launcher": c.History.Launcher} {
		if v != "" {
			h[key] = v
		}
	}
	out["history"] = h
	return out
}
