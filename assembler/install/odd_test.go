package install

import (
	"path/filepath"
	"testing"
	"time"
)

// oddPackages are packages as hardly anybody makes them: in the build root, in the
// list of files, and scriptlets.
var oddPackages = map[string]struct{ install, files, scripts string }{
	"odd names": {
		`mkdir $r/o; cd $r/o; for f in "a b" "$(printf 'high\377')" '"quoted"' 'back\slash' '*' '[x]' '%{name}' ';rm' -- ' ' "$(head -c 246 /dev/zero | tr '\0' n)"; do echo x > "./$f"; done; mkdir "./d ir"; ln -s "a b" "./l ink"`,
		"/o", ""},
	"long links": {
		`mkdir $r/o; ln -s "$(printf 'ab/%.0s' $(seq 300))" $r/o/long; ln -s "$(head -c 255 /dev/zero | tr '\0' l)" $r/o/255`,
		"/o", ""},
	"modes": {
		`mkdir -p $r/o/none $r/o/all; echo x > $r/o/none/f; echo x > $r/o/zero; echo x > $r/o/every; mknod $r/o/device c 1 9`,
		"%dir /o\n%attr(0000,root,root) /o/zero\n%attr(7777,root,root) /o/every\n%dir %attr(0000,root,root) /o/none\n" +
			"%attr(0111,root,root) /o/none/f\n%dir %attr(7777,root,root) /o/all\n/o/device", ""},
	"times": {
		`mkdir $r/o; echo x > $r/o/far; touch -d @4000000000 $r/o/far; echo x > $r/o/zero; touch -d @0 $r/o/zero; ln -s x $r/o/link; touch -h -d @1 $r/o/link`,
		"/o", ""},
	"numbers": {
		`mkdir $r/o; echo x > $r/o/f; echo x > $r/o/g`,
		"%dir /o\n%attr(4755,4711,4712) /o/f\n%attr(2755,root,4712) /o/g", ""},
	"root itself": {`:`, "%dir /", ""},
	"nothing":     {`:`, "", "%pre\necho pre $1 >> /log\n%posttrans\necho posttrans $1 >> /log\n"},
	"killed":      {`:`, "", "%post\necho post >> /log; kill -9 $$\n%posttrans\nkill -TERM $$\n%preun\necho preun >> /log\n%postun\nkill -SEGV $$\n"},
}

// TestOddPackages installs and erases them beside every rpm there is.
func TestOddPackages(t *testing.T) {
	for _, j := range judges(t) {
		for name, c := range oddPackages {
			t.Run(filepath.Base(j.Root)+"/"+name, func(t *testing.T) {
				file := j.build(t, small, "@NAME@", "odd", "@SCRIPTS@", "%global _invalid_encoding_terminates_build 0\n"+c.scripts,
					"@INSTALL@", c.install, "@FILES@", c.files)["odd"]
				a, b := j.roots(t)
				for _, root := range []string{a, b} {
					write(t, root, "log", "")
				}
				ours(t, a, Options{Time: time.Unix(1700000000, 0)}, file)
				j.try(t, b, "-i", file) // rpm 6 fails where a scriptlet did
				j.sameRandomLog(t, a, b, nil)
				same(t, a, b)
				j.sameDatabase(t, a, b)
				for _, root := range []string{a, b} {
					write(t, root, "log", "")
				}
				ours(t, a, Options{Erase: []string{"odd"}})
				j.try(t, b, "-e", "odd")
				j.sameRandomLog(t, a, b, nil)
				same(t, a, b)
				j.sameDatabase(t, a, b)
			})
		}
	}
}
