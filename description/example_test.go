package description_test

import (
	"context"
	"fmt"
	"log"

	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/description/builtin"
)

// A description is read for one architecture and the profiles of one image.
func ExampleLoad() {
	img, err := description.Load(context.Background(), description.Options{
		FS: builtin.FS(), Arch: "x86_64", Profiles: []string{"Cloud-Base-Azure"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(img.Type.Attr.Image, img.Type.Attr.Filesystem, img.Type.Attr.Format)
	// Output: oem btrfs vhd-fixed
}
