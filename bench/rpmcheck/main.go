// Command rpmcheck measures how fast packages are read, verified and unpacked
// into nothing, against rpm -K and rpm2cpio in the same run.
//
// Usage: rpmcheck [-keys FILE] DIRECTORY
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/fimg/fimg/repo/rpm"
)

func main() {
	keyFile := flag.String("keys", "", "armored keys to verify signatures with")
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(flag.Arg(0), *keyFile); err != nil {
		fmt.Fprintln(os.Stderr, "rpmcheck:", err)
		os.Exit(1)
	}
}

func run(dir, keyFile string) error {
	files, err := find(dir)
	if err != nil {
		return err
	}
	var keys rpm.Keyring
	if keyFile != "" {
		data, err := os.ReadFile(keyFile)
		if err != nil {
			return err
		}
		if err := keys.Add(data); err != nil {
			return err
		}
	}
	if _, err := each(files, 1, headers); err != nil { // fill the page cache
		return err
	}
	h, err := each(files, 1, headers)
	if err != nil {
		return err
	}
	fmt.Printf("headers, files and dependencies of %d packages, one core: %v\n", len(files), h)
	verify := func(path string) error { return verify(path, &keys, false) }
	quick := func(path string) error { return verifyQuick(path, &keys) }
	if err := against("verify", files, verify, "rpm", "-K"); err != nil {
		return err
	}
	if err := against("verify without what is redundant", files, quick, "rpm", "-K"); err != nil {
		return err
	}
	buffers := new(rpm.Buffers)
	contents := func(path string) error { return unpack(path, buffers) }
	return against("read all contents, with digests", files, contents, "rpm2cpio")
}

func find(dir string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".rpm") {
			out = append(out, path)
		}
		return err
	})
	return out, err
}

// each runs work on every file with some goroutines and returns the time it took.
func each(files []string, workers int, work func(string) error) (time.Duration, error) {
	start := time.Now()
	var g errgroup.Group
	g.SetLimit(workers)
	for _, f := range files {
		g.Go(func() error {
			if err := work(f); err != nil {
				return fmt.Errorf("%s: %w", f, err)
			}
			return nil
		})
	}
	err := g.Wait()
	return time.Since(start), err
}

// against measures our work on all cores and the peer's, file by file for
// rpm2cpio and all at once for rpm.
func against(what string, files []string, work func(string) error, peer ...string) error {
	ours, err := each(files, runtime.GOMAXPROCS(0), work)
	if err != nil {
		return err
	}
	start := time.Now()
	if len(peer) > 1 {
		err = exec.Command(peer[0], append(peer[1:], files...)...).Run()
	} else {
		for _, f := range files {
			err = exec.Command(peer[0], f).Run()
		}
	}
	theirs := time.Since(start)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return err
	}
	fmt.Printf("%s: %v, %s %v, %.1f times as fast\n", what, ours, strings.Join(peer, " "), theirs, float64(theirs)/float64(ours))
	return nil
}

func headers(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	p, err := rpm.ReadPackage(f)
	if err != nil {
		return err
	}
	if _, err = p.Header.Files(); err != nil {
		return err
	}
	p.Header.Dependencies(rpm.Requires)
	p.Header.Dependencies(rpm.Provides)
	return nil
}

func verifyQuick(path string, keys *rpm.Keyring) error { return verify(path, keys, true) }

func verify(path string, keys *rpm.Keyring, quick bool) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := rpm.NewReader(f, rpm.ReaderOptions{SkipRedundant: quick})
	if err != nil {
		return err
	}
	defer r.Close()
	v, err := r.Verify(keys)
	if err != nil {
		return err
	}
	return v.Err(path, rpm.LevelDigest)
}

// unpack reads all contents of a package.
func unpack(path string, buffers *rpm.Buffers) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := rpm.NewReader(f, rpm.ReaderOptions{SkipRedundant: true, Buffers: buffers})
	if err != nil {
		return err
	}
	defer r.Close()
	p, err := r.Payload(rpm.PayloadOptions{Digests: true})
	if err != nil {
		return err
	}
	for {
		if _, err := p.Next(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, p); err != nil {
			return err
		}
	}
}
