package description

// remark adds notes about oddities of the whole description.
func (s *state) remark(img *Image) {
	for _, sec := range s.doc.prefs {
		for _, p := range append(sec.profiles, sec.arch...) {
			if collapse(p) != p {
				s.notes = append(s.notes, Note{"the blank before " + collapse(p) + " belongs to the name, so it never matches", s.source(sec.node, "")})
			}
		}
	}
	if img.Type.Firmware.Unsupported != "" && img.Type.Attr.Image == "oem" {
		s.notes = append(s.notes, Note{img.Type.Firmware.Unsupported, img.Source})
	}
	if v := img.Preferences.LastVersion; v != img.Version {
		s.notes = append(s.notes, Note{"several versions: file names use " + img.Version + ", kiwi_iversion is " + v, img.Preferences.Sources["last_version"]})
	}
}
