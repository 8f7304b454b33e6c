package description

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// commandLine is the source of a value given by an option.
func commandLine(option string) Source { return Source{File: "--" + option} }

// override applies the command line's changes in kiwi's order, to the document that
// this selection has for itself.
func (s *state) override(over Overrides) error {
	if over.Name != "" {
		s.doc.root.set("name", over.Name)
	}
	steps := []func(Overrides) error{s.setTypeAttributes, s.setVersions, s.changeRepos,
		s.changeContainer, s.addCertificates}
	for _, step := range steps {
		if err := step(over); err != nil {
			return err
		}
	}
	return nil
}

// create appends an element that a command line option asks for.
func (s *state) create(parent *node, name, option string) *node {
	n := (*node)(parent.element().CreateElement(name))
	s.doc.origins.option(n, option)
	return n
}

// ensure returns the first child of that name, making one where there is none.
func (s *state) ensure(parent *node, name, option string) *node {
	if n := parent.first(name); n != nil {
		return n
	}
	return s.create(parent, name, option)
}

func (s *state) setTypeAttributes(over Overrides) error {
	r := schema85()["type"]
	for _, text := range over.TypeAttributes {
		name, value, ok := strings.Cut(text, "=")
		bad := &OverrideError{Option: "set-type-attr", Value: text}
		known := r.attr(name)
		switch {
		case !ok:
			bad.Text = "want attribute=value"
			return bad
		case known == nil:
			bad.Text, bad.Near = "<type> has no attribute "+name, nearest(name, r.attrNames())
			return bad
		case !known.typ.allows(value) || !known.typ.readable(value):
			bad.Text = fmt.Sprintf("attribute %s cannot be %q", name, value)
			if about := cmp.Or(known.typ.about(), summary(known.typ.words)); about != "" {
				bad.Text += "; allowed: " + about
			}
			bad.Near = nearest(value, known.typ.words)
			return bad
		}
		s.typ.set(name, value)
	}
	return nil
}

// setVersions overwrites the first active release version and version, or adds
// them to the first active preferences.
func (s *state) setVersions(over Overrides) error {
	for _, c := range []struct{ element, option, value string }{
		{"release-version", "set-release-version", over.ReleaseVersion}, {"version", "version", over.Version},
	} {
		if c.value == "" {
			continue
		}
		at := slices.IndexFunc(s.prefs, func(p active) bool { return p.first(c.element) != nil })
		n := s.ensure(s.prefs[max(at, 0)].node, c.element, c.option)
		n.setText(c.value)
		s.doc.origins.option(n, c.option)
	}
	return nil
}

func (s *state) changeContainer(over Overrides) error {
	if err := s.setTag(over.ContainerTag); err != nil {
		return err
	}
	for _, label := range over.ContainerLabels {
		name, value, ok := strings.Cut(label, "=")
		if !ok {
			return &OverrideError{Option: "add-container-label", Value: label, Text: "want name=value"}
		}
		s.addLabel(name, value)
	}
	if over.DerivedFrom == "" {
		return nil
	}
	if s.typ.get("derived_from") == "" {
		s.note("set-container-derived-from", "the build type has no derived_from attribute to overwrite; the option has no effect")
		return nil
	}
	s.typ.set("derived_from", over.DerivedFrom)
	return nil
}

func (s *state) note(option, text string) {
	s.notes = append(s.notes, Note{text, commandLine(option)})
}

func (s *state) setTag(tag string) error {
	if tag == "" {
		return nil
	}
	n := s.typ.first("containerconfig")
	if n.get("tag") == "" {
		s.note("set-container-tag", "there is no <containerconfig> with a tag to overwrite; the option has no effect")
		return nil
	}
	n.set("tag", tag)
	return nil
}

func (s *state) addLabel(name, value string) {
	if image := collapse(s.typ.get("image")); image != "docker" && image != "oci" {
		s.note("add-container-label", "labels are for the image types docker and oci; the option has no effect")
		return
	}
	const option = "add-container-label"
	c := s.ensure(s.typ.node, "containerconfig", option)
	if _, ok := c.attr("name"); !ok {
		c.set("name", "kiwi-container")
		c.set("tag", "latest")
	}
	labels := s.ensure(c, "labels", option)
	for _, k := range labels.element().ChildElements() {
		if (*node)(k).get("name") == name {
			k.Remove()
		}
	}
	k := s.create(labels, "label", option)
	k.set("name", name)
	k.set("value", value)
}

func (s *state) addCertificates(over Overrides) error {
	if len(over.CACertificates) == 0 {
		return nil
	}
	known := schema85()["certificates"].attr("target_distribution").typ
	target := over.CATargetDistribution
	if target == "" && len(s.cas) > 0 {
		target = collapse(s.cas[0].get("target_distribution"))
	}
	if !known.allows(target) {
		return &OverrideError{Option: "ca-target-distribution", Value: target,
			Text: "not one of " + strings.Join(known.words, ", "), Near: nearest(target, known.words)}
	}
	if len(s.cas) == 0 {
		s.cas = append(s.cas, active{node: s.create(s.doc.root, "certificates", "ca-cert")})
	}
	n := s.cas[0]
	n.set("target_distribution", target)
	for _, file := range over.CACertificates {
		s.create(n.node, "certificate", "ca-cert").set("name", file)
	}
	return nil
}
