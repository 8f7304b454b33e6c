package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/description/builtin"
)

// selection are the flags that choose an image and change its description.
type selection struct {
	description string
	file        string
	profiles    []string
	kind        string
	arch        string
	repos       []string
	over        description.Overrides
	together    bool // all profiles are of one image, as with kiwi
}

// add declares the flags on a verb.
func (s *selection) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.description, "description", "", "description directory or file (default: the working directory's, else Fedora Cloud)")
	f.StringVar(&s.file, "kiwi-file", "", "main file within the description directory")
	f.StringArrayVar(&s.profiles, "profile", nil, "profile to build; repeatable")
	f.StringVar(&s.kind, "type", "", "build type, such as oem or oci (default: the primary one)")
	f.StringVar(&s.arch, "arch", machine(), "architecture of the image")
	f.StringArrayVar(&s.repos, "repo", nil, "install from this URL or directory instead of the description's repositories; repeatable")
	f.StringVar(&s.over.SetRepo, "set-repo", "", "replace the first repository: source[,type[,alias[,priority…]]]")
	f.StringArrayVar(&s.over.AddRepos, "add-repo", nil, "add a repository, as --set-repo; repeatable")
	f.StringArrayVar(&s.over.AddRepoCredentials, "add-repo-credentials", nil, "user:password, or a file that holds it, for the --add-repo in the same place")
	f.StringVar(&s.over.SetRepoCredentials, "set-repo-credentials", "", "user:password, or a file that holds it, for --set-repo")
	f.StringArrayVar(&s.over.AddBootstrapPackages, "add-bootstrap-package", nil, "install this package in the first phase; repeatable")
	f.StringArrayVar(&s.over.CACertificates, "ca-cert", nil, "trust this CA certificate in the image; repeatable")
	f.StringVar(&s.over.CATargetDistribution, "ca-target-distribution", "", "redhat, suse, debian or archlinux: where --ca-cert belongs")
	f.BoolVar(&s.over.IgnoreReposUsedForBuild, "ignore-repos-used-for-build", false, "drop the repositories that are not kept in the image")
	f.BoolVar(&s.over.IgnoreRepos, "ignore-repos", false, "drop all repositories of the description")
	f.StringVar(&s.over.ReleaseVersion, "set-release-version", "", "release version of the repositories")
	f.StringArrayVar(&s.over.TypeAttributes, "set-type-attr", nil, "set attribute=value of the type; repeatable")
	f.StringArrayVar(&s.over.AddPackages, "add-package", nil, "install this package too; repeatable")
	f.StringArrayVar(&s.over.DeletePackages, "delete-package", nil, "remove this package at the end; repeatable")
	f.StringArrayVar(&s.over.SigningKeys, "signing-key", nil, "file or URL of a key that signs packages; repeatable")
	f.StringVar(&s.over.ContainerTag, "set-container-tag", "", "tag of the container")
	f.StringArrayVar(&s.over.ContainerLabels, "add-container-label", nil, "name=value label of the container; repeatable")
	f.StringVar(&s.over.DerivedFrom, "set-container-derived-from", "", "base image of the container")
}

// machine is the host's architecture as uname -m prints it.
func machine() string {
	names := map[string]string{"amd64": "x86_64", "arm64": "aarch64", "386": "i686"}
	if n, ok := names[runtime.GOARCH]; ok {
		return n
	}
	return runtime.GOARCH
}

// options makes description options for one set of profiles.
func (s *selection) options(profiles []string) (description.Options, error) {
	opt := description.Options{File: s.file, Arch: s.arch, Profiles: profiles, Type: s.kind, Overrides: s.over}
	if len(s.over.AddRepoCredentials) > len(s.over.AddRepos)+len(s.repos) {
		return opt, usageError{errors.New("there are more --add-repo-credentials than --add-repo")}
	}
	var err error
	if opt.Overrides.SigningKeys, err = s.signingKeys(); err != nil {
		return opt, err
	}
	if len(s.repos) > 0 {
		opt.Overrides.IgnoreRepos = true
		for _, r := range s.repos {
			if err := checkRepo(r); err != nil {
				return opt, err
			}
			opt.Overrides.AddRepos = append(opt.Overrides.AddRepos, repoTuple(r, len(opt.Overrides.AddRepos)))
		}
	}
	return opt, s.source(&opt)
}

