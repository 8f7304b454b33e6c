package grub

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/fimg/fimg/bootloader"
	"github.com/fimg/fimg/tree/rootfs"
)

// WriteDefaults edits /etc/default/grub and /etc/sysconfig/bootloader to what the
// description says. Lines of the packages that it does not speak of stay.
func WriteDefaults(root *rootfs.Root, sys *bootloader.System, opts *Options) error {
	if root.IsDir("etc/default") {
		if err := editSettings(root, "etc/default/grub", defaults(root, sys, opts)); err != nil {
			return fmt.Errorf("write /etc/default/grub: %w", err)
		}
	}
	if root.IsDir("etc/sysconfig") {
		if err := editSettings(root, "etc/sysconfig/bootloader", sysconfig(sys, opts)); err != nil {
			return fmt.Errorf("write /etc/sysconfig/bootloader: %w", err)
		}
	}
	return nil
}

func editSettings(root *rootfs.Root, name string, set map[string]string) error {
	old, err := root.ReadFile(name)
	if err != nil && root.Exists(name) {
		return err
	}
	return root.WriteFile(name, []byte(mergeSettings(string(old), set)), 0o644)
}

var rootWord = regexp.MustCompile(`\s*\broot=\S+`)

func defaults(root *rootfs.Root, sys *bootloader.System, opts *Options) map[string]string {
	timeout := 10
	if opts.Timeout != nil {
		timeout = *opts.Timeout
	}
	out, in := opts.OutputConsole, opts.InputConsole
	if in == "" {
		in = out
	}
	set := map[string]string{
		"GRUB_TIMEOUT":         strconv.Itoa(timeout),
		"GRUB_GFXMODE":         or(opts.GfxMode, "auto"),
		"GRUB_TERMINAL_INPUT":  quote(or(console(in), "console")),
		"GRUB_TERMINAL_OUTPUT": quote(or(console(out), "gfxterm")),
	}
	optionalDefaults(set, root, sys, opts)
	return set
}

func optionalDefaults(set map[string]string, root *rootfs.Root, sys *bootloader.System, opts *Options) {
	if !opts.NoBLS && knowsBLS(root) {
		set["GRUB_ENABLE_BLSCFG"] = "true"
	}
	if line := strings.TrimSpace(rootWord.ReplaceAllString(sys.KernelOptions(), "")); line != "" {
		set["GRUB_CMDLINE_LINUX_DEFAULT"] = quote(line)
	}
	if opts.Distributor != "" {
		set["GRUB_DISTRIBUTOR"] = quote(opts.Distributor)
	}
	if opts.TimeoutStyle != "" {
		set["GRUB_TIMEOUT_STYLE"] = opts.TimeoutStyle
	}
	if opts.SerialLine != "" && strings.Contains(opts.OutputConsole+opts.InputConsole, "serial") {
		set["GRUB_SERIAL_COMMAND"] = quote(opts.SerialLine)
	}
	if opts.Theme != "" {
		dir := "/boot/" + Dir(root) + "/themes/" + opts.Theme
		set["GRUB_THEME"] = dir + "/theme.txt"
		if root.Exists(dir + "/background.png") {
			set["GRUB_BACKGROUND"] = dir + "/background.png"
		}
	}
	switch opts.Persistency {
	case "by-label":
		set["GRUB_CMDLINE_LINUX"] = quote("root=LABEL=" + sys.Root.Label)
		set["SUSE_REMOVE_LINUX_ROOT_PARAM"] = "true"
		set["GRUB_ENABLE_LINUX_LABEL"] = "true"
		set["GRUB_DISABLE_LINUX_UUID"] = "true"
	case "by-partuuid":
		set["GRUB_DISABLE_LINUX_UUID"] = "true"
		set["GRUB_DISABLE_LINUX_PARTUUID"] = "false"
	}
}

func knowsBLS(root *rootfs.Root) bool {
	for _, name := range []string{"grub2-mkconfig", "grub-mkconfig"} {
		if p, ok := root.Program(name); ok {
			text, err := root.ReadFile(p)
			return err == nil && strings.Contains(string(text), "GRUB_ENABLE_BLSCFG")
		}
	}
	return false
}

func sysconfig(sys *bootloader.System, opts *Options) map[string]string {
	efi := sys.Firmware == "efi" || sys.Firmware == "uefi"
	set := map[string]string{
		"LOADER_TYPE":     quote("grub2-bls"),
		"LOADER_LOCATION": quote("mbr"),
		"DEFAULT_APPEND":  quote(sys.Cmdline),
		"FAILSAFE_APPEND": quote(sys.KernelOptions() + " ide=nodma apm=off noresume edd=off nomodeset 3"),
		"TRUSTED_BOOT":    quote(map[bool]string{true: "yes", false: "no"}[opts.TrustedBoot]),
	}
	if opts.NoBLS {
		set["LOADER_TYPE"] = quote("grub2")
	}
	if efi {
		set["LOADER_LOCATION"] = quote("none")
		set["SECURE_BOOT"] = quote(map[bool]string{true: "yes", false: "no"}[sys.Firmware == "uefi"])
		if opts.NoBLS {
			set["LOADER_TYPE"] = quote("grub2-efi")
		}
	}
	return set
}

// mergeSettings gives each key its value in place and appends the missing ones
// in order. Lines with a # are never touched.
func mergeSettings(text string, set map[string]string) string {
	var lines []string
	seen := map[string]bool{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		key, value, found := strings.Cut(line, "=")
		key = strings.TrimSpace(key)
		if found && !strings.Contains(line, "#") {
			if v, ok := set[key]; ok {
				line = key + "=" + v
			}
			seen[key] = true
			if key == "GRUB_DEFAULT" && strings.Trim(value, `"' `) == "" {
				line = "GRUB_DEFAULT=saved"
			}
		}
		lines = append(lines, line)
	}
	for _, key := range slices.Sorted(maps.Keys(set)) {
		if !seen[key] {
			lines = append(lines, key+"="+set[key])
		}
	}
	if _, isGrub := set["GRUB_TIMEOUT"]; isGrub && !seen["GRUB_DEFAULT"] {
		lines = append(lines, "GRUB_DEFAULT=saved")
	}
	return strings.Join(lines, "\n") + "\n"
}

// console maps the description's value; "none" counts as unset.
func console(value string) string {
	if value == "none" {
		return ""
	}
	return value
}

func or(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}

// quote makes a double-quoted shell word.
func quote(s string) string {
	r := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "`", "\\`", "$", `\$`)
	return `"` + r.Replace(s) + `"`
}
