package description

import (
	"cmp"
	"slices"
)

// container reads <containerconfig> for types that make a container; defaults are
// those of kiwi's container builder.
func (s *state) container(img *Image, typ *node) *ContainerConfig {
	image := collapse(typ.get("image"))
	n := typ.first("containerconfig")
	if n == nil && !slices.Contains([]string{"docker", "oci", "appx", "wsl"}, image) && !containerFormat(typ) {
		return nil
	}
	return s.containerConfig(img, n)
}

// containerConfig reads the element, which may be missing.
func (s *state) containerConfig(img *Image, n *node) *ContainerConfig {
	contact := ""
	if len(img.About.Contact) > 0 {
		contact = img.About.Contact[0]
	}
	author := img.About.Author + " <" + contact + ">"
	c := &ContainerConfig{Name: cmp.Or(n.get("name"), "kiwi-container"), Tag: cmp.Or(n.get("tag"), "latest"),
		AdditionalNames: commas(n.get("additionalnames")), Maintainer: cmp.Or(n.get("maintainer"), author),
		User: n.get("user"), WorkingDir: n.get("workingdir"), Present: n != nil,
		Entrypoint: command(n.first("entrypoint")), Subcommand: command(n.first("subcommand")),
		Environment: lastPairs(n.first("environment"), "env"), Labels: lastPairs(n.first("labels"), "label"),
		History: history(n.first("history"), author)}
	if n != nil {
		c.Source = s.source(n, s.typ.by)
	}
	c.StopSignal, _ = n.child("stopsignal")
	for k := range n.first("expose").every("port") {
		c.Expose = append(c.Expose, collapse(k.get("number")))
	}
	c.Volumes = nameAttrs(n.first("volumes"), "volume")
	return c
}

func command(n *node) *Command {
	if n == nil {
		return nil
	}
	if run := n.get("execute"); run != "" {
		return &Command{Args: append([]string{run}, nameAttrs(n, "argument")...)}
	}
	if truth(n.get("clear")) {
		return &Command{Args: []string{}, Clear: true}
	}
	return nil
}

func history(n *node, author string) History {
	if n == nil {
		return History{Author: author}
	}
	return History{Present: true, CreatedBy: n.get("created_by"), Author: cmp.Or(n.get("author"), author),
		Comment: n.all(), ApplicationID: n.get("application_id"), PackageVersion: collapse(n.get("package_version")),
		Launcher: n.get("launcher")}
}

func (s *state) vagrant(typ *node) []Vagrant {
	var out []Vagrant
	for k := range typ.every("vagrantconfig") {
		out = append(out, Vagrant{Provider: collapse(k.get("provider")), VirtualSize: numberAttr(k, "virtualsize").Or(0),
			BoxName: k.get("boxname"), GuestAdditions: truth(k.get("virtualbox_guest_additions_present")),
			Vagrantfile: k.get("embedded_vagrantfile"), Source: s.source(k, s.typ.by)})
	}
	return out
}

func machine(n *node) *Machine {
	if n == nil {
		return nil
	}
	number := func(name string) Number { return numberAttr(n, name) }
	m := &Machine{OVFType: collapse(n.get("ovftype")), HWVersion: number("HWversion"), Arch: collapse(n.get("arch")),
		XenLoader: collapse(n.get("xen_loader")), GuestOS: n.get("guestOS"), MinMemory: number("min_memory"),
		MaxMemory: number("max_memory"), Memory: number("memory"), MinCPU: number("min_cpu"),
		MaxCPU: number("max_cpu"), NCPUs: number("ncpus")}
	for k := range n.every("vmconfig-entry") {
		m.Config = append(m.Config, k.text())
	}
	if k := n.first("vmdisk"); k != nil {
		m.Disk = &VMDisk{collapse(k.get("controller")), k.get("disktype"), k.get("device"), collapse(k.get("diskmode")), numberAttr(k, "id")}
	}
	if k := n.first("vmdvd"); k != nil {
		m.DVD = &VMDVD{collapse(k.get("controller")), numberAttr(k, "id")}
	}
	for k := range n.every("vmnic") {
		m.NICs = append(m.NICs, VMNIC{k.get("driver"), k.get("interface"), k.get("mode"), collapse(k.get("mac"))})
	}
	return m
}

// dracut gathers the <initrd> elements by action.
func dracut(n *node) Initrd {
	var out Initrd
	for k := range n.every("initrd") {
		to := map[string]*Dracut{"add": &out.Add, "omit": &out.Omit, "set": &out.Set, "setup": &out.Setup}[collapse(k.get("action"))]
		for d := range k.every("dracut") {
			to.UEFI = truth(d.get("uefi"))
			if m := d.get("module"); m != "" {
				to.Modules = append(to.Modules, m)
			}
			if m := d.get("driver"); m != "" {
				to.Drivers = append(to.Drivers, m)
			}
		}
	}
	return out
}
