package rpmtest

import (
	"cmp"
	"fmt"
	"strings"
)

// Shape is one form a package can have: parts of a spec file and macros for
// rpmbuild ("name value").
type Shape struct {
	Name        string
	Preamble    string
	Install     string // shell, in the build root
	Scripts     string
	Files       string
	Macros      []string
	Sources     map[string]string
	PackageName string // "shape" when empty
	Since       int    // the first major version of rpm that can build it
}

func (s Shape) spec() string {
	return "Name: " + cmp.Or(s.PackageName, "shape") + "\nVersion: 1\nRelease: 1\nSummary: A shape\nLicense: MIT\n" + s.Preamble +
		"\n%description\nA shape.\n%install\nmkdir -p %{buildroot}/opt\ncd %{buildroot}/opt\n" + s.Install + "\n" +
		s.Scripts + "\n%files\n" + s.Files + "\n"
}

// Shapes are packages of every form rpmbuild makes.
func Shapes() []Shape {
	return append(append(payloadShapes(), fileShapes()...), headerShapes()...)
}

// payloadShapes are all compressors at levels that change the form of the
// stream, and all digests of files.
func payloadShapes() []Shape {
	var list []Shape
	for _, io := range []string{"w.ufdio", "w0.gzdio", "w1.gzdio", "w9.gzdio", "w.gzdio", "w1.bzdio", "w9.bzdio",
		"w0.xzdio", "w6.xzdio", "w9.xzdio", "w2T2.xzdio", "w0T0.xzdio", "w7T16.xzdio", "w1.lzdio", "w9.lzdio",
		"w.zstdio", "w1.zstdio", "w3.zstdio", "w13.zstdio", "w19.zstdio", "w22.zstdio", "w3T2.zstdio", "w19T8.zstdio", "w7T0.zstdio"} {
		list = append(list, Shape{Name: "payload " + io, Files: "/opt", Macros: []string{"_binary_payload " + io, "_source_payload " + io},
			Install: "seq 1 200000 > numbers; head -c 3000000 /dev/zero > zeros; head -c 100000 /dev/urandom > noise; : > empty"})
	}
	for _, algo := range []string{"1", "2", "8", "9", "10", "11"} {
		list = append(list, Shape{Name: "digest " + algo, Install: "echo x > file; : > empty; ln -s file link", Files: "/opt",
			Macros: []string{"_binary_filedigest_algorithm " + algo, "_source_filedigest_algorithm " + algo}})
	}
	for _, io := range []string{"w3L.zstdio", "w19L27.zstdio", "w9T2L24.zstdio"} {
		list = append(list, Shape{Name: "payload " + io, Files: "/opt", Since: 6, Macros: []string{"_binary_payload " + io},
			Install: "seq 1 300000 > numbers; head -c 3000000 /dev/urandom > noise; cp noise again"})
	}
	return list
}

