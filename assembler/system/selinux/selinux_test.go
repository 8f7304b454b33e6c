package selinux

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/tree"
)

const contexts = `
# a comment
/.*			system_u:object_r:default_t:s0
/[^/]+		--	system_u:object_r:etc_runtime_t:s0
/bin/.*			system_u:object_r:bin_t:s0
/usr/(.*/)?bin(/.*)?	system_u:object_r:bin_t:s0
/usr/lib(64)?/.+\.so(\.[^/]*)*	--	system_u:object_r:lib_t:s0
/usr/lib/systemd/system(/.*)?	system_u:object_r:systemd_unit_file_t:s0
/etc(/.*)?		system_u:object_r:etc_t:s0
/etc/shadow.*	--	system_u:object_r:shadow_t:s0
/etc/\.pwd\.lock	--	system_u:object_r:shadow_t:s0
/proc/.*		<<none>>
/dev/[hs]d[a-z]?	-b	system_u:object_r:fixed_disk_device_t:s0
/usr/bin/passwd	--	system_u:object_r:passwd_exec_t:s0
/opt/a|/opt/b		system_u:object_r:usr_t:s0
/var/x?y/z+		system_u:object_r:var_t:s0
/mnt(/[^/]*)?	-l	system_u:object_r:mnt_t:s0
/\d+x			system_u:object_r:tmp_t:s0
/srv/..		system_u:object_r:two_t:s0
/srv/[^/]{3}		system_u:object_r:three_t:s0
`

func sample(t testing.TB) *Contexts {
	t.Helper()
	files := map[string]string{
		"": contexts, ".homedirs": "/home/[^/]+/.+ unconfined_u:object_r:user_home_t:s0\n",
		".local": "/etc/own -- system_u:object_r:own_t:s0\n", ".subs_dist": "/run /var/run\n/lib /usr/lib\n", ".subs": "/srv/home /home\n",
	}
	c, err := parse(func(suffix string) ([]byte, error) { return []byte(files[suffix]), nil })
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestLabel(t *testing.T) {
	c := sample(t)
	for _, x := range []struct {
		path string
		mode uint32
		want string
	}{
		{"/etc/passwd", tree.TypeFile, "etc_t"}, {"/etc", tree.TypeDir, "etc_t"}, {"/etc/shadow", tree.TypeFile, "shadow_t"},
		{"/etc/shadow", tree.TypeDir, "etc_t"}, {"/etc/.pwd.lock", tree.TypeFile, "shadow_t"}, {"/etc/xpwdxlock", tree.TypeFile, "etc_t"},
		{"/usr/bin", tree.TypeDir, "bin_t"}, {"/usr/local/bin/x", tree.TypeFile, "bin_t"}, {"/usr/bin/passwd", tree.TypeFile, "passwd_exec_t"},
		{"/usr/lib64/libc.so.6", tree.TypeFile, "lib_t"}, {"/lib/libc.so.6", tree.TypeFile, "lib_t"}, {"/usr/lib64/libc.so.6", tree.TypeLink, "default_t"},
		{"/usr/lib/systemd/system/a.service", tree.TypeFile, "systemd_unit_file_t"}, {"/x", tree.TypeFile, "etc_runtime_t"}, {"/x", tree.TypeDir, "default_t"},
		{"/home/me/x", tree.TypeFile, "user_home_t"}, {"/srv/home/me/x", tree.TypeFile, "user_home_t"}, {"/srv/homes", tree.TypeFile, "default_t"},
		{"/etc/own", tree.TypeFile, "own_t"}, {"/opt/b", tree.TypeFile, "usr_t"}, {"/var/y/zz", tree.TypeFile, "var_t"}, {"/var/xy/z", tree.TypeFile, "var_t"},
		{"/mnt/a", tree.TypeLink, "mnt_t"}, {"/12x", tree.TypeDir, "tmp_t"}, {"/proc/1", tree.TypeDir, ""}, {"/dev/sda", tree.TypeBlock, "fixed_disk_device_t"},
	} {
		got := c.Label(x.path, x.mode)
		if got != "" {
			got = strings.Split(got, ":")[2]
		}
		if got != x.want {
			t.Errorf("%s of type %o: got %s, want %s", x.path, x.mode, got, x.want)
		}
	}
	if l := c.Node(&tree.Node{Path: "dev/sda", Mode: tree.TypeBlock}); l != "" {
		t.Errorf("a device is labelled %s", l)
	}
}

func TestMistakes(t *testing.T) {
	for _, text := range []string{"/x", "/x -q ctx", "/(x ctx", "/x -- a b", `/(?=x) ctx`} {
		if _, err := parse(func(suffix string) ([]byte, error) {
			if suffix == "" {
				return []byte(text), nil
			}
			return nil, nil
		}); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

// The answers are those of libselinux.
func TestMatchpathcon(t *testing.T) {
	testtool.Need(t, "matchpathcon")
	name := filepath.Join(t.TempDir(), "file_contexts")
	if err := os.WriteFile(name, []byte(contexts), 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := parse(func(suffix string) ([]byte, error) {
		if suffix != "" {
			return nil, nil
		}
		return []byte(contexts), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	modes := map[string]uint32{"file": tree.TypeFile, "dir": tree.TypeDir, "lnk_file": tree.TypeLink, "blk_file": tree.TypeBlock}
	paths := []string{"/etc", "/etc/shadow", "/etc/shadow-", "/usr/bin/passwd", "/usr/lib/a.so", "/usr/lib/x/a.so.1", "/bin/sh", "/x", "/opt/a", "/var/xy/zzz", "/mnt", "/mnt/x", "/proc/x", "/dev/hda", "/srv/ä", "/srv/aä", "/srv/€", "/srv/gr\xffn"}
	for kind, mode := range modes {
		out := testtool.Run(t, "matchpathcon", append([]string{"-f", name, "-m", kind, "-n"}, paths...)...)
		for i, line := range strings.Split(strings.TrimSpace(out), "\n") {
			if want := strings.TrimSpace(line); want != or(c.Label(paths[i], mode), "<<none>>") {
				t.Errorf("%s as %s: got %q, libselinux says %q", paths[i], kind, c.Label(paths[i], mode), want)
			}
		}
	}
}

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

func FuzzContexts(f *testing.F) {
	f.Add(contexts, "/etc/shadow")
	f.Add("/a(b|c)? x\n/\\ y", "/ab")
	f.Fuzz(func(t *testing.T, text, name string) {
		c, err := parse(func(suffix string) ([]byte, error) {
			if suffix == "" {
				return []byte(text), nil
			}
			return nil, nil
		})
		if err == nil {
			c.Label(name, tree.TypeFile)
		}
	})
}

func BenchmarkLabel(b *testing.B) {
	c := sample(b)
	for i := range b.N {
		c.Label(fmt.Sprintf("/usr/lib/python3/dist-packages/x%d/y.py", i), tree.TypeFile)
	}
}
