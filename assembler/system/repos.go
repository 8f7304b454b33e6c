package system

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"

	"github.com/fimg/fimg/description"
)

// keepRepositories writes the repositories that the description keeps in the
// image, in dnf.conf(5)'s form.
func (s *System) keepRepositories(context.Context) error {
	for _, r := range s.Image.Repositories {
		if !r.KeepInImage {
			continue
		}
		if r.Local && !r.ImageOnly {
			return fmt.Errorf("%s: keep repository %s: a local path means nothing on another machine", r.Source, r.URL)
		}
		if err := s.Root.MkdirAll("etc/yum.repos.d", 0o755); err != nil {
			return fmt.Errorf("keep repository: %w", err)
		}
		name := "etc/yum.repos.d/" + RepositoryID(r) + ".repo"
		if err := s.Root.WriteFile(name, []byte(repoFile(r)), 0o644); err != nil {
			return fmt.Errorf("keep repository %s: %w", r.URL, err)
		}
	}
	return nil
}

// RepositoryID is the alias of a repository; one without an alias gets a name
// made of its address, where kiwi takes a random one.
func RepositoryID(r description.Repository) string {
	if r.Alias != "" {
		return r.Alias
	}
	return fmt.Sprintf("%x", sha256.Sum256([]byte(r.URL)))[:32]
}

func repoFile(r description.Repository) string {
	var b strings.Builder
	line := func(key, value string) { fmt.Fprintf(&b, "%s = %s\n", key, value) }
	id := RepositoryID(r)
	fmt.Fprintf(&b, "[%s]\n", id)
	line("name", id)
	url := r.URL
	if r.Local {
		url = "file://" + url
	}
	source := r.SourceType
	if source == "" {
		source = "baseurl"
	}
	line(source, url)
	if p := r.Priority.Or(0); p != 0 {
		line("priority", strconv.FormatInt(p, 10))
	}
	line("repo_gpgcheck", bit(r.RepoGPGCheck.IsTrue()))
	line("gpgcheck", bit(r.PackageGPGCheck.IsTrue()))
	return b.String()
}

func bit(v bool) string {
	if v {
		return "1"
	}
	return "0"
}
