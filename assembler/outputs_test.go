package assembler

import (
	"testing"
	"testing/fstest"

	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/formats"
)

func diskImage(t *testing.T, attributes, inside string) *description.Image {
	t.Helper()
	xml := `<image schemaversion="8.5" name="small"><description type="system"><author>a</author><contact>c</contact>
<specification>s</specification></description><preferences><version>1.0.0</version><packagemanager>dnf4</packagemanager>
<type image="oem" filesystem="btrfs" firmware="bios" ` + attributes + `><bootloader name="grub2"/>` + inside + `</type></preferences>
<repository type="rpm-md"><source path="dir:///x"/></repository><packages type="bootstrap"><package name="a"/></packages></image>`
	img, err := description.Load(t.Context(), description.Options{FS: fstest.MapFS{"config.xml": {Data: []byte(xml)}}, Arch: "x86_64"})
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func TestDiskOptions(t *testing.T) {
	img := diskImage(t, `format="vmdk" formatoptions="hwversion=9"`, `<machine><vmdisk controller="pvscsi" diskmode="streamOptimized" id="0"/></machine>`)
	s, err := settings(img, Output{Format: "vmdk"})
	if err != nil || s.Qemu["subformat"] != "streamOptimized" || s.Qemu["adapter_type"] != "lsilogic" || s.Qemu["hwversion"] != "9" {
		t.Errorf("options are %v, %v", s.Qemu, err)
	}
	if s, err = settings(img, Output{Format: "vmdk", Extra: true}); err != nil || len(s.Qemu) != 0 {
		t.Errorf("an extra format has options %v, %v", s.Qemu, err)
	}
}

func TestOptionsCheckedEarly(t *testing.T) {
	for _, attributes := range []string{`format="vmdk" formatoptions="subformat=monolithicFlat"`, `format="qcow2" formatoptions="backing_file=x"`,
		`format="gce" formatoptions="x=y"`} {
		if _, err := outputs(diskImage(t, attributes, ""), nil); err == nil {
			t.Errorf("%s: taken", attributes)
		}
	}
	list, err := outputs(diskImage(t, `format="vhd-fixed" formatoptions="force_size"`, ""), []string{"qcow2"})
	if err != nil || len(list) != 2 {
		t.Errorf("got %v, %v", list, err)
	}
	if err := formats.Check(formats.Output{Format: formats.Format{Name: "nothing"}}); err == nil {
		t.Error("an unknown format is taken")
	}
}
