package swap

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/partition/filesystem"
	"github.com/fimg/fimg/seed"
)

func TestOracle(t *testing.T) {
	testtool.Need(t, "swaplabel", "blkid", "mkswap")
	id := seed.New("x").UUID("swap")
	for _, o := range []Options{
		{Size: 128 << 20, Label: "SWAP", UUID: id},
		{Size: 2<<30 + 1000, UUID: id, PageSize: 65536},
	} {
		name := filepath.Join(t.TempDir(), "swap")
		f, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := errors.Join(f.Truncate(o.Size), Write(f, o)); err != nil {
			t.Fatal(err)
		}
		out := testtool.Run(t, "swaplabel", name)
		if !strings.Contains(out, id.String()) || !strings.Contains(out, o.Label) {
			t.Errorf("swaplabel: %s", out)
		}
		if out := testtool.Run(t, "blkid", "-p", name); !strings.Contains(out, `TYPE="swap"`) {
			t.Errorf("blkid: %s", out)
		}
		if o.PageSize == 0 {
			sameAsMkswap(t, name, o, id)
		}
		info, err := Read(f, o.Size)
		if err != nil || info.UUID != id.String() || info.Label != o.Label || info.Size > o.Size {
			t.Errorf("read %+v, %v", info, err)
		}
	}
}

func sameAsMkswap(t *testing.T, name string, o Options, id seed.UUID) {
	t.Helper()
	want := filepath.Join(t.TempDir(), "mkswap")
	if err := os.WriteFile(want, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(want, o.Size); err != nil {
		t.Fatal(err)
	}
	testtool.Run(t, "mkswap", "-L", o.Label, "-U", id.String(), want)
	a, _ := os.ReadFile(name)
	b, _ := os.ReadFile(want)
	if !bytes.Equal(a[:4096], b[:4096]) {
		t.Error("header differs from mkswap's")
	}
}

func TestBigEndian(t *testing.T) {
	page := make(sink, 4096)
	o := Options{Size: 1 << 20, Label: "S", BigEndian: true}
	if err := Write(page, o); err != nil {
		t.Fatal(err)
	}
	if info, err := Read(bytes.NewReader(page), o.Size); err != nil || info.Size != o.Size || info.Label != "S" {
		t.Errorf("read %+v, %v", info, err)
	}
}

type sink []byte

func (s sink) WriteAt(p []byte, at int64) (int, error) { return copy(s[at:], p), nil }

func TestRefuses(t *testing.T) {
	var small *filesystem.TooSmallError
	if err := Write(nil, Options{Size: 4096}); !errors.As(err, &small) {
		t.Error(err)
	}
	for _, o := range []Options{{Size: 1 << 30, Label: "sixteen bytes xx"}, {Size: 1 << 30, PageSize: 5000}} {
		if Write(nil, o) == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
}

func FuzzRead(f *testing.F) {
	page := make(sink, 4096)
	_ = Write(page, Options{Size: 1 << 20, Label: "S"})
	f.Add([]byte(page))
	f.Fuzz(func(t *testing.T, raw []byte) { _, _ = Read(bytes.NewReader(raw), 1<<20) })
}
