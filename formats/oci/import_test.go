package oci_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fimg/fimg/formats/compress"
	"github.com/fimg/fimg/internal/testtool"
)

// stored are the options of podman and buildah that keep all they do below a
// directory of the test.
func stored(t *testing.T) []string {
	t.Helper()
	testtool.NeedRoot(t)
	dir := t.TempDir()
	return []string{"--root", filepath.Join(dir, "root"), "--runroot", filepath.Join(dir, "run"), "--storage-driver", "vfs"}
}

// TestBuildahImports makes a working container of an image and looks into it.
func TestBuildahImports(t *testing.T) {
	m := files(map[string]string{"usr/bin/x": "x", "run/gone": "", "etc/os-release": "ID=fedora\n"})
	i := build(t, m, config, nil)
	for _, ref := range []string{
		"oci-archive:" + pack(t, i, false, compress.None) + ":fedora:42",
		"docker-archive:" + pack(t, i, true, compress.None) + ":fedora:42",
	} {
		options := stored(t)
		buildah := func(args ...string) string {
			return strings.TrimSpace(testtool.Run(t, "buildah", append(options, args...)...))
		}
		name := buildah("from", "--quiet", "--arch", "arm64", ref)
		root := buildah("mount", name)
		if got, err := os.ReadFile(filepath.Join(root, "usr/bin/x")); string(got) != "x" {
			t.Errorf("%s: x is %q, %v", ref, got, err)
		}
		if _, err := os.Stat(filepath.Join(root, "run/gone")); err == nil {
			t.Errorf("%s: the content of /run is in the image", ref)
		}
		if got := buildah("inspect", "--format", "{{.OCIv1.Architecture}} {{.OCIv1.Config.WorkingDir}} {{.OCIv1.Author}}", name); got != "arm64 /root "+config.Author {
			t.Errorf("%s: buildah sees %s", ref, got)
		}
		buildah("rm", name)
	}
}

// TestPodmanLoads loads archives as users do.
func TestPodmanLoads(t *testing.T) {
	i := build(t, files(map[string]string{"usr/bin/x": "x"}), config, nil)
	for _, docker := range []bool{false, true} {
		options := stored(t)
		podman := func(args ...string) string { return testtool.Run(t, "podman", append(options, args...)...) }
		podman("load", "--quiet", "--input", pack(t, i, docker, compress.None))
		var got []struct {
			RepoTags     []string
			Architecture string
			Config       struct{ Entrypoint, Cmd []string }
		}
		if err := json.Unmarshal([]byte(podman("image", "inspect", "fedora:42")), &got); err != nil {
			t.Fatal(err)
		}
		if len(got) != 1 || got[0].Architecture != "arm64" || strings.Join(got[0].Config.Entrypoint, " ") != "/bin/sh -c" || len(got[0].RepoTags) == 0 {
			t.Errorf("podman sees %+v", got)
		}
	}
}
