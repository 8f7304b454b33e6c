package install

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/fimg/fimg/assembler/install/rpmdb"
)

// keyStore is where the rpm of the tree keeps imported keys.
func (t *transaction) keyStore() rpmdb.KeyStore {
	return rpmdb.Keeps(t.rpmVersion(), t.treeMacro("_keyring"))
}

// importFiles writes the keys that a store of files does not have yet. An rpm
// before version 6 wants the directory to be there; it is made for that one, too.
func (t *transaction) importFiles(store rpmdb.KeyStore) error {
	if !t.imports() {
		return nil
	}
	for _, cert := range t.opts.Keys.Certs() {
		name, data := rpmdb.KeyFile(cert, store, rpmdb.KeyOptions{RPMVersion: t.rpmVersion()})
		name = path.Join(t.keyDir(), name)
		if t.root.Exists(name) {
			continue
		}
		if err := t.root.MkdirAll(path.Dir(name), 0o755); err != nil {
			return fmt.Errorf("import key %s: %w", cert.KeyID, err)
		}
		if err := t.root.WriteFile(name, data, 0o644); err != nil {
			return fmt.Errorf("import key %s: %w", cert.KeyID, err)
		}
	}
	return nil
}

// imports tells whether there are keys to import.
func (t *transaction) imports() bool { return t.opts.ImportKeys && len(t.opts.Keys.Certs()) > 0 }

// keyDir is the directory of a store of files.
func (t *transaction) keyDir() string {
	if dir := t.treeMacro("_keyringpath"); strings.HasPrefix(dir, "/") {
		return dir
	}
	return t.databaseDir() + "/pubkeys"
}

// treeMacro returns what the rpm of the tree has for a macro of one word, or
// nothing when its files do not say or it cannot be expanded here.
func (t *transaction) treeMacro(name string) string {
	for _, file := range t.macroFiles() {
		data, err := t.root.ReadFile(file)
		if err != nil {
			continue
		}
		body := ""
		for line := range strings.Lines(string(data)) {
			if f := strings.Fields(line); len(f) == 2 && f[0] == "%"+name {
				body = f[1]
			}
		}
		if body != "" {
			return t.expandTree(name, body)
		}
	}
	return ""
}

// expandTree expands the body of a macro of the tree.
func (t *transaction) expandTree(name, body string) string {
	if name != "_dbpath" && strings.Contains(body, "%{_dbpath}") {
		body = strings.ReplaceAll(body, "%{_dbpath}", t.databaseDir())
	}
	out, err := t.macros.Expand(body)
	if err != nil || strings.Contains(out, "%") {
		return ""
	}
	return out
}

// macroFiles are the files of the tree that rpm reads macros from, but for those
// of a platform; the last it reads, whose definitions count, comes first.
func (t *transaction) macroFiles() []string {
	var files []string
	for _, pattern := range []string{"usr/lib/rpm/macros", "usr/lib/rpm/macros.d/macros.*", "usr/lib/rpm/*/macros",
		"etc/rpm/macros.*", "etc/rpm/macros"} {
		files = append(files, t.root.Glob(pattern)...)
	}
	files = slices.DeleteFunc(files, func(f string) bool {
		ext := path.Ext(f)
		return strings.HasSuffix(f, "~") || ext == ".rpmnew" || ext == ".rpmorig" || ext == ".rpmsave"
	})
	slices.Reverse(files)
	return files
}