// signingKeys are the addresses of the keys and the absolute names of their files.
func (s *selection) signingKeys() ([]string, error) {
	var keys []string
	for _, key := range s.over.SigningKeys {
		if !strings.Contains(key, ":/") {
			abs, err := filepath.Abs(key)
			if err == nil {
				_, err = os.Stat(abs)
			}
			if err != nil {
				return nil, usageError{fmt.Errorf("use signing key: %w", err)}
			}
			key = abs
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// checkRepo refuses a directory that is not there: only a description's own may miss,
// as with kiwi.
func checkRepo(source string) error {
	if strings.Contains(source, "://") {
		return nil
	}
	if _, err := os.Stat(source); err != nil {
		return usageError{fmt.Errorf("use repository: %w", err)}
	}
	return nil
}

// repoTuple makes kiwi's tuple of a URL or directory, with a short alias.
func repoTuple(source string, n int) string {
	if !strings.Contains(source, "://") {
		if abs, err := filepath.Abs(source); err == nil {
			source = "dir://" + abs
		}
	}
	return source + ",rpm-md,repo" + strconv.Itoa(n+1)
}

// source finds the description: the one named, the working directory's, or the
// built-in one.
func (s *selection) source(opt *description.Options) error {
	if s.description == "" && !hasDescription(".") {
		opt.FS = builtin.FS()
		if len(opt.Profiles) == 0 {
			opt.Profiles = []string{builtin.DefaultProfile}
		}
		return nil
	}
	opt.Dir = s.description
	if opt.Dir == "" {
		opt.Dir = "."
	}
	info, err := os.Stat(opt.Dir)
	if err != nil {
		return usageError{fmt.Errorf("read description: %w", err)}
	}
	if !info.IsDir() {
		opt.Dir, opt.File = filepath.Split(opt.Dir)
		if opt.Dir == "" {
			opt.Dir = "."
		}
	}
	return nil
}

func hasDescription(dir string) bool {
	for _, pattern := range []string{"config.xml", "image/config.xml", "*.kiwi"} {
		if found, _ := filepath.Glob(filepath.Join(dir, pattern)); len(found) > 0 {
			return true
		}
	}
	return false
}

// images loads the chosen images. Several profiles that are images each by
// themselves give one image each; otherwise all profiles belong to one.
func (s *selection) images(ctx context.Context) ([]*description.Image, error) {
	all, err := s.options(s.profiles)
	if err != nil {
		return nil, err
	}
	sets := [][]string{all.Profiles}
	if len(all.Profiles) > 1 && !s.together {
		if separate, err := s.separate(ctx, all); err != nil || separate {
			if err != nil {
				return nil, err
			}
			sets = nil
			for _, p := range all.Profiles {
				sets = append(sets, []string{p})
			}
		}
	}
	var list []*description.Image
	for _, set := range sets {
		opt := all
		opt.Profiles = set
		img, err := description.Load(ctx, opt)
		if err != nil {
			return nil, err
		}
		list = append(list, img)
	}
	return list, nil
}

// separate tells whether every requested profile describes an image.
func (s *selection) separate(ctx context.Context, opt description.Options) (bool, error) {
	doc, err := description.Open(ctx, opt)
	if err != nil {
		return false, err
	}
	isImage := map[string]bool{}
	for _, p := range doc.Profiles() {
		isImage[p.Name] = len(p.Images) > 0
	}
	for _, p := range opt.Profiles {
		if !isImage[p] {
			return false, nil
		}
	}
	return true, nil
}

// epoch is SOURCE_DATE_EPOCH, or zero.
func epoch() (time.Time, error) {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		return time.Time{}, nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil || seconds < 0 {
		return time.Time{}, usageError{fmt.Errorf("SOURCE_DATE_EPOCH %q: want seconds since 1970", text)}
	}
	return time.Unix(seconds, 0), nil
}