// fileShapes are kinds, names and attributes of files.
func fileShapes() []Shape {
	long := strings.Repeat("0123456789abcde/", 255) + "0123456789abcde"
	return []Shape{
		{Name: "empty", Files: ""},
		{Name: "no files at all", Scripts: "%package sub\nSummary: Sub\n%description sub\nSub.\n%files sub"},
		{Name: "directory only", Files: "%dir /opt"},
		{Name: "root directory", Install: "echo x > f", Files: "/"},
		{Name: "long symlink", Install: "ln -s " + long + " long; ln -s x short; ln -s / root", Files: "/opt"},
		{Name: "long names", Files: "/opt", Install: "touch " + strings.Repeat("n", 255) + "; d=" + strings.Repeat("d", 200) +
			"; mkdir -p $d/$d/$d/$d/$d; echo deep > $d/$d/$d/$d/$d/file"},
		{Name: "odd names", Files: "/opt", Install: "touch -- 'a b' \"it's\" 'ü' 'semi;colon' '-dash' '.hidden' 'TRAILER!!!' '%%' '[x]' '{y}' '~tilde' 'a\\b'"},
		{Name: "many files", Files: "/opt", Install: "for d in $(seq 1 40); do mkdir $d; for f in $(seq 1 40); do echo $f > $d/$f; done; done"},
		{Name: "kinds", Install: "mkfifo pipe", Files: "/opt\n%dev(c,1,3) %attr(0666,root,root) /dev/shape\n%dev(b,8,255) /dev/block"},
		{Name: "hard links", Files: "/opt", Install: "echo x > a; ln a b; ln a c; : > e; ln e f; mkdir d; ln a d/g; echo y > h; ln h i"},
		{Name: "hard links apart", Files: "/opt\n%exclude /opt/b\n%exclude /opt/z", Install: "echo x > a; ln a b; ln a c; echo y > y; ln y z",
			Scripts: "%package sub\nSummary: Sub\n%description sub\nSub.\n%files sub\n/opt/b\n/opt/z"},
		{Name: "hard links flagged", Files: "%dir /opt\n/opt/a\n%config /opt/b\n%ghost /opt/c\n%doc /opt/d", Install: "echo x > a; ln a b; ln a c; ln a d"},
		{Name: "hard link with lone ghost", Files: "%dir /opt\n/opt/a\n%ghost /opt/b", Install: "echo x > a; ln a b"},
		{Name: "sparse", Install: "truncate -s 20M holes; echo end >> holes; truncate -s 1M all", Files: "/opt"},
		{Name: "flags", Install: "for f in a b c d e f g h i j; do echo $f > $f; done; ln -s a l; mkdir gd; ln -s x gl",
			Files: "%dir /opt\n%config /opt/a\n%config(noreplace) /opt/b\n%config(missingok) /opt/c\n%config(noreplace,missingok) /opt/d\n" +
				"%ghost /opt/e\n%doc /opt/f\n%license /opt/g\n%readme /opt/h\n%artifact /opt/i\n%missingok /opt/j\n%config /opt/l\n" +
				"%ghost %dir /opt/gd\n%ghost /opt/gl\n%ghost %config(noreplace) %attr(0600,root,root) /opt/never"},
		{Name: "attributes", Install: "for f in a b c d e f g; do echo $f > $f; done; chmod 0 g; mkdir s; chmod 1777 s; chmod 4755 f",
			Files: "%defattr(0640,daemon,mail,0750)\n%attr(4711,root,nobody-knows) /opt/a\n%attr(-,bin,-) /opt/b\n%attr(0,stranger,stranger) /opt/c\n" +
				"/opt/d\n%attr(02755,-,-) /opt/e\n%defattr(-,root,root,-)\n/opt/f\n/opt/g\n/opt/s"},
		{Name: "capabilities", Install: "echo a > a; echo b > b; echo c > c", Files: "%caps(cap_net_raw=p) /opt/a\n" +
			"%caps(cap_net_bind_service,cap_sys_admin=ep cap_chown+i) /opt/b\n/opt/c"},
		{Name: "verify flags", Install: "for f in a b c d; do echo $f > $f; done", Files: "%defverify(not md5 mtime)\n/opt/a\n%verify(not size user group) /opt/b\n" +
			"%verify(link rdev caps) /opt/c\n%verify(mode) /opt/d"},
		{Name: "languages", Install: "for f in a b c d; do echo $f > $f; done", Files: "%lang(de) /opt/a\n%lang(de,fr) /opt/b\n%lang(pt_BR) /opt/c\n/opt/d"},
		{Name: "colours", Install: "cp /bin/true elf; mkdir d; printf '#!/bin/sh\\n' > script; chmod 755 script", Files: "/opt"},
		{Name: "sysusers", Files: "/usr/lib/sysusers.d/shape.conf", Install: "mkdir -p ../usr/lib/sysusers.d; " +
			"printf 'u shape 321 \"A shape\" /var/shape /bin/sh\\ng shapes -\\nm shape shapes\\n' > ../usr/lib/sysusers.d/shape.conf"},
		{Name: "old times", Install: "echo a > a; touch -d @0 a; echo b > b; touch -d @1 b; echo c > c; touch -d @4102444800 c", Files: "/opt"},
		{Name: "documentation", Files: "%doc NOTES\n%license TERMS", Install: "cd %{_builddir}; echo x > NOTES; echo y > TERMS"},
	}
}

