package description

import (
	"iter"
	"path"
	"strings"
)

// object is a JSON object under construction.
type object = map[string]any

// orNil makes an empty string null.
func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// failure stands for whatever the records have where kiwi raises an error.
var failure = object{"error": true}

// dump gives a node as the golden records have it: attributes and children typed,
// names with underscores.
func dump(n *node) object {
	r := schema85()[n.name()]
	out := object{}
	for _, a := range n.Attr {
		if rule := r.attr(a.FullKey()); rule != nil {
			out[strings.ReplaceAll(a.FullKey(), "-", "_")] = rule.typ.read(a.Value)
		}
	}
	for k := range n.kids() {
		key := strings.ReplaceAll(k.name(), "-", "_")
		l, _ := out[key].([]any)
		out[key] = append(l, dumpChild(k))
	}
	if r.text != nil && len(r.attrs) > 0 {
		out["value"] = n.all()
	}
	return out
}

func dumpChild(k *node) any {
	r := schema85()[k.name()]
	if r.text != nil && len(r.attrs) == 0 {
		return r.text.read(k.text())
	}
	return dump(k)
}

// written is an attribute's value, nil when it is not there.
func written(n *node, name string) any {
	if v, ok := n.attr(name); ok {
		return v
	}
	return nil
}

// goldenFields gives an image in the fields of the golden records.
func goldenFields(img *Image) object {
	s := img.state
	p := img.Preferences
	var locale, rpmLocale any
	if _, ok := p.Sources["locale_first"]; ok {
		locale = strings.Split(p.LocaleFirst, ",")
	}
	if p.LocaleFiltering {
		all := []string{"POSIX", "C", "C.UTF-8"}
		if locale != nil {
			all = append(all, locale.([]string)...)
		}
		rpmLocale = all
	}
	release := any(nil)
	if _, ok := p.Sources["release_version"]; ok {
		release = orNil(p.ReleaseVersion)
	}
	out := object{
		"arch": img.Arch, "build_type_name": img.Type.Attr.Image, "bundle_format": orNil(img.Type.Attr.BundleFormat),
		"certificates": certificateNames(img), "containers": goldenContainers(img),
		"description": object{"author": img.About.Author, "contact": img.About.Contact[0], "specification": img.About.Specification},
		"displayname": written(s.doc.root, "displayname"), "drivers": img.Drivers, "id": written(s.doc.root, "id"),
		"initrd_system": img.Type.InitrdSystem, "locale": locale, "name": img.Name,
		"keytable_first": firstOf(p, "keytable_first", p.KeytableFirst), "timezone_first": firstOf(p, "timezone_first", p.TimezoneFirst),
		"packagemanager": p.PackageManager, "release_version": release, "rpm_locale": rpmLocale,
		"rpm_check_signatures": p.CheckSignatures, "rpm_excludedocs": p.ExcludeDocs, "rpm_locale_filtering": p.LocaleFiltering,
		"schemaversion": img.SchemaVersion, "strip": img.Strip, "profiles": img.Profiles, "version": img.Version,
		"type": dump(img.state.typ.node), "packages": goldenPackages(img), "repositories_signing_keys": img.SigningKeys,
		"overlay_profile_dirs": overlayDirs(img), "type_resolved": goldenType(img),
	}
	out["available_types"] = goldenTypes(img)
	out["preferences"] = goldenPreferences(s)
	out["repositories"] = goldenRepositories(img)
	out["users"] = goldenUsers(s, img)
	env := object{}
	for _, v := range img.Environment {
		if v.Name == "kiwi_revision" {
			v.Value = "$Format:%H$"
		}
		env[v.Name] = v.Value
	}
	out["profile_settings"] = env
	out["profile_file"] = img.ProfileText(Variable{"kiwi_revision", "$Format:%H$"})
	return out
}

func firstOf(p Preferences, key, value string) any {
	if _, ok := p.Sources[key]; !ok {
		return nil
	}
	return value
}

func certificateNames(img *Image) []string {
	if img.Certificates == nil {
		return []string{}
	}
	return img.Certificates.Files
}

