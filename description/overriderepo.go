package description

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// repoTuple is kiwi's --set-repo and --add-repo argument: up to eleven fields with
// commas between, of which the last keeps further commas. Empty fields change
// nothing; {a;b} is a list.
type repoTuple [11]string

// tupleAttrs are the attributes for the fields; the source and the signing keys are
// no attributes.
var tupleAttrs = [11]string{"", "type", "alias", "priority", "imageinclude", "package_gpgcheck", "",
	"components", "distribution", "repository_gpgcheck", "sourcetype"}

const keysField = 6

func parseTuple(option, text string) (repoTuple, error) {
	var t repoTuple
	copy(t[:], strings.SplitN(text, ",", len(t)))
	r := schema85()["repository"]
	for i, name := range tupleAttrs {
		if name == "" || t[i] == "" {
			continue
		}
		if typ := r.attr(name).typ; !typ.allows(t[i]) || !typ.readable(t[i]) {
			return t, &OverrideError{Option: option, Value: text, Near: nearest(t[i], typ.words),
				Text: fmt.Sprintf("field %d (%s) cannot be %q", i+1, name, t[i])}
		}
	}
	return t, nil
}

// keys splits {a;b}; a colon, as kiwi's help has it, would split addresses.
func (t repoTuple) keys() []string {
	list := strings.NewReplacer("{", "", "}", "").Replace(t[keysField])
	if list == "" {
		return nil
	}
	return strings.Split(list, ";")
}

// login is user:password, or the first line of the file of that name.
func login(option, text string) (string, error) {
	info, err := os.Stat(text)
	if text == "" || err != nil || !info.Mode().IsRegular() {
		return text, nil
	}
	if info.Size() > maxValue {
		return "", &OverrideError{Option: option, Value: text, Text: "file is too large for credentials"}
	}
	data, err := os.ReadFile(text)
	if err != nil {
		return "", &OverrideError{Option: option, Value: text, Text: plain(err)}
	}
	line, _, _ := strings.Cut(string(data), "\n")
	return strings.TrimRight(line, "\r"), nil
}

func (s *state) changeRepos(over Overrides) error {
	switch {
	case over.IgnoreRepos:
		s.keepRepos(func(*node) bool { return false })
	case over.IgnoreReposUsedForBuild:
		s.keepRepos(func(n *node) bool { return truth(n.get("imageonly")) })
	}
	if over.SetRepo != "" {
		if err := s.setRepo("set-repo", over.SetRepo, over.SetRepoCredentials, true); err != nil {
			return err
		}
	}
	for i, text := range over.AddRepos {
		credentials := ""
		if i < len(over.AddRepoCredentials) {
			credentials = over.AddRepoCredentials[i]
		}
		if err := s.setRepo("add-repo", text, credentials, false); err != nil {
			return err
		}
	}
	return nil
}

// keepRepos drops all repositories but some of the active ones; those of other
// profiles go as well, as with kiwi.
func (s *state) keepRepos(keep func(*node) bool) {
	s.repos = slices.DeleteFunc(s.repos, func(a active) bool { return !keep(a.node) })
	for _, k := range s.doc.root.element().ChildElements() {
		n := (*node)(k)
		if n.is("repository") && !slices.ContainsFunc(s.repos, func(a active) bool { return a.node == n }) {
			k.Remove()
		}
	}
}

// setRepo edits the first active repository or appends a new one. Where there is
// none to edit, a new one is what the user asked for.
func (s *state) setRepo(option, text, credentials string, edit bool) error {
	t, err := parseTuple(option, text)
	if err != nil {
		return err
	}
	if t[0] == "" && (!edit || len(s.repos) == 0) {
		return &OverrideError{Option: option, Value: text, Text: "no address"}
	}
	user, err := login(option+"-credentials", credentials)
	if err != nil {
		return err
	}
	n := s.repoToSet(option, edit)
	s.doc.origins.option(n, option)
	s.fillRepo(n, t, user, option)
	return nil
}

// repoToSet is the repository that an option changes: the first active one, or a new
// one at the end.
func (s *state) repoToSet(option string, edit bool) *node {
	if edit && len(s.repos) > 0 {
		return s.repos[0].node
	}
	n := s.create(s.doc.root, "repository", option)
	s.create(n, "source", option)
	s.repos = append(s.repos, active{node: n})
	return n
}

func (s *state) fillRepo(n *node, t repoTuple, user, option string) {
	source := n.first("source")
	if t[0] != "" {
		address := localAddress(t[0])
		if user != "" {
			address = withLogin(address, user)
		}
		source.set("path", address)
	}
	for i, name := range tupleAttrs {
		if name != "" && t[i] != "" && !(name == "imageinclude" && !truth(t[i])) {
			n.set(name, t[i])
		}
	}
	if keys := t.keys(); len(keys) > 0 {
		source.take()
		for _, key := range keys {
			s.create(source, "signing", option).set("key", localAddress(key))
		}
	}
}