// headerShapes are everything a preamble and scriptlets can say.
func headerShapes() []Shape {
	var many strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&many, "Provides: many(%d) = %d:%d-%d\n", i, i%3, i, i%7)
	}
	return []Shape{
		{Name: "preamble", Preamble: "Epoch: 0\nGroup: Some/Group\nURL: https://example.invalid/\nVendor: Vendor\nPackager: Pack <p@example.invalid>\n" +
			"Distribution: Dist\nVCS: git:https://example.invalid/\nBugURL: https://example.invalid/bugs\nDistTag: dt\nModularityLabel: a:b:1:c\n" +
			"Summary(de): Eine Form\nSummary(fr): Une forme\n",
			Scripts: "%description -l de\nForm äöü.\n%description -l pt_BR\nForma."},
		{Name: "versions", Preamble: "Epoch: 4294967295\nProvides: a = 1~rc1^git-3\nProvides: b = 0:1\nRequires: c >= 1:2-3\nRequires: d < 3\n" +
			"Conflicts: e > 5\nObsoletes: f <= 6\nRequires: /some/path\nRequires: ns(x)(64bit)"},
		{Name: "rich", Preamble: "Requires: ((a and b) or c)\nRequires: (a if b else c)\nRequires: (x with y >= 2)\nRequires: (p without q)\n" +
			"Recommends: (a or b)\nConflicts: (a unless b)\nSuggests: s\nSupplements: (a and b)\nEnhances: e = 1"},
		{Name: "phases", Preamble: "Requires(pre): a\nRequires(post): a\nRequires(preun): b\nRequires(postun): c\nRequires(pretrans): d\n" +
			"Requires(posttrans): e\nRequires(verify): f\nRequires(interp): g\nRequires(meta): h\nRequires(pre,post): i\nOrderWithRequires: j >= 1"},
		{Name: "many provides", Preamble: many.String()},
		{Name: "platforms", Preamble: "ExclusiveArch: x86_64 aarch64\nExcludeArch: s390\nExclusiveOS: linux\nExcludeOS: solaris\nBuildRequires: x\nBuildConflicts: y >= 1"},
		{Name: "relocatable", Preamble: "Prefix: /opt\nPrefix: /usr/share", Install: "echo x > f", Files: "/opt"},
		{Name: "nosource", Preamble: "Source0: s0\nSource1: s1\nPatch0: p0\nPatch3: p3\nNoSource: 1\nNoPatch: 3",
			Sources: map[string]string{"s0": "zero\n", "s1": "one\n", "p0": "", "p3": "three\n"}},
		{Name: "scripts", Scripts: "%pretrans -p <lua>\nprint(1)\n%pre -p /bin/bash\ntrue\n%post -p /sbin/ldconfig\n%preun -p \"/bin/sh -e -u\"\n:\n" +
			"%postun -q\n%%{_bindir}\n%posttrans -e\n%%{name} %%%%\n%verifyscript\nexit 0"},
		{Name: "lua everywhere", Scripts: "%pre -p <lua>\nprint('a')\n%post -p <lua>\n-- nothing\n%preun -p <lua>\n\n%triggerin -p <lua> -- x\nprint(arg[1])"},
		{Name: "triggers", Scripts: "%triggerprein -- a\n:\n%triggerin -- a, b > 1:2-3, c <= 4\n:\n%triggerin -- d\necho d\n%triggerun -p <lua> -- a\nx()\n%triggerpostun -- b < 2\n:"},
		{Name: "file triggers", Scripts: "%filetriggerin -P 5 -- /a /b\n:\n%filetriggerin -P 200000 -- /c\n:\n%filetriggerun -p <lua> -- /a\nx()\n%filetriggerpostun -- /a\n:\n" +
			"%transfiletriggerin -P 7 -- /a /b\ncat\n%transfiletriggerun -- /b\n:\n%transfiletriggerpostun -p <lua> -- /c\nx()"},
		{Name: "transaction scripts", Since: 6, Scripts: "%preuntrans\n:\n%postuntrans -p <lua>\nx()"},
		{Name: "changelog", Scripts: "%changelog\n* Tue Nov 14 2023 A B <a@example.invalid> - 1:2-3\n- ü\n- two\n* Mon Nov 13 2023 C - 1\n-\n"},
		{Name: "architectureless", Preamble: "BuildArch: noarch", Install: "echo x > f", Files: "/opt"},
		{Name: "dependencies of files", Files: "/opt", Install: "printf '#!/usr/bin/python3\\n' > a; printf '#!/bin/sh\\n' > b; chmod 755 a b; cp /bin/ls c"},
	}
}
