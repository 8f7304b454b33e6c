package assembler

import (
	"testing"

	"github.com/fimg/fimg/assembler/install"
	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/repo/rpm"
	"github.com/fimg/fimg/tree"
	"github.com/fimg/fimg/tree/rootfs"
)

// TestVerifyReport corrects what rpm says of files that only the ledger knows
// whole.
func TestVerifyReport(t *testing.T) {
	testtool.NeedRoot(t)
	root, err := rootfs.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	put := func(name string) rpm.File {
		if err := root.WriteFile(name, nil, 0o755); err != nil {
			t.Fatal(err)
		}
		return rpm.File{Mode: 0o100755, User: "root", Group: "root", Verify: 0x1ff}
	}
	for _, dir := range []string{"etc", "proc", "usr/bin"} {
		if err := root.MkdirAll(dir, 0o555); err != nil {
			t.Fatal(err)
		}
	}
	if err := root.Symlink("usr/bin", "bin"); err != nil {
		t.Fatal(err)
	}
	ids := "root:x:0:\nmail:x:12:\n"
	root.WriteFile("etc/passwd", []byte(ids), 0o644)
	root.WriteFile("etc/group", []byte(ids), 0o644)
	ping, mail, node, odd := put("usr/bin/ping"), put("usr/bin/mail"), put("null"), put("odd")
	ping.Caps, mail.Group, node.Mode, node.Rdev = "cap_net_raw=ep", "mail", 0o020666, 1<<8|3
	caps, err := install.Capabilities(ping.Caps)
	if err != nil {
		t.Fatal(err)
	}
	ledger := &tree.Ledger{}
	ledger.Set(tree.Entry{Path: "usr/bin/ping", Xattrs: []tree.Xattr{{Name: "security.capability", Value: caps}}})
	ledger.Set(tree.Entry{Path: "usr/bin/mail", Owner: &tree.Owner{UID: 0, GID: 12}})
	ledger.Set(tree.Entry{Path: "null", Mode: 0o020666, Major: 1, Minor: 3, Owner: &tree.Owner{}})
	ledger.Set(tree.Entry{Path: "odd", Owner: &tree.Owner{UID: 12, GID: 99}})
	const said = "missing     /gone\n" +
		".....UG..    /proc\n" +
		"........P    /usr/bin/ping\n" +
		"S.5...GT.  c /bin/mail\n" +
		"SM5D...T.    /null\n" +
		".........    /odd\n" +
		"Unsatisfied dependencies for x-1-1.noarch:\n"
	const want = "missing     /gone\n" +
		"S.5....T.  c /bin/mail\n" +
		".....UG..    /odd\n" +
		"Unsatisfied dependencies for x-1-1.noarch:\n"
	v, err := newVerifyReport(root, ledger, nil, []byte(said))
	if err != nil {
		t.Fatal(err)
	}
	proc := rpm.File{Mode: 0o040555, User: "root", Group: "root", Verify: 0x1ff}
	for name, f := range map[string]rpm.File{"/proc": proc, "/usr/bin/ping": ping, "/bin/mail": mail, "/null": node, "/odd": odd} {
		f.Dir = name[:1]
		f.Base = name[1:]
		v.files[name] = []rpm.File{f}
	}
	if got := string(v.correct([]byte(said))); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
