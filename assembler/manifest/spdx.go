package manifest

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fimg/fimg/seed"
)

// Document describes an image to WriteSPDX.
type Document struct {
	Name    string
	Version string
	Created time.Time
	Seed    seed.Seed
	Tool    string // "fimg-1.2"
}

// spdxDocument is SPDX 2.3's JSON form, the part an image needs
// (https://spdx.github.io/spdx-spec/v2.3/).
type spdxDocument struct {
	Version       string             `json:"spdxVersion"`
	License       string             `json:"dataLicense"`
	ID            string             `json:"SPDXID"`
	Name          string             `json:"name"`
	Namespace     string             `json:"documentNamespace"`
	Creation      spdxCreation       `json:"creationInfo"`
	Describes     []string           `json:"documentDescribes"`
	Packages      []spdxPackage      `json:"packages"`
	Relationships []spdxRelationship `json:"relationships"`
}

type spdxCreation struct {
	Created  string   `json:"created"`
	Creators []string `json:"creators"`
}

type spdxPackage struct {
	ID          string          `json:"SPDXID"`
	Name        string          `json:"name"`
	Version     string          `json:"versionInfo,omitempty"`
	Supplier    string          `json:"supplier"`
	Download    string          `json:"downloadLocation"`
	Homepage    string          `json:"homepage,omitempty"`
	Analyzed    bool            `json:"filesAnalyzed"`
	Declared    string          `json:"licenseDeclared"`
	Concluded   string          `json:"licenseConcluded"`
	LicenseNote string          `json:"licenseComments,omitempty"`
	Copyright   string          `json:"copyrightText"`
	Summary     string          `json:"summary,omitempty"`
	Source      string          `json:"sourceInfo,omitempty"`
	Checksums   []spdxChecksum  `json:"checksums,omitempty"`
	References  []spdxReference `json:"externalRefs,omitempty"`
	Purpose     string          `json:"primaryPackagePurpose,omitempty"`
}

type spdxChecksum struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"checksumValue"`
}

type spdxReference struct {
	Category string `json:"referenceCategory"`
	Type     string `json:"referenceType"`
	Locator  string `json:"referenceLocator"`
}

type spdxRelationship struct {
	From string `json:"spdxElementId"`
	Type string `json:"relationshipType"`
	To   string `json:"relatedSpdxElement"`
}

// WriteSPDX writes the bill of materials of an image.
func WriteSPDX(w io.Writer, doc Document, list []Package) error {
	const image = "SPDXRef-image"
	out := spdxDocument{
		Version: "SPDX-2.3", License: "CC0-1.0", ID: "SPDXRef-DOCUMENT", Name: doc.Name,
		Namespace: "https://spdx.org/spdxdocs/" + doc.Name + "-" + doc.Seed.UUID("spdx").String(),
		Creation:  spdxCreation{doc.Created.UTC().Format(time.RFC3339), []string{"Tool: " + doc.Tool}},
		Describes: []string{image},
		Packages: []spdxPackage{{ID: image, Name: doc.Name, Version: doc.Version, Supplier: "NOASSERTION", Download: "NOASSERTION",
			Declared: "NOASSERTION", Concluded: "NOASSERTION", Copyright: "NOASSERTION", Purpose: "OPERATING-SYSTEM"}},
	}
	sorted := slices.Clone(list)
	slices.SortStableFunc(sorted, func(a, b Package) int { return strings.Compare(a.nevra(), b.nevra()) })
	for i, p := range sorted {
		entry := p.spdx(i)
		out.Packages = append(out.Packages, entry)
		out.Relationships = append(out.Relationships, spdxRelationship{image, "CONTAINS", entry.ID})
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(out); err != nil {
		return fmt.Errorf("write bill of materials: %w", err)
	}
	return nil
}

func (p Package) nevra() string { return p.Name + "-" + p.evr() + "." + p.Arch }

func (p Package) evr() string {
	if p.Epoch != nil && *p.Epoch != 0 {
		return strconv.FormatInt(*p.Epoch, 10) + ":" + p.Version + "-" + p.Release
	}
	return p.Version + "-" + p.Release
}

func (p Package) spdx(n int) spdxPackage {
	entry := spdxPackage{
		ID: "SPDXRef-Package-" + strconv.Itoa(n), Name: p.Name, Version: p.evr(), Supplier: "NOASSERTION",
		Download: "NOASSERTION", Homepage: p.URL, Declared: "NOASSERTION", Concluded: "NOASSERTION",
		LicenseNote: p.License, Copyright: "NOASSERTION", Summary: p.Summary, Purpose: "LIBRARY",
		References: []spdxReference{{"PACKAGE-MANAGER", "purl", p.purl()}},
	}
	if p.Vendor != "" {
		entry.Supplier = "Organization: " + p.Vendor
	}
	if p.SourceRPM != "" {
		entry.Source = "built from " + p.SourceRPM
	}
	if algo, value, ok := strings.Cut(p.Checksum, ":"); ok {
		entry.Checksums = []spdxChecksum{{strings.ToUpper(algo), value}}
	}
	return entry
}

// purl is the package URL (https://github.com/package-url/purl-spec, type rpm).
func (p Package) purl() string {
	u := "pkg:rpm/fedora/" + p.Name + "@" + p.Version + "-" + p.Release + "?arch=" + p.Arch
	if p.Epoch != nil && *p.Epoch != 0 {
		u += "&epoch=" + strconv.FormatInt(*p.Epoch, 10)
	}
	return strings.ReplaceAll(strings.ReplaceAll(u, "^", "%5E"), "+", "%2B")
}
