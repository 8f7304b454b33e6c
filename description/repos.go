package description

import (
	"path"
	"strings"
)

// repositories fills the active repositories and the keys of all of them.
func (s *state) repositories(img *Image, over Overrides) {
	img.Repositories = []Repository{}
	img.SigningKeys = []string{}
	known := map[string]bool{}
	add := func(key string) {
		if !known[key] {
			known[key] = true
			img.SigningKeys = append(img.SigningKeys, key)
		}
	}
	for _, key := range over.SigningKeys {
		if where, _, err := translate(localAddress(key), s.doc.files.dir); err == nil {
			add(where)
		}
	}
	for _, sec := range s.repos {
		r := s.repository(sec, img)
		for _, key := range r.Keys {
			add(key)
		}
		img.Repositories = append(img.Repositories, r)
	}
}

func (s *state) repository(sec active, img *Image) Repository {
	source := sec.first("source")
	r := Repository{Path: source.get("path"), Type: collapse(sec.get("type")),
		SourceType: collapse(sec.get("sourcetype")), Alias: collapse(sec.get("alias")),
		Priority: numberAttr(sec.node, "priority"), Keys: []string{},
		UseForBuild: !truth(sec.get("imageonly")), ImageOnly: truth(sec.get("imageonly")),
		KeepInImage:     truth(sec.get("imageonly")) || truth(sec.get("imageinclude")),
		PackageGPGCheck: flagAttr(sec.node, "package_gpgcheck"), RepoGPGCheck: flagAttr(sec.node, "repository_gpgcheck"),
		Username: sec.get("username"), Password: sec.get("password"), Credentials: credentialsFile(source.get("path")),
		Components: sec.get("components"), Distribution: sec.get("distribution"),
		Architectures: collapse(sec.get("architectures")), Customize: sec.get("customize"), Source: s.from(sec, sec.node)}
	if r.SourceType == "" {
		r.SourceType = "baseurl"
	}
	var err error
	if r.URL, r.Local, err = translate(s.thisPath(r.Path), s.doc.files.dir); err != nil {
		r.Problem = err.Error()
	}
	if strings.HasPrefix(r.Path, "/") {
		s.notes = append(s.notes, Note{"kiwi reads the repository path " + r.Path + " as " + r.URL +
			": the first component is taken for a host; write dir://" + r.Path, r.Source})
	}
	for k := range source.every("signing") {
		where, _, err := translate(collapse(k.get("key")), s.doc.files.dir)
		if err != nil {
			r.Problem = err.Error()
			continue
		}
		r.Keys = append(r.Keys, expandRelease(where, img))
	}
	return r
}

// expandRelease replaces the release version in a key's address, when one is set.
func expandRelease(key string, img *Image) string {
	version := img.Preferences.ReleaseVersion
	if _, written := img.Preferences.Sources["release_version"]; !written || version == "" {
		return key
	}
	return strings.NewReplacer("$releasever", version, "${releasever}", version).Replace(key)
}

// thisPath turns this:// into a local directory below the description directory.
func (s *state) thisPath(address string) string {
	rest, ok := strings.CutPrefix(address, "this://")
	if !ok {
		return address
	}
	return "dir://" + s.doc.files.real(s.doc.files.locate(strings.ReplaceAll(rest, "this://", ""), path.Dir(s.doc.file)))
}

// localAddress lets a plain absolute path on the command line mean that path.
func localAddress(address string) string {
	if strings.HasPrefix(address, "/") {
		return "dir://" + address
	}
	return address
}
