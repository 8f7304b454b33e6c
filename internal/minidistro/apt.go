package minidistro

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// run runs a tool and returns what it printed; a failure tells its last words.
func (m *maker) run(dir string, env []string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(m.ctx, args[0], args[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", args[0], err, tail(errs.String()+out.String(), 600))
	}
	return out.Bytes(), nil
}

func tail(s string, n int) string { return strings.TrimSpace(s[max(0, len(s)-n):]) }

// aptOptions make apt-get work for another architecture, or another release,
// with lists and caches of their own.
func (m *maker) aptOptions(dir string, more ...string) []string {
	options := []string{"APT::Sandbox::User=root", "Acquire::Languages=none", "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false",
		"Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false"}
	if dir != "" {
		options = append(options, "Dir::State::Lists="+filepath.Join(dir, "lists"), "Dir::Cache="+filepath.Join(dir, "cache"),
			"Dir::State::status=/dev/null", "APT::Architecture="+m.arch.deb, "APT::Architectures::="+m.arch.deb)
	}
	args := []string{"-q"}
	for _, o := range append(options, more...) {
		args = append(args, "-o", o)
	}
	return args
}

// native tells whether the machine's own package lists are of this architecture.
func (m *maker) native() bool {
	out, err := m.run("", nil, "dpkg", "--print-architecture")
	return err == nil && strings.TrimSpace(string(out)) == m.arch.deb
}

// privateApt prepares apt's directories below the work directory.
func (m *maker) privateApt(name string) (string, error) {
	dir := m.path(name)
	for _, d := range []string{"lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return "", err
		}
	}
	return dir, nil
}

func (m *maker) readIndex() error {
	dir := ""
	if !m.native() {
		var err error
		if dir, err = m.privateApt("apt-" + m.arch.deb); err != nil {
			return err
		}
		if _, err := m.run("", nil, slices.Concat([]string{"apt-get"}, m.aptOptions(dir), []string{"update"})...); err != nil {
			return err
		}
	}
	text, err := m.run("", nil, slices.Concat([]string{"apt-cache"}, m.aptOptions(dir)[1:], []string{"dumpavail"})...)
	if err != nil {
		return err
	}
	m.index = parseIndex(text)
	if len(m.index.packages) < 1000 {
		return fmt.Errorf("the package lists are empty: run apt-get update")
	}
	return m.chooseNames()
}

// chooseNames computes the closure and gives every Debian package its RPM name.
func (m *maker) chooseNames() error {
	seeds := m.seeds()
	kernel := ""
	if meta, ok := m.index.packages[m.arch.kernelMeta]; ok {
		kernel = meta.depends()[0][0].name
	}
	for i, s := range seeds {
		if s == m.arch.kernelMeta {
			seeds[i] = kernel
		}
	}
	merged := map[string]string{}
	for _, name := range sortedKeys(m.merge) {
		for _, deb := range m.merge[name] {
			merged[deb] = name
		}
	}
	m.provided = map[string]bool{}
	for _, n := range m.closure(seeds) {
		m.rpmOf[n], m.provided[n] = n, true
		if name, ok := merged[n]; ok {
			m.rpmOf[n] = name
		}
		for _, alts := range parseDeps(m.index.packages[n]["Provides"]) {
			m.provided[alts[0].name] = true
		}
	}
	m.rpmOf[kernel] = "kernel-core"
	m.log("  %d Debian packages", len(m.rpmOf))
	return nil
}

func sortedKeys[V any](set map[string]V) []string {
	keys := make([]string, 0, len(set))
	for k := range set {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (m *maker) debName(n string) string {
	p := m.index.packages[n]
	return n + "_" + strings.ReplaceAll(p["Version"], ":", "%3a") + "_" + p["Architecture"] + ".deb"
}

func (m *maker) download() error {
	var want []string
	for _, n := range append(sortedKeys(m.rpmOf), "locales") {
		if _, err := os.Stat(m.path("debs/" + m.debName(n))); err != nil {
			want = append(want, n+"="+m.index.packages[n]["Version"])
		}
	}
	dir := ""
	if !m.native() {
		dir = m.path("apt-" + m.arch.deb)
	}
	for chunk := range slices.Chunk(want, 60) {
		args := slices.Concat([]string{"apt-get"}, m.aptOptions(dir), []string{"download"}, chunk)
		if _, err := m.run(m.path("debs"), nil, args...); err != nil {
			return err
		}
	}
	return m.downloadNewerGrub()
}

// downloadNewerGrub fetches the modules of a GRUB that has the blscfg command,
// which the stable release's lacks: data files, which no program of the image runs.
func (m *maker) downloadNewerGrub() error {
	if len(m.arch.grubModules) == 0 {
		return nil
	}
	dir, err := m.privateApt("grub-" + m.arch.deb)
	if err != nil {
		return err
	}
	if found, _ := filepath.Glob(filepath.Join(dir, "*.deb")); len(found) > 0 {
		return nil
	}
	site, err := m.archiveSite()
	if err != nil {
		return err
	}
	list := filepath.Join(dir, "newer.list")
	line := "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] " + site + " forky main\n"
	if err := os.WriteFile(list, []byte(line), 0o644); err != nil {
		return err
	}
	options := m.aptOptions(dir, "Dir::Etc::sourcelist="+list, "Dir::Etc::sourceparts=-")
	if _, err := m.run("", nil, slices.Concat([]string{"apt-get"}, options, []string{"update"})...); err != nil {
		return err
	}
	packages := map[string][]string{"amd64": {"grub-pc-bin", "grub-efi-amd64-bin"}, "arm64": {"grub-efi-arm64-bin"}, "ppc64el": {"grub-ieee1275-bin"}}
	_, err = m.run(dir, nil, slices.Concat([]string{"apt-get"}, options, []string{"download"}, packages[m.arch.deb])...)
	return err
}

// archiveSite is the archive this machine already uses.
func (m *maker) archiveSite() (string, error) {
	out, err := m.run("", nil, "apt-get", "indextargets", "--format", "$(SITE) $(CODENAME)")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) == 2 && !strings.Contains(f[1], "-") {
			return f[0], nil
		}
	}
	return "", fmt.Errorf("no archive in apt's sources")
}

// tarOf streams the file tree of a .deb.
func (m *maker) tarOf(deb string, read func(io.Reader) error) error {
	cmd := exec.CommandContext(m.ctx, "dpkg-deb", "--fsys-tarfile", deb)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	readErr := read(out)
	io.Copy(io.Discard, out)
	if err := cmd.Wait(); err != nil && readErr == nil {
		return fmt.Errorf("dpkg-deb %s: %w", deb, err)
	}
	return readErr
}
