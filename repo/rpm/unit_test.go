package rpm_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/fimg/fimg/internal/rpmtest"
	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/repo/rpm"
)

// TestScriptlets reads every kind of scriptlet and trigger back.
func TestScriptlets(t *testing.T) {
	testtool.Need(t, "rpmbuild")
	p, _ := rpmtest.Read(t, one(t, "gzip", "fimgtest-1.0~rc1.noarch.rpm"))
	for phase, want := range map[rpm.Phase]rpm.Script{
		rpm.PreTrans:  {Prog: []string{"<lua>"}, Body: `print("pretrans")`, Flags: rpm.ScriptCritical},
		rpm.PreIn:     {Prog: []string{"/bin/sh"}, Body: "echo pre $1", Flags: rpm.ScriptCritical},
		rpm.PostIn:    {Prog: []string{"/sbin/ldconfig"}},
		rpm.PreUn:     {Prog: []string{"/bin/sh", "-e"}, Body: "echo preun $1", Flags: rpm.ScriptCritical},
		rpm.PostUn:    {Prog: []string{"/bin/sh"}, Body: "echo postun fimgtest"},
		rpm.PostTrans: {Prog: []string{"/bin/sh"}, Body: "echo posttrans %{_bindir}", Flags: rpm.ScriptExpand},
		rpm.VerifyPkg: {Prog: []string{"/bin/sh"}, Body: "true", Flags: rpm.ScriptCritical},
	} {
		got := p.Header.Script(phase)
		if got == nil || !slices.Equal(got.Prog, want.Prog) || got.Body != want.Body || got.Flags != want.Flags {
			t.Errorf("%s is %+v, want %+v", phase, got, want)
		}
	}
	if s := p.Header.Script(rpm.PreUntrans); s != nil {
		t.Errorf("a scriptlet that is not there: %+v", s)
	}
}

// TestTriggers reads every kind of trigger back.
func TestTriggers(t *testing.T) {
	testtool.Need(t, "rpmbuild")
	p, _ := rpmtest.Read(t, one(t, "gzip", "fimgtest-second-1.0~rc1.noarch.rpm"))
	triggers := p.Header.Triggers(rpm.PackageTrigger)
	if len(triggers) != 4 {
		t.Fatalf("%d package triggers", len(triggers))
	}
	in := triggers[1]
	if len(in.Conditions) != 2 || in.Conditions[0].Name != "fimgtest-x" || in.Conditions[1].String() != "fimgtest-y > 2" ||
		in.Conditions[0].Flags&rpm.TriggerMoments != rpm.SenseTriggerIn || in.Flags&rpm.ScriptCritical != 0 {
		t.Errorf("triggerin is %+v", in)
	}
	if un := triggers[2]; !un.Lua() || un.Flags&rpm.ScriptCritical == 0 || un.Conditions[0].Flags&rpm.SenseTriggerUn == 0 {
		t.Errorf("triggerun is %+v", un)
	}
	files := p.Header.Triggers(rpm.FileTrigger)
	if len(files) != 3 || files[0].Priority != 5000 || files[1].Priority != rpm.DefaultTriggerPriority ||
		len(files[0].Conditions) != 2 || files[0].Conditions[0].Name != "/usr/lib/other" || files[0].Flags&rpm.ScriptCritical != 0 {
		t.Errorf("file triggers are %+v", files)
	}
	trans := p.Header.Triggers(rpm.TransFileTrigger)
	if len(trans) != 3 || trans[0].Priority != 2000000 || trans[2].Conditions[0].Flags&rpm.SenseTriggerPostUn == 0 {
		t.Errorf("transaction file triggers are %+v", trans)
	}
}

// TestFileAttributes checks what only some files have.
func TestFileAttributes(t *testing.T) {
	testtool.Need(t, "rpmbuild")
	p, _ := rpmtest.Read(t, one(t, "gzip", "fimgtest-1.0~rc1.noarch.rpm"))
	files, err := p.Header.Files()
	if err != nil {
		t.Fatal(err)
	}
	byPath := make(map[string]*rpm.File)
	for i := range files {
		byPath[files[i].Path()] = &files[i]
	}
	check := func(path string, ok func(f *rpm.File) bool) {
		t.Helper()
		if f := byPath[path]; f == nil || !ok(f) {
			t.Errorf("%s is %+v", path, f)
		}
	}
	check("/usr/bin/fimgtest", func(f *rpm.File) bool { return f.Caps == "cap_net_bind_service,cap_net_raw=ep" })
	check("/usr/bin/fimgtest-suid", func(f *rpm.File) bool { return f.Mode == rpm.ModeRegular|0o4755 })
	check("/dev/fimgnull", func(f *rpm.File) bool { return f.Type() == rpm.ModeChar && f.Rdev == 1<<8|3 })
	check("/etc/fimgtest/keep.conf", func(f *rpm.File) bool {
		return f.Flags == rpm.FileConfig|rpm.FileNoReplace && f.Group == "mail" && f.User == "root"
	})
	check("/etc/fimgtest/gone.conf", func(f *rpm.File) bool {
		return f.Flags == rpm.FileConfig|rpm.FileMissingOK && f.Verify&(rpm.VerifyDigest|rpm.VerifySize|rpm.VerifyMtime) == 0 &&
			f.Verify&rpm.VerifyMode != 0
	})
	check("/var/lib/fimgtest/ghost", func(f *rpm.File) bool { return f.Flags == rpm.FileGhost })
	check("/usr/share/fimgtest/locale/de", func(f *rpm.File) bool { return f.Lang == "de" })
	check("/usr/share/fimgtest/manual", func(f *rpm.File) bool { return f.Flags == rpm.FileDoc })
	check("/usr/share/fimgtest/terms", func(f *rpm.File) bool { return f.Flags == rpm.FileLicense })
	check("/usr/share/fimgtest/dangling", func(f *rpm.File) bool { return f.LinkTo == "../../nowhere/at/all" })
	check("/usr/share/fimgtest/hard1", func(f *rpm.File) bool { return len(f.Links) == 3 })
	check("/usr/share/fimgtest/zeros", func(f *rpm.File) bool { return f.Size == 300000 && f.Links == nil })
}

