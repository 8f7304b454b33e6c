package registry

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/docker/cli/cli/config"
	"github.com/docker/cli/cli/config/configfile"
	"github.com/docker/cli/cli/config/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"github.com/fimg/fimg/fault"
)

// logins finds the login for a repository in the files that podman, skopeo and
// docker keep, in the order and with the keys of containers-auth.json(5). The
// library's own keychain looks at one file only and knows no key between the
// whole name and the registry's.
type logins struct{}

// maxLogins is the largest file of logins that is read, in bytes.
const maxLogins = 1 << 20

// Resolve implements authn.Keychain.
func (logins) Resolve(target authn.Resource) (authn.Authenticator, error) {
	for _, file := range loginFiles() {
		list, err := readLogins(file)
		if err != nil {
			return nil, fault.New(fault.Usage, fmt.Errorf("read logins of %s: %w", file, err))
		}
		if list == nil {
			continue
		}
		for _, key := range loginKeys(target) {
			c, err := loginFor(list, key)
			if err != nil {
				return nil, fault.New(fault.Usage, fmt.Errorf("read logins of %s: %w", file, err))
			}
			if c != (types.AuthConfig{}) {
				return authn.FromConfig(authn.AuthConfig{Username: c.Username, Password: c.Password, Auth: c.Auth,
					IdentityToken: c.IdentityToken, RegistryToken: c.RegistryToken}), nil
			}
		}
	}
	return authn.Anonymous, nil
}

// loginFiles are the places to look at, first to last. REGISTRY_AUTH_FILE
// replaces all others.
func loginFiles() []string {
	if only := os.Getenv("REGISTRY_AUTH_FILE"); only != "" {
		return []string{only}
	}
	var list []string
	if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" {
		list = append(list, filepath.Join(dir, "containers/auth.json"))
	} else {
		list = append(list, filepath.Join("/run/containers", strconv.Itoa(os.Getuid()), "auth.json"))
	}
	home := os.Getenv("HOME")
	if dir := os.Getenv("XDG_CONFIG_HOME"); dir != "" {
		list = append(list, filepath.Join(dir, "containers/auth.json"))
	} else if home != "" {
		list = append(list, filepath.Join(home, ".config/containers/auth.json"))
	}
	if dir := os.Getenv("DOCKER_CONFIG"); dir != "" {
		list = append(list, filepath.Join(dir, "config.json"))
	} else if home != "" {
		list = append(list, filepath.Join(home, ".docker/config.json"))
	}
	return list
}

// readLogins reads a file of logins, nil where there is none.
func readLogins(file string) (*configfile.ConfigFile, error) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return config.LoadFromReader(io.LimitReader(f, maxLogins))
}

// loginFor finds the login under one key, or asks the helper that the file names.
// The library's look-up would take a login of one namespace for any other of the
// same host.
func loginFor(list *configfile.ConfigFile, key string) (c types.AuthConfig, err error) {
	c, found := list.AuthConfigs[key]
	switch {
	case found:
	case list.CredentialsStore != "" || list.CredentialHelpers[key] != "":
		c, err = list.GetAuthConfig(key)
	case !strings.Contains(key, "/"):
		c = list.AuthConfigs["https://"+key] // as old docker wrote it
	}
	c.ServerAddress = "" // the library fills it in, found or not
	return c, err
}

// loginKeys are the names under which a file may have a login for a repository,
// the most specific first.
func loginKeys(target authn.Resource) []string {
	var list []string
	host, full := target.RegistryStr(), target.String()
	hosts := []string{host}
	if host == name.DefaultRegistry {
		hosts = []string{"docker.io", host}
	}
	for _, h := range hosts {
		key := h + strings.TrimPrefix(full, host)
		for at := len(key); at > 0; at = strings.LastIndexByte(key, '/') {
			key = key[:at]
			list = append(list, key)
		}
	}
	if host == name.DefaultRegistry {
		list = append(list, authn.DefaultAuthKey)
	}
	return list
}
