package description

import (
	"errors"
)

var errNoArch = errors.New("select image: no architecture given")

// preferences chooses every value by its own rule: first, last or all.
func (s *state) preferences(img *Image, over Overrides) {
	p := &img.Preferences
	p.Sources = map[string]Source{}
	first := func(to *string, key, element string) {
		if n, from := s.firstPref(element); n != nil {
			*to, p.Sources[key] = prefText(n), from
		}
	}
	last := func(to *string, key, element string) {
		if n, from := s.lastPref(element); n != nil {
			*to, p.Sources[key] = prefText(n), from
		}
	}
	p.PackageManager, p.ReleaseVersion = "dnf4", "0"
	first(&img.Version, "version", "version")
	first(&p.PackageManager, "package_manager", "packagemanager")
	first(&p.ReleaseVersion, "release_version", "release-version")
	first(&p.LocaleFirst, "locale_first", "locale")
	first(&p.KeytableFirst, "keytable_first", "keytable")
	first(&p.TimezoneFirst, "timezone_first", "timezone")
	last(&p.LastVersion, "last_version", "version")
	last(&p.Locale, "locale", "locale")
	last(&p.Keytable, "keytable", "keytable")
	last(&p.Timezone, "timezone", "timezone")
	last(&p.BootloaderTheme, "bootloader_theme", "bootloader-theme")
	for key, to := range map[string]*bool{"rpm-locale-filtering": &p.LocaleFiltering,
		"rpm-excludedocs": &p.ExcludeDocs, "rpm-check-signatures": &p.CheckSignatures} {
		if n, from := s.firstPref(key); n != nil {
			*to, p.Sources[flagKeys[key]] = truth(n.text()), from
		}
	}
	for _, sec := range s.prefs {
		for k := range sec.every("bootsplash-theme") {
			p.BootsplashThemes = append(p.BootsplashThemes, k.text())
		}
	}
	if len(s.prefs) > 0 {
		for k := range s.prefs[len(s.prefs)-1].every("showlicense") {
			p.ShowLicense = append(p.ShowLicense, k.text())
		}
	}
}

var flagKeys = map[string]string{"rpm-locale-filtering": "rpm_locale_filtering",
	"rpm-excludedocs": "rpm_excludedocs", "rpm-check-signatures": "rpm_check_signatures"}

// prefText is the value of a preference; two of them are tokens.
func prefText(n *node) string {
	if n.is("locale") || n.is("packagemanager") {
		return collapse(n.text())
	}
	return n.text()
}
