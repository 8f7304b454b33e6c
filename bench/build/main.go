// Command build times one whole image build by fimg, with a cold and then with a
// warm cache, and by kiwi-ng where it is installed, from the same description
// (BIOS, btrfs, qcow2), repository and machine, and prints the ratios.
//
// kiwi needs root and loop devices. Where the kernel adds no partitions to them, a
// stand-in for partx (partx.sh, seen by kiwi alone) gives it more loop devices.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/fimg/fimg/assembler"
	"github.com/fimg/fimg/assembler/chroot"
	"github.com/fimg/fimg/bench/settle"
	"github.com/fimg/fimg/description"
)

const image = `<?xml version="1.0" encoding="utf-8"?>
<image schemaversion="7.5" name="Bench">
  <description type="system"><author>fimg</author><contact>nobody@example.invalid</contact><specification>one image, two builders</specification></description>
  <preferences>
    <version>1</version><packagemanager>dnf</packagemanager><release-version>42</release-version>
    <locale>en_US</locale><timezone>UTC</timezone>
    <type image="oem" format="qcow2" filesystem="btrfs" fsmountoptions="compress=zstd:1" firmware="bios" kernelcmdline="console=ttyS0" initrd_system="dracut">
      <bootloader name="grub2" timeout="1"/>
      <systemdisk><volume name="home"/><volume name="var"/></systemdisk>
      <size unit="G">5</size>
      <oemconfig><oem-resize>false</oem-resize></oemconfig>
    </type>
  </preferences>
  <repository type="rpm-md" alias="demo"><source path="dir://%s"/></repository>
  <packages type="bootstrap"><package name="filesystem"/><package name="fedora-release-cloud"/></packages>
  <packages type="image" patternType="plusRecommended">
    <namedCollection name="cloud-server-environment"/>
    <package name="kernel-core"/><package name="dracut"/><package name="dracut-config-generic"/><package name="grub2-pc"/>
    <package name="grub2-pc-modules"/><package name="grub2-tools"/><package name="btrfs-progs"/><package name="glibc-langpack-en"/>
  </packages>
</image>
`

func main() {
	repo := flag.String("repo", "", "directory of the repository")
	work := flag.String("work", "", "work directory")
	flag.Parse()
	private := chroot.EnterPrivateMounts() // as cmd/fimg does
	if err := run(context.Background(), *repo, *work, private); err != nil {
		fmt.Fprintln(os.Stderr, "bench/build:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, repo, work string, private bool) error {
	if repo == "" || work == "" {
		return errors.New("want -repo and -work")
	}
	dir := filepath.Join(work, "description")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "config.xml"), fmt.Appendf(nil, image, repo), 0o644); err != nil {
		return err
	}
	cold, err := fimg(ctx, dir, work, "cold cache", private)
	if err != nil {
		return err
	}
	warm, err := fimg(ctx, dir, work, "warm cache", private)
	if err != nil {
		return err
	}
	peer, err := kiwi(ctx, dir, work)
	if err != nil {
		fmt.Println("no comparison with kiwi-ng:", err)
		return nil
	}
	fmt.Printf("kiwi-ng / fimg: %.1f with a cold cache, %.1f with a warm one\n", peer.Seconds()/cold.Seconds(), peer.Seconds()/warm.Seconds())
	return nil
}

// fimg builds the image from the description to the qcow2.
func fimg(ctx context.Context, dir, work, name string, private bool) (time.Duration, error) {
	defer settle.Machine()()
	begin := time.Now()
	img, err := description.Load(ctx, description.Options{Dir: dir, Arch: "x86_64"})
	if err != nil {
		return 0, err
	}
	cache := filepath.Join(work, "cache")
	plan, err := assembler.MakePlan(ctx, img, assembler.Options{CacheDir: cache, Offline: true})
	if err != nil {
		return 0, err
	}
	r, err := assembler.Build(ctx, plan, assembler.BuildOptions{TargetDir: filepath.Join(work, "out"), CacheDir: cache, Offline: true, PrivateMounts: private})
	if err != nil {
		return 0, err
	}
	total := time.Since(begin)
	fmt.Printf("fimg, %s: %.1f s\n", name, total.Seconds())
	for _, t := range r.Times {
		fmt.Printf("  %-12s %6.2f s\n", t.Phase, t.Time.Seconds())
	}
	return total, nil
}
