package install

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// shellPackage has a shell and what it needs, so that scriptlets run in an
// otherwise empty root. @FILES@ are copied from the host.
const shellPackage = `
Name: shell
Version: 1
Release: 1
Summary: A shell
License: MIT
AutoReqProv: no
%global __os_install_post %{nil}
Provides: /bin/sh
%description
A shell.
%install
mkdir -p %{buildroot}/usr/bin %{buildroot}/etc
for f in @FILES@; do mkdir -p %{buildroot}$(dirname $f); cp -L $f %{buildroot}$f; done
printf 'root:x:0:0:root:/root:/bin/sh\ntester:x:321:322::/:/bin/sh\n' > %{buildroot}/etc/passwd
printf 'root:x:0:\ntesters:x:322:\n' > %{buildroot}/etc/group
%pretrans -p <lua>
posix.mkdir("/usr")
posix.mkdir("/usr/bin")
posix.mkdir("/usr/lib")
posix.mkdir("/usr/lib64")
posix.symlink("usr/bin", "/bin")
posix.symlink("usr/lib", "/lib")
posix.symlink("usr/lib64", "/lib64")
%files
/
`

// accounts brings the users and groups of the test packages.
const accounts = `
Name: accounts
Version: 1
Release: 1
Summary: Users
License: MIT
BuildArch: noarch
%description
Users.
%install
mkdir -p %{buildroot}/etc
printf 'root:x:0:0:root:/root:/bin/sh\ntester:x:321:322::/:/bin/sh\n' > %{buildroot}/etc/passwd
printf 'root:x:0:\ntesters:x:322:\n' > %{buildroot}/etc/group
%files
/etc/passwd
/etc/group
`

