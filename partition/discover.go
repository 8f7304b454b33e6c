package partition

import "strings"

// discoverable returns the type a custom partition gets from its name alone: the
// names of `systemd-id128 show`, on the target rather than on the build machine.
func discoverable(name, arch string) (Type, bool) {
	switch name {
	case "esp", "xbootldr", "swap", "home", "srv", "var", "tmp", "user-home", "linux-generic":
		return types()[name], true
	}
	kind, rest, _ := strings.Cut(name, "-")
	if kind != "root" && kind != "usr" {
		return Type{}, false
	}
	for machine, names := range machineNames() {
		after, ok := strings.CutPrefix(rest+"-", names.systemd+"-")
		if !ok {
			continue
		}
		if t, ok := machineType(kind, strings.TrimSuffix(after, "-"), machine); ok {
			return t, true
		}
	}
	return machineType(kind, rest, canonicalArch(arch))
}

// machineType returns root or usr of a machine, or the verity data or signature
// that belongs to it.
func machineType(kind, part, machine string) (Type, bool) {
	which := map[string]int{"root": 0, "usr": 1}[kind]
	names, known := machineNames()[machine]
	switch {
	case !known:
		return Type{}, false
	case part == "":
		return archTypes()[machine][which], true
	case part == "verity":
		return typeOfGUID(guid(names.verity[2*which])), true
	case part == "verity-sig":
		return typeOfGUID(guid(names.verity[2*which+1])), true
	}
	return Type{}, false
}

// machineWords are what the Discoverable Partitions Specification says of one
// machine beside archTypes.
type machineWords struct {
	systemd string    // its name there
	verity  [4]string // of root, its signature, of /usr, its signature
}

// machineNames lists the machines by `uname -m`.
func machineNames() map[string]machineWords {
	return map[string]machineWords{
		"x86_64": {"x86-64", [4]string{
			"2c7357edebd246d9aec123d437ec2bf5", "41092b059fc84523994f2def0408b176",
			"77ff5f63e7b64633acf41565b864c0e6", "e7bb33fb06cf4e818273e543b413e2e2",
		}},
		"i686": {"x86", [4]string{
			"d13c5d3bb5d1422ab29f9454fdc89d76", "5996fc05109c48de808b23fa0830b676",
			"8f461b0d14ee4e819aa9049b6fb97abd", "974a71c0de4143c3be5d5c5ccd1ad2c0",
		}},
		"aarch64": {"arm64", [4]string{
			"df3300ced69f4c92978c9bfb0f38d820", "6db69de629f44758a7a5962190f00ce3",
			"6e11a4e7fbca4dedb9e9e1a512bb664e", "c23ce4ff44bd4b00b2d4b41b3419e02a",
		}},
		"armv7l": {"arm", [4]string{
			"7386cdf2203c47a9a498f2ecce45a2d6", "42b0455feb11491d98d356145ba9d037",
			"c215d7517bcd4649be906627490a4c05", "d7ff812f37d14902a810d76ba57b975a",
		}},
		"ppc64le": {"ppc64-le", [4]string{
			"906bd94445894aaea4e4dd983917446a", "d4a236e7e8734c07bf1dbf6cf7f1c3c6",
			"ee2b998321e8415386d9b6901a54d1ce", "c8bfbd1e268e45218bbabf314c399557",
		}},
		"ppc64": {"ppc64", [4]string{
			"9225a9a33c194d89b4f6eeff88f17631", "f5e2c20c45b24ffabce92a60737e1aaf",
			"bdb528a5a259475fa87dda53fa736a07", "0b888863d7f84d9e9766239fce4d58af",
		}},
		"s390x": {"s390x", [4]string{
			"b325bfbec7be4ab88357139e652d2f6b", "c80187a573a3491a901a017c3fa953e9",
			"31741cc41a2a4111a581e00b447d2d06", "3f324816667b46ae86ee9b0c0c6c11b4",
		}},
		"riscv64": {"riscv64", [4]string{
			"b6ed5582440b4209b8da5ff7c419ea3d", "efe0f087ea8d4469821a4c2a96a8386a",
			"8f1056be9b0547c481d6be53128e5b54", "d2f9000a7a18453fb5cd4d32f77a7b32",
		}},
		"loongarch64": {"loongarch64", [4]string{
			"f3393b22e9af4613a9489d3bfbd0c535", "5afb67ebecc84f85ae8eac1e7c50e7d0",
			"f46b2c2659ae48f09106c50ed47f673d", "b024f315d330444c846144bbde524e99",
		}},
	}
}
