// Command resolve compares "fimg resolve" with dnf 4, from the start of the
// process to the answer: with no cache, and with a warm one for a package, for 30,
// for 100 and for a request like a kiwi description's. It runs both in turn on
// repositories made from the Debian archive's index and on those given, and prints
// seconds, memory and ratios (dnf divided by fimg).
//
//	go run ./bench/resolve [-sizes 1000,60000] [-runs 3] [-dir WORK] [-fimg PROGRAM] [-real DIR,DIR] [-groups @A,@B]
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

func main() {
	b := bench{}
	sizes := flag.String("sizes", "1000,5000,20000,60000,120000", "packages of the generated repositories")
	realDirs := flag.String("real", shared(), "directories of one more set of repositories (default: those below FIMG_SHARED)")
	groups := flag.String("groups", "@system-tools", "groups of them that a description might ask for")
	generated := flag.Int("generate", 0, "only make a repository of that many packages in -dir")
	names := flag.String("names", "", "only print names of packages of these directories")
	flag.IntVar(&b.runs, "runs", 3, "measurements of each kind; the fastest counts")
	flag.StringVar(&b.work, "dir", "", "work directory (default: a temporary one)")
	flag.StringVar(&b.fimg, "fimg", "", "the program (default: built from ./cmd/fimg)")
	flag.Parse()
	var err error
	switch {
	case *generated > 0:
		err = generate(b.work, *generated)
	case *names != "":
		err = printNames(context.Background(), b.work, split(*names))
	default:
		err = b.run(split(*sizes), split(*realDirs), split(*groups))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
}

func (b *bench) run(sizes, realDirs, groups []string) error {
	if b.work == "" {
		dir, err := os.MkdirTemp("", "fimg-bench-resolve-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		b.work = dir
	}
	if err := b.build(); err != nil {
		return err
	}
	fmt.Printf("%-9s %-9s %8s %8s %7s %9s %9s %7s %8s %8s\n", "packages", "case", "fimg s", "dnf s", "ratio",
		"fimg cpu", "dnf cpu", "ratio", "fimg MB", "dnf MB")
	if len(realDirs) > 0 {
		b.groups = groups
		if err := b.repositories("given", realDirs); err != nil {
			return err
		}
		b.groups = nil
	}
	for _, size := range sizes {
		dir := filepath.Join(b.work, size)
		if _, err := strconv.Atoi(size); err != nil {
			return fmt.Errorf("number of packages %q: %w", size, err)
		}
		if _, err := self("-generate", size, "-dir", dir); err != nil {
			return fmt.Errorf("generate %s packages: %w", size, err)
		}
		if err := b.repositories(size, []string{dir}); err != nil {
			return err
		}
	}
	return nil
}

// build makes the program that is measured, unless one is given.
func (b *bench) build() error {
	if b.fimg != "" {
		return nil
	}
	b.fimg = filepath.Join(b.work, "fimg")
	if out, err := exec.Command("go", "build", "-o", b.fimg, "./cmd/fimg").CombinedOutput(); err != nil {
		return fmt.Errorf("build fimg: %w\n%s", err, out)
	}
	return nil
}

// repositories compares on the repositories in dirs.
func (b *bench) repositories(label string, dirs []string) error {
	list, err := self("-names", strings.Join(dirs, ","), "-dir", b.work)
	if err != nil {
		return fmt.Errorf("list packages: %w", err)
	}
	names := strings.Fields(list)
	set := b.pick(dirs, nil, names, 100)
	if len(set) == 0 {
		return fmt.Errorf("no package of %s can be installed", strings.Join(dirs, ", "))
	}
	kiwi := append([]string{"--exclude=*.i686", "--exclude=*-doc", "--exclude=*-docs"}, b.groups...)
	return b.compare(label, dirs, requests(set, b.pick(dirs, kiwi, names, 30)))
}
