package description

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// compare returns "field: difference" for each difference from a record.
func compare(d *docs, r *record) []string {
	o := d.get(r)
	opt := Options{Arch: r.Arch, Profiles: r.Profiles}
	if r.Type != nil {
		opt.Type = *r.Type
	}
	var img *Image
	err := o.err
	if err == nil {
		img, err = o.doc.Select(opt)
	}
	if !r.OK && err == nil && askedLater(img, r.Error.Class) {
		return nil
	}
	if !r.OK || err != nil {
		return compareErrors(r, err)
	}
	got := goldenFields(img)
	want := r.Result
	var bad []string
	for _, key := range slices.Sorted(maps.Keys(want)) {
		switch key {
		case "runtime_check_failures":
			bad = append(bad, compareChecks(img, want[key])...)
			continue
		}
		switch key {
		case "type_resolved":
			dropUnasked(img, got[key], want[key])
		case "containers":
			onlyAsked(got[key], want[key])
		case "packages":
			sortProducts(want[key])
		}
		g, ok := got[key]
		if !ok {
			bad = append(bad, key+": not produced")
			continue
		}
		bad = append(bad, differences(key, normal(g), want[key])...)
	}
	return bad
}

// sortProducts orders what kiwi gives in the order of a Python set.
func sortProducts(want any) {
	w, _ := want.(map[string]any)
	for _, key := range []string{"bootstrap_products", "image_products"} {
		list, _ := w[key].([]any)
		slices.SortFunc(list, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	}
}

// machineChecks look at the tools of the machine, so the records' answers are not
// about the description.
var machineChecks = []string{"check_checkmedia_used_with_msdos_table", "check_mediacheck_installed",
	"check_container_tool_chain_installed", "check_luksformat_options_valid",
	"check_consistent_kernel_in_boot_and_system_image", "check_boot_description_exists",
}

// afterOptions are checks that kiwi makes only once the command line has changed
// the description, so records may lack them.
var afterOptions = []string{"check_repositories_configured", "check_image_include_repos_publicly_resolvable"}

// compareChecks compares the names of the failing checks.
func compareChecks(img *Image, want any) []string {
	failing := map[string]bool{}
	for _, c := range img.Checks() {
		failing[c.Name] = true
	}
	wanted, _ := want.(map[string]any)
	var bad []string
	for name := range wanted {
		if !failing[name] && !slices.Contains(machineChecks, name) {
			bad = append(bad, "check: "+name+" does not fail, kiwi's does")
		}
	}
	for name := range failing {
		if _, ok := wanted[name]; !ok && !slices.Contains(machineChecks, name) && !slices.Contains(afterOptions, name) {
			bad = append(bad, "check: "+name+" fails, kiwi's does not")
		}
	}
	return bad
}

// dropUnasked removes the container's defaults where the records do not have them:
// that is up to whoever asked kiwi, as long as nothing is written.
func dropUnasked(img *Image, got, want any) {
	w, _ := want.(map[string]any)
	if list, ok := w["derived_from"].([]any); ok && len(list) == len(img.Type.DerivedFrom) {
		for i, address := range list { // as written, or where kiwi finds it
			if where, _, _ := translate(img.Type.DerivedFrom[i], ""); address == any(where) {
				list[i] = img.Type.DerivedFrom[i]
			}
		}
	}
	if w["container_config"] == nil && img.state.typ.first("containerconfig") == nil {
		delete(got.(object), "container_config")
	}
}

// askedLater recognises errors that kiwi raises while it answers single questions,
// or because of the machine it runs on, where fimg keeps a note of the problem.
func askedLater(img *Image, class string) bool {
	switch class {
	case "KiwiUriOpenError", "KiwiFileAccessError", "KiwiExtensionError":
		return true // network, key files, the host's XML catalogue
	case "KiwiNotImplementedError":
		return img.Type.Firmware.Unsupported != ""
	case "KiwiUriStyleUnknown", "KiwiUriTypeUnknown":
		return slices.ContainsFunc(img.Repositories, func(r Repository) bool { return r.Problem != "" })
	}
	return false
}

// onlyAsked removes what the records do not tell about containers.
func onlyAsked(got, want any) {
	g, _ := got.([]any)
	w, _ := want.([]any)
	for i := range min(len(g), len(w)) {
		asked, _ := w[i].(map[string]any)
		for key := range g[i].(object) {
			if _, ok := asked[key]; !ok {
				delete(g[i].(object), key)
			}
		}
	}
}

// kiwiClass is the name of kiwi's exception for an error of ours.
func kiwiClass(err error) string {
	var bad *Invalid
	var noProfile *ProfileError
	var noType *TypeError
	switch {
	case errors.As(err, &bad):
		return map[Cause]string{NoFile: "KiwiConfigFileNotFound", Syntax: "KiwiConfigFileFormatNotSupported",
			NoInclude: "KiwiIncludFileNotFoundError", Schema: "KiwiDescriptionInvalid", Value: "KiwiDataStructureError"}[bad.Cause]
	case errors.As(err, &noProfile):
		return "KiwiProfileNotFound"
	case errors.As(err, &noType):
		return "KiwiTypeNotFound"
	}
	return ""
}

func compareErrors(r *record, err error) []string {
	if r.OK {
		return []string{fmt.Sprintf("refused: %v", err)}
	}
	if err == nil {
		return []string{fmt.Sprintf("accepted: kiwi says %s: %s", r.Error.Class, r.Error.Message)}
	}
	if got := kiwiClass(err); got != r.Error.Class {
		return []string{fmt.Sprintf("error class: %s, kiwi says %s: %s (%v)", got, r.Error.Class, r.Error.Message, err)}
	}
	var p *ProfileError
	if errors.As(err, &p) && !strings.Contains(r.Error.Message, "profile "+p.Name+" not found") {
		return []string{fmt.Sprintf("error: %v, kiwi says %s", err, r.Error.Message)}
	}
	var y *TypeError
	if errors.As(err, &y) && !strings.Contains(r.Error.Message, pythonList(y.Profiles)) {
		return []string{fmt.Sprintf("error: %v, kiwi says %s", y.Profiles, r.Error.Message)}
	}
	return nil
}

func pythonList(l []string) string {
	q := make([]string, len(l))
	for i, s := range l {
		q[i] = "'" + strings.ReplaceAll(s, `\`, `\\`) + "'"
	}
	return "[" + strings.Join(q, ", ") + "]"
}

// normal passes a value through JSON.
func normal(v any) any {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	var out any
	if err := json.Unmarshal(data, &out); err != nil {
		panic(err)
	}
	return out
}

// isFailure recognises an error in the place of a value.
func isFailure(v any) bool {
	m, _ := v.(map[string]any)
	_, failed := m["error"]
	text, _ := v.(string)
	return failed || strings.HasPrefix(text, "Kiwi")
}

// mayFail tells that ours is an error too, holds one, or is an address that kiwi
// looks up in the network.
func mayFail(v any) bool {
	if m, ok := v.(map[string]any); ok {
		for _, x := range m {
			if mayFail(x) {
				return true
			}
		}
	}
	text, _ := v.(string)
	return isFailure(v) || strings.HasPrefix(text, obsServer)
}

// differences lists where two JSON values differ, nothing and null being equal and
// errors equal to each other.
func differences(at string, got, want any) []string {
	if isFailure(want) && mayFail(got) {
		return nil
	}
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			break
		}
		keys := map[string]bool{}
		for k := range g {
			keys[k] = true
		}
		for k := range w {
			keys[k] = true
		}
		var bad []string
		for _, k := range slices.Sorted(maps.Keys(keys)) {
			bad = append(bad, differences(at+"."+k, g[k], w[k])...)
		}
		return bad
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			break
		}
		var bad []string
		for i := range w {
			bad = append(bad, differences(at+"[]", g[i], w[i])...)
		}
		return bad
	default:
		if got == want {
			return nil
		}
	}
	return []string{fmt.Sprintf("%s: %s, kiwi says %s", at, brief(got), brief(want))}
}

func brief(v any) string {
	data, _ := json.Marshal(v)
	return string(data[:min(len(data), 300)])
}
