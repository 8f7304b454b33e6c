package minidistro

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

const (
	keyName = "RPM-GPG-KEY-fimg"
	keyMail = "fimg@example.invalid"
)

// prepareKey makes the throwaway signing key of this work directory, once.
func (m *maker) prepareKey() error {
	home := m.path("keys/gnupg")
	m.pubkey = m.path("keys/" + keyName)
	if _, err := os.Stat(m.pubkey); err == nil {
		return nil
	}
	if err := os.MkdirAll(home, 0o700); err != nil {
		return err
	}
	if _, err := m.run("", nil, "gpg", "--homedir", home, "--batch", "--quiet", "--passphrase", "",
		"--faked-system-time", fmt.Sprintf("%d!", BuildTime), "--quick-generate-key",
		"Fimg Test Distribution <"+keyMail+">", "rsa2048", "sign", "never"); err != nil {
		return err
	}
	text, err := m.run("", nil, "gpg", "--homedir", home, "--armor", "--export")
	if err != nil {
		return err
	}
	return os.WriteFile(m.pubkey, text, 0o644)
}

// signAll fills the repository with signed copies of the built packages.
func (m *maker) signAll() error {
	if err := os.RemoveAll(m.path("repo")); err != nil {
		return err
	}
	var files []string
	for _, name := range m.names() {
		p := m.pkgs[name]
		to := m.path("repo/Packages/" + strings.ToLower(name[:1]) + "/" + p.fileName())
		if err := copyFile(p.built, to); err != nil {
			return err
		}
		files = append(files, to)
	}
	var group errgroup.Group
	for chunk := range slices.Chunk(files, (len(files)+m.opts.Jobs-1)/m.opts.Jobs) {
		group.Go(func() error { return m.sign(chunk) })
	}
	defer m.run("", nil, "gpgconf", "--homedir", m.path("keys/gnupg"), "--kill", "gpg-agent")
	return group.Wait()
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, data, 0o644))
}

// sign adds a signature whose time is the build's, so that it is always the same.
func (m *maker) sign(files []string) error {
	command := fmt.Sprintf("%%{__gpg} gpg --faked-system-time %d! --no-verbose --no-armor --batch --no-secmem-warning "+
		"-u %%{_gpg_name} -sbo %%{__signature_filename} --digest-algo sha256 %%{__plaintext_filename}", BuildTime)
	args := []string{"rpmsign", "--define", "_gpg_name " + keyMail, "--define", "_gpg_path " + m.path("keys/gnupg"),
		"--define", "__gpg /usr/bin/gpg", "--define", "__gpg_sign_cmd " + command, "--addsign"}
	env := []string{"GNUPGHOME=" + m.path("keys/gnupg"), "HOME=" + m.path("home")}
	_, err := m.run("", env, append(args, files...)...)
	return err
}

// writeMetadata makes repodata with groups and signs it.
func (m *maker) writeMetadata() error {
	comps := m.path("repo/comps.xml")
	if err := os.WriteFile(comps, []byte(m.comps()), 0o644); err != nil {
		return err
	}
	epoch := fmt.Sprintf("%d", BuildTime)
	if _, err := m.run("", m.buildEnv(), "createrepo_c", "-q", "-g", comps, "--revision", epoch, "--set-timestamp-to-revision",
		"--compress-type=gz", "--workers", fmt.Sprint(m.opts.Jobs), m.path("repo")); err != nil {
		return err
	}
	if err := copyFile(m.pubkey, m.path("repo/"+keyName)); err != nil {
		return err
	}
	_, err := m.run("", nil, "gpg", "--homedir", m.path("keys/gnupg"), "--batch", "--yes", "--faked-system-time", epoch+"!",
		"--detach-sign", "--armor", m.path("repo/repodata/repomd.xml"))
	return err
}
