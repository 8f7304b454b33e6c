package rpm_test

import (
	"fmt"
	"io"
	"log"
	"os"

	"github.com/fimg/fimg/repo/rpm"
)

// A package is read once, front to back: headers, contents, and then the verdict on
// digests and signatures.
func ExampleReader() {
	f, err := os.Open("testdata/v6/none.rpm")
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	r, err := rpm.NewReader(f, rpm.ReaderOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	fmt.Println(r.Header.Identity().NEVRA())
	payload, err := r.Payload(rpm.PayloadOptions{Digests: true})
	if err != nil {
		log.Fatal(err)
	}
	for {
		i, err := payload.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(payload.Files()[i].Path())
	}
	verdict, err := r.Verify(nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("refused:", verdict.Err("the package", rpm.LevelDigest))
	// Output:
	// signed-1-1.noarch
	// /opt/x
	// refused: <nil>
}
