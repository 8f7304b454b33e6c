package description

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// commandLine is the source of a value given by an option.
func commandLine(option string) Source { return Source{File: "--" + option} }

// override applies the command line's changes in kiwi's order. Everything is
// changed on copies, so the document stays as it was read.
func (s *state) override(over Overrides) error {
	steps := []func(Overrides) error{s.setTypeAttributes, s.setVersions, s.changeRepos,
		s.changeContainer, s.addCertificates}
	for _, step := range steps {
		if err := step(over); err != nil {
			return err
		}
	}
	return nil
}

// edit returns a copy of an active section to be changed, the same one each time.
func (s *state) edit(list []active, i int) *node {
	n := list[i].node
	if !s.copied[n] {
		c := n.clone()
		s.replaced[n], s.copied[c] = c, true
		list[i].node, n = c, c
	}
	return n
}

// editPrefs returns a copy of active preferences whose children are still the
// original ones, so that a changed type is found inside.
func (s *state) editPrefs(i int) *node {
	n := s.prefs[i].node
	if !s.copied[n] {
		c := *n
		c.kids = slices.Clone(n.kids)
		s.replaced[n], s.copied[&c] = &c, true
		s.prefs[i].node, n = &c, &c
	}
	return n
}

// editType returns a copy of the selected type.
func (s *state) editType() *node {
	if !s.copied[s.typ.node] {
		old, c := s.typ.node, s.typ.node.clone()
		s.replaced[old], s.copied[c] = c, true
		for i := range s.types {
			if s.types[i].node == old {
				s.types[i].node = c
			}
		}
		s.typ.node = c
	}
	return s.typ.node
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
		s.editType().set(name, value)
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
		n := s.editPrefs(max(at, 0))
		k := &node{name: c.element, text: c.value, all: c.value, at: place{file: "--" + c.option}}
		if i := slices.IndexFunc(n.kids, func(k *node) bool { return k.name == c.element }); i >= 0 {
			n.kids[i] = k
		} else {
			n.kids = append(n.kids, k)
		}
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
	s.editType().set("derived_from", over.DerivedFrom)
	return nil
}

func (s *state) note(option, text string) {
	s.notes = append(s.notes, Note{text, commandLine(option)})
}

func (s *state) setTag(tag string) error {
	if tag == "" {
		return nil
	}
	if n := s.typ.first("containerconfig"); n == nil || n.get("tag") == "" {
		s.note("set-container-tag", "there is no <containerconfig> with a tag to overwrite; the option has no effect")
		return nil
	}
	s.editType().first("containerconfig").set("tag", tag)
	return nil
}

func (s *state) addLabel(name, value string) {
	if image := collapse(s.typ.get("image")); image != "docker" && image != "oci" {
		s.note("add-container-label", "labels are for the image types docker and oci; the option has no effect")
		return
	}
	n := s.editType()
	c := n.ensure("containerconfig")
	if _, ok := c.attr("name"); !ok {
		c.set("name", "kiwi-container")
		c.set("tag", "latest")
	}
	labels := c.ensure("labels")
	labels.kids = slices.DeleteFunc(labels.kids, func(k *node) bool { return k.get("name") == name })
	k := &node{name: "label", at: place{file: "--add-container-label"}}
	k.set("name", name)
	k.set("value", value)
	labels.kids = append(labels.kids, k)
}

// ensure returns the first child of that name, making one where there is none.
func (n *node) ensure(name string) *node {
	k := n.first(name)
	if k == nil {
		k = &node{name: name, at: n.at}
		n.kids = append(n.kids, k)
	}
	return k
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
		n := &node{name: "certificates", at: place{file: "--ca-cert"}}
		s.added, s.cas = append(s.added, n), append(s.cas, active{node: n})
		s.copied[n] = true
	}
	n := s.edit(s.cas, 0)
	n.set("target_distribution", target)
	for _, file := range over.CACertificates {
		k := &node{name: "certificate", at: place{file: "--ca-cert"}}
		k.set("name", file)
		n.kids = append(n.kids, k)
	}
	return nil
}
