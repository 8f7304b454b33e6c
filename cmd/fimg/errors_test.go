package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A mistake on the command line is told in one line that names it, in the user's
// words and not the program's, with at most one hint.
func TestUsersMistakes(t *testing.T) {
	dir := t.TempDir()
	raw, lock, rpm := filepath.Join(dir, "disk.raw"), filepath.Join(dir, "my.lock"), filepath.Join(dir, "cut.rpm")
	for name, text := range map[string]string{raw: strings.Repeat("x", 8192), lock: "<x/>", rpm: "\xed\xab\xee\xdb"} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	none := filepath.Join(dir, "none", "file")
	for _, c := range []struct {
		args string
		code int
		want string // the whole message where it ends with a line
	}{
		{"buidl", 2, "fimg: unknown command \"buidl\" for \"fimg\"\nfimg: hint: close names: build, bundle\n"},
		{"build --jobs x", 2, `read --jobs "x": want a whole number from 0`},
		{"plan --jobs -3", 2, `read --jobs "-3": want a whole number from 0`},
		{"build --keep-root=x", 2, `read --keep-root "x": want true or false`},
		{"bundle", 2, "bundle needs --id"},
		{"help buidl", 2, `fimg: help: no verb "buidl"`}, {"help build x", 2, `fimg: help: no verb "build x"`},
		{"inspect", 2, "fimg inspect needs an image or a package file, got 0 arguments"},
		{"diff a", 2, "fimg diff needs two files to compare, got 1 arguments"},
		{"boot " + none, 2, "start image: stat " + none},
		{"boot --arch z80 " + raw, 2, `architecture "z80": want`},
		{"boot --firmware x " + raw, 2, `firmware "x": want`},
		{"boot --accel x " + raw, 2, `acceleration "x": want`},
		{"boot --memory 0 " + raw, 2, `read --memory "0": want a whole number from 1`},
		{"convert " + none + " x.qcow2", 2, "fimg: read image: open " + none + ": no such file or directory\n"},
		{"convert " + dir + " x.qcow2", 2, "read image: " + dir + " is a directory"},
		{"convert " + raw + " " + none + ".qcow2", 2, "fimg: write " + none + ".qcow2: no such file or directory\n"},
		{"convert -o foo=bar " + raw + " " + dir + "/x.qcow2", 2, "read options of qcow2: foo=bar: not supported"},
		{"convert --vhd-tag xx -f vhd-fixed --target-dir " + dir + " " + raw, 2, "read options of vhd-fixed: vhdfixedtag"},
		{"inspect " + rpm, 6, "fimg: inspect cut.rpm: "},
		{"inspect --signing-key " + raw + " " + rpm, 2, "use signing key disk.raw: "},
		{"plan --signing-key " + none, 2, "fimg: use signing key: stat " + none + ": no such file or directory\n"},
		{"resolve --repo x --signing-key " + none + " bash", 2, "use signing key: stat "},
		{"plan --add-repo-credentials u:secret", 2, "more --add-repo-credentials than --add-repo"},
		{"plan --lock " + lock, 4, "use lock " + lock + ": it is no lock"},
		{"resolve --proxy ::bad --repo x bash", 2, "use proxy"},
		{"resolve --repo x --cache-dir " + raw + "/c bash", 2, "open cache: mkdir " + raw},
		{"kiwi-ng system build", 2, "system build needs --target-dir"},
		{"kiwi-ng result bundle --target-dir x", 2, "result bundle needs"},
		{"kiwi-ng", 2, `kiwi-ng command "" is not known here`},
	} {
		code, _, errs := call(t, strings.Fields(c.args)...)
		if code != c.code || !strings.Contains(errs, c.want) {
			t.Errorf("%s: status %d, want %d and %q: %s", c.args, code, c.code, c.want, errs)
		}
		if lines := strings.Split(strings.TrimSuffix(errs, "\n"), "\n"); len(lines) > 2 || len(lines) == 2 && !strings.HasPrefix(lines[1], "fimg: hint: ") {
			t.Errorf("%s: more than an error and a hint: %s", c.args, errs)
		}
		if strings.Contains(errs, "strconv") || strings.Contains(errs, "secret") {
			t.Errorf("%s: %s", c.args, errs)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) != 3 {
		t.Errorf("%v remain", left)
	}
}

// The file of a key may be named from the working directory.
func TestSigningKeyNearby(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("KEY", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s := selection{arch: "x86_64"}
	s.over.SigningKeys = []string{"KEY", "https://example.com/KEY"}
	images, err := s.images(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	abs, _ := filepath.Abs("KEY")
	if keys := images[0].SigningKeys; len(keys) < 2 || keys[0] != abs || keys[1] != "https://example.com/KEY" {
		t.Errorf("keys %q", keys)
	}
}

func TestKiwiHelp(t *testing.T) {
	code, out, errs := call(t, "kiwi-ng", "--help")
	if code != 0 || errs != "" || !strings.Contains(out, "kiwi-ng system create --root ROOT") {
		t.Errorf("status %d: %s%s", code, out, errs)
	}
}