// TestInspect describes a package and puts it into JSON.
func TestInspect(t *testing.T) {
	testtool.Need(t, "rpmbuild")
	d, err := rpm.Inspect(bytes.NewReader(one(t, "xz", "fimgtest-1.0~rc1.noarch.rpm")), nil)
	if err != nil {
		t.Fatal(err)
	}
	if d.NEVRA != "fimgtest-2:1.0~rc1-3^git1.noarch" || d.Summary != "digests OK" || !d.Intact || len(d.Scriptlets) != 7 {
		t.Errorf("%+v", d)
	}
	if _, err := json.Marshal(d); err != nil {
		t.Error(err)
	}
}

// TestHeaderWith adds tags after the region, which stays as it was.
func TestHeaderWith(t *testing.T) {
	h, err := rpm.NewHeader(rpm.RegionImmutable, rpm.StringEntry(rpm.TagName, "a"), rpm.StringEntry(rpm.TagVersion, "1"))
	if err != nil {
		t.Fatal(err)
	}
	before := h.RegionBlob()
	more, err := h.With(rpm.CharsEntry(rpm.TagFileStates, []byte{0, 1, 2}), rpm.Uint32Entry(rpm.TagInstallTime, 7))
	if err != nil {
		t.Fatal(err)
	}
	more, err = more.With(rpm.Uint32Entry(rpm.TagInstallTime, 8), rpm.StringEntry(rpm.TagVersion, "2"))
	if err != nil {
		t.Fatal(err)
	}
	if at, _ := more.Number(rpm.TagInstallTime); at != 8 || more.String(rpm.TagVersion) != "2" || more.Count(rpm.TagFileStates) != 3 {
		t.Errorf("%d %s", at, more.String(rpm.TagVersion))
	}
	if !bytes.Equal(before, more.RegionBlob()) {
		t.Error("the region changed")
	}
	if _, err := h.With(rpm.StringsEntry(rpm.TagBasenames)); err == nil {
		t.Error("an entry without data was added")
	}
}

// TestHostileHeaders checks that bad headers are refused, not believed.
func TestHostileHeaders(t *testing.T) {
	file := func(dir, base string, index uint32) error {
		h, err := rpm.NewHeader(rpm.RegionImmutable, rpm.StringEntry(rpm.TagSourceRPM, "x"), rpm.StringsEntry(rpm.TagBasenames, base),
			rpm.StringsEntry(rpm.TagDirNames, dir), rpm.Uint32Entry(rpm.TagDirIndexes, index))
		if err != nil {
			return err
		}
		_, err = h.Files()
		return err
	}
	for _, bad := range []error{
		file("/etc/", "../x", 0), file("/etc/", "..", 0), file("/a/../b/", "x", 0), file("etc/", "x", 0),
		file("/etc", "x", 0), file("", "x", 0), file("/etc/", "x", 1),
	} {
		var format *rpm.FormatError
		if !errors.As(bad, &format) {
			t.Errorf("accepted: %v", bad)
		}
	}
	if err := file("/", "", 0); err != nil {
		t.Errorf("the root directory is refused: %v", err)
	}
	huge := append([]byte{0, 0, 0, 1, 0x0f, 0xff, 0xff, 0xff}, make([]byte, 16)...)
	if _, err := rpm.ParseHeader(huge); err == nil {
		t.Error("a header longer than its data was accepted")
	}
}

// TestVersion3 reads a header from before regions and directory names.
func TestVersion3(t *testing.T) {
	sig, err := rpm.NewHeader(rpm.RegionSignatures, rpm.Uint32Entry(rpm.SigSize, 1))
	if err != nil {
		t.Fatal(err)
	}
	modern, err := rpm.NewHeader(rpm.RegionImmutable, rpm.StringEntry(rpm.TagName, "old"), rpm.StringEntry(rpm.TagVersion, "1"),
		rpm.StringEntry(rpm.TagRelease, "1"), rpm.StringEntry(rpm.TagSourceRPM, "old-1-1.src.rpm"),
		rpm.StringsEntry(rpm.TagOldFileNames, "/etc/a", "/usr/bin/b", "/etc/c"))
	if err != nil {
		t.Fatal(err)
	}
	old, err := rpm.ParseHeader(withoutRegion(modern))
	if err != nil {
		t.Fatal(err)
	}
	p := &rpm.Package{Signature: sig, Header: old}
	h, err := p.Merged()
	if err != nil {
		t.Fatal(err)
	}
	files, err := h.Files()
	if err != nil || len(files) != 3 || files[2].Path() != "/etc/c" || h.Count(rpm.TagDirNames) != 2 || old.Format() != 3 {
		t.Errorf("%v %v", files, err)
	}
	if size, _ := h.Number(rpm.TagSigSize); size != 1 {
		t.Error("the signature header was not merged")
	}
}

// withoutRegion cuts the region tag and its trailer from a blob.
func withoutRegion(h *rpm.Header) []byte {
	b := bytes.Clone(h.Blob())
	b[3]--
	b = slices.Delete(b, 8, 24)
	b = b[:len(b)-16]
	n := int(b[6])<<8 + int(b[7]) - 16
	b[6], b[7] = byte(n>>8), byte(n)
	return b
}