func goldenContainers(img *Image) []any {
	out := []any{}
	for _, c := range img.Containers {
		for _, i := range c.Images {
			file := "/var/tmp/kiwi_containers/" + i.Name + "_" + i.Tag
			load := []string{}
			if !i.FetchOnly {
				load = []string{"/usr/bin/" + c.Backend, "load", "-i", file}
			}
			out = append(out, object{"name": i.Name + "_" + i.Tag, "backend": c.Backend, "container_file": file,
				"fetch_only": i.FetchOnly, "load_command": load})
		}
	}
	return out
}

func overlayDirs(img *Image) []string {
	out := []string{}
	for _, o := range img.Overlays {
		if o.Profile != "" {
			out = append(out, path.Base(o.Path))
		}
	}
	return out
}

func goldenTypes(img *Image) []any {
	out := []any{}
	for _, k := range img.Types {
		out = append(out, object{"image": k.Image, "format": orNil(k.Format), "primary": k.Primary})
	}
	return out
}

func goldenPreferences(s *state) []any {
	out := []any{}
	for _, p := range s.prefs {
		o := dump(p.node)
		delete(o, "type")
		out = append(out, o)
	}
	return out
}

func goldenUsers(s *state, img *Image) []any {
	out := []any{}
	for _, u := range img.Users {
		for _, sec := range s.users {
			found := false
			for k := range sec.every("user") {
				if k.get("name") == u.Name && !found {
					o := dump(k)
					o["groups_resolved"] = u.Groups
					out = append(out, o)
					found = true
				}
			}
			if found {
				break
			}
		}
	}
	return out
}

func goldenRepositories(img *Image) []any {
	out := []any{}
	for i, r := range img.Repositories {
		n := img.state.repos[i].node
		attrs := dump(n)
		delete(attrs, "source")
		signing := []string{}
		for k := range n.first("source").every("signing") {
			signing = append(signing, collapse(k.get("key")))
		}
		credentials := r.Credentials
		if credentials == "" {
			credentials = "kiwiRepoCredentials"
		}
		random := r.Alias == ""
		remote, public, translated := any(!r.Local), !r.Local, any(r.URL)
		if r.URL == "" {
			remote, public, translated = failure, false, failure
			if splitLocation(r.Path).scheme == "obsrepositories" {
				remote = false
			}
		}
		o := object{"attributes": attrs, "path": img.state.thisPath(r.Path), "signing": signing, "used_for_build": r.UseForBuild, "used_in_image": r.KeepInImage,
			"uri": object{"alias_is_random": random, "credentials_file": credentials, "is_public": public, "is_remote": remote, "translated": translated}}
		out = append(out, o)
	}
	return out
}

func goldenPackages(img *Image) object {
	p := img.Packages
	pattern := func(b bool) string {
		if b {
			return "plusRecommended"
		}
		return "onlyRequired"
	}
	phase := func(prefix string, ph Phase, out object) {
		files, dirs, names := object{}, object{}, []string{}
		for _, f := range ph.Files {
			files[f.Name] = object{"target": f.Target, "owner": f.Owner, "permissions": f.Permissions}
		}
		for _, a := range ph.Archives {
			names = append(names, a.Name)
			dirs[a.Name] = orNil(a.TargetDir)
		}
		out[prefix] = Names(ph.Packages)
		out[prefix+"_files"], out[prefix+"_archives"], out[prefix+"_archives_target_dirs"] = files, names, dirs
		out[prefix+"_collections"], out[prefix+"_collection_type"] = Names(ph.Collections), pattern(ph.Recommended)
		out[prefix+"_ignore"], out[prefix+"_products"] = Names(ph.Ignore), Names(ph.Products)
	}
	out := object{"delete": Names(p.Delete), "uninstall": Names(p.Uninstall), "systemfiles_ignore": p.SystemFilesIgnore,
		"bootstrap_package": orNil(p.BootstrapPackage), "collection_modules": object{"enable": p.EnableModules, "disable": p.DisableModules}}
	phase("bootstrap", p.Bootstrap, out)
	phase("image", p.Image, out)
	sections := []any{}
	for _, sec := range img.state.packages {
		sections = append(sections, object{"type": collapse(sec.get("type")), "profiles": written(sec.node, "profiles"),
			"patternType": orNil(collapse(sec.get("patternType"))), "n_package": count(sec.every("package")), "n_collection": count(sec.every("namedCollection"))})
	}
	out["sections"] = sections
	return out
}

func count(nodes iter.Seq[*node]) int {
	n := 0
	for range nodes {
		n++
	}
	return n
}