// allPackages has one of everything: the version is given, and what changes with
// it. Scriptlets write to /log.
const allPackages = `
%global __os_install_post %{nil}
%global _build_id_links none
Name: all
Version: @VERSION@
Release: 1
Summary: One of everything
License: MIT
AutoReqProv: no
BuildArch: noarch
Requires(pre): /bin/sh
Requires(post): /bin/sh
%description
One of everything.
%package watcher
Summary: Watches others
AutoReqProv: no
Requires(pre): /bin/sh
%description watcher
Watches others.
%package twin
Summary: Shares files
AutoReqProv: no
Requires: all
%description twin
Shares files.
%package late
Summary: Comes after the watcher
AutoReqProv: no
Requires: all-watcher
Requires(post): all-watcher
%description late
Comes after the watcher.
%install
r=%{buildroot}
mkdir -p $r/opt/all/doc $r/opt/all/deep/er $r/opt/all/private $r/opt/late $r/opt/langs $r/etc/all $r/usr/share/licenses/all
echo "content @VERSION@" > $r/opt/all/file
echo same > $r/opt/all/shared
echo program > $r/opt/all/setuid
echo program > $r/opt/all/capable
echo unowned > $r/opt/all/stranger
echo mine > $r/opt/all/tester
head -c 300000 /dev/urandom > $r/opt/all/big
: > $r/opt/all/empty
echo linked > $r/opt/all/hard1
ln $r/opt/all/hard1 $r/opt/all/hard2
ln $r/opt/all/hard1 $r/opt/all/deep/hard3
ln -s ../file $r/opt/all/deep/link
ln -s /opt/all/file $r/opt/all/absolute
ln -s nowhere $r/opt/all/dangling
mknod $r/opt/all/null c 1 3
echo doc > $r/opt/all/doc/README
echo license > $r/usr/share/licenses/all/LICENSE
echo deutsch > $r/opt/langs/de
echo english > $r/opt/langs/en
echo "config @VERSION@" > $r/etc/all/replace.conf
echo "config @VERSION@" > $r/etc/all/keep.conf
echo "config" > $r/etc/all/same.conf
echo ghost > $r/opt/all/ghost
echo late > $r/opt/late/file
@INSTALL@
find $r -mindepth 1 -exec touch -h -d @1234567890 {} +
%pretrans -p <lua>
local f = io.open("/log", "a"); f:write("all pretrans ", tostring(arg[2]), "\n"); f:close()
%pre
echo "all pre $1" >> /log
%post
echo "all post $1" >> /log
%posttrans
echo "all posttrans $1" >> /log
%preun
echo "all preun $1" >> /log
%postun
echo "all postun $1" >> /log
%pre watcher
echo "watcher pre $1" >> /log
%post late
echo "late post $1" >> /log
%triggerprein watcher -- all-late
echo "watcher triggerprein $1 $2" >> /log
%triggerin watcher -- all, all-late >= 1
echo "watcher triggerin $1 $2" >> /log
%triggerun watcher -- all
echo "watcher triggerun $1 $2" >> /log
%triggerpostun watcher -- all
echo "watcher triggerpostun $1 $2" >> /log
%filetriggerin watcher -P 20000 -- /opt/late
while read f; do echo "watcher filetriggerin high $f" >> /log; done
%filetriggerin watcher -P 100 -- /opt/late /opt/all/f
while read f; do echo "watcher filetriggerin low $f" >> /log; done
%filetriggerun watcher -- /opt/all/file
while read f; do echo "watcher filetriggerun $f" >> /log; done
%filetriggerpostun watcher -- /opt/all
echo "watcher filetriggerpostun" >> /log
%transfiletriggerin watcher -- /opt/late /opt/all/deep
while read f; do echo "watcher transfiletriggerin $f" >> /log; done
%transfiletriggerin watcher -p <lua> -P 5 -- /opt/langs
local l = io.open("/log", "a")
for f in rpm.next_file do l:write("watcher lua transfiletriggerin ", f, "\n") end
l:close()
%transfiletriggerun watcher -- /opt/all/deep
echo "watcher transfiletriggerun" >> /log
%transfiletriggerpostun watcher -- /opt/all/deep
echo "watcher transfiletriggerpostun" >> /log
%files
%dir %attr(0711,root,root) /opt/all
%dir %attr(0700,tester,testers) /opt/all/private
%dir /opt/all/deep
/opt/all/deep/er
/opt/all/file
/opt/all/shared
%attr(4755,root,root) /opt/all/setuid
%attr(2755,nobodyknows,root) /opt/all/stranger
%attr(6755,tester,testers) /opt/all/tester
%caps(cap_net_raw,cap_net_admin=ep) /opt/all/capable
/opt/all/big
/opt/all/empty
/opt/all/hard1
/opt/all/hard2
/opt/all/deep/hard3
/opt/all/deep/link
/opt/all/absolute
/opt/all/dangling
/opt/all/null
%doc /opt/all/doc/README
%license /usr/share/licenses/all/LICENSE
%lang(de) /opt/langs/de
%lang(en) /opt/langs/en
%config /etc/all/replace.conf
%config(noreplace) /etc/all/keep.conf
%config(noreplace) /etc/all/same.conf
%ghost /opt/all/ghost
@FILES@
%files watcher
%files twin
/opt/all/shared
%files late
/opt/late
`

func items(files ...string) []Item {
	var list []Item
	for _, f := range files {
		list = append(list, Item{Path: f})
	}
	return list
}

// ours installs with this package, theirs with rpm; both use the same place for
// the database.
func ours(t testing.TB, root string, opts Options, files ...string) Result {
	t.Helper()
	res, err := Run(context.Background(), root, items(files...), opts)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t testing.TB, root, name, content string) {
	t.Helper()
	full := filepath.Join(root, name)
	must(t, os.MkdirAll(filepath.Dir(full), 0o755))
	must(t, os.WriteFile(full, []byte(content), 0o644))
}

func read(t testing.TB, root, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		return fmt.Sprint(err)
	}
	return string(data)
}
