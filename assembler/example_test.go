package assembler_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/fimg/fimg/assembler"
	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/description/builtin"
	"github.com/fimg/fimg/fault"
)

// A plan says what would be built; building takes nothing from outside but the
// bytes whose checksums it names.
func Example() {
	ctx := context.Background()
	img, err := description.Load(ctx, description.Options{FS: builtin.FS(), Arch: "x86_64", Profiles: []string{"Cloud-Base-Generic"}})
	if err != nil {
		log.Fatal(err)
	}
	plan, err := assembler.MakePlan(ctx, img, assembler.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(plan.Lock.Packages), "packages,", plan.Space.Download, "bytes to fetch")
	result, err := assembler.Build(ctx, plan, assembler.BuildOptions{TargetDir: "out", Events: func(e assembler.Event) {
		fmt.Println(e.Phase, e.Subject, e.Text)
	}})
	var space *assembler.SpaceError
	switch {
	case errors.As(err, &space):
		log.Fatalf("%s has %d bytes, needed are %d", space.Dir, space.Have, space.Needed)
	case fault.Of(err) == fault.Repository:
		log.Fatal("try again later: ", err)
	case err != nil:
		log.Fatal(err)
	}
	for _, p := range result.Products {
		fmt.Println(p.Path, p.Format, p.SHA256)
	}
}
