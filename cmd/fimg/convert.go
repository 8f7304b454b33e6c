package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fimg/fimg/formats"
	"github.com/fimg/fimg/seed"
)

// convert is the state of one "fimg convert".
type convert struct {
	from    string
	to      []string
	options []string
	dir     string
	jobs    int
	seed    string
	vhdTag  string
	license string
}

func newConvertCmd(a *app) *cobra.Command {
	var c convert
	var names []string
	for _, f := range formats.All() {
		names = append(names, f.Name)
	}
	cmd := &cobra.Command{
		Use:   "convert INPUT [OUTPUT]...",
		Short: "Convert a disk image into other formats, or back to raw",
		Long: "Convert a disk image into any number of formats, all from one read of it.\n\n" +
			"The format of an OUTPUT follows from its name. With --format and no OUTPUT the files\n" +
			"are named after INPUT and put into the directory of --target-dir.\n\n" +
			"Formats: " + strings.Join(names, ", ") + ".",
		Example: "  fimg convert disk.raw disk.qcow2 disk.tar.gz\n" +
			"  fimg convert -o qcow2:compression_type=zstd -f qcow2 -f vhd-fixed disk.raw\n" +
			"  fimg convert --from qcow2 upload.qcow2 disk.raw",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{fmt.Errorf("convert needs an image to read")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.convert(cmd, c, args) },
	}
	f := cmd.Flags()
	f.StringVar(&c.from, "from", "", "format of INPUT (default: what its content looks like)")
	f.StringArrayVarP(&c.to, "format", "f", nil, "format to make (repeatable); with OUTPUTs, theirs in order")
	f.StringArrayVarP(&c.options, "option", "o", nil, "[FORMAT:]KEY=VALUE,... as qemu-img names them (repeatable)")
	f.StringVar(&c.dir, "target-dir", ".", "directory for files without a given name")
	numberVar(f, &c.jobs, "jobs", 0, 0, "compressors at work at once (default: one for each processor)")
	f.StringVar(&c.seed, "seed", "", "text from which identifiers are made (default: the name of INPUT)")
	f.StringVar(&c.vhdTag, "vhd-tag", "", "tag at 64 KiB of a fixed VHD, 8-4-4-4-12 hexadecimal digits")
	f.StringVar(&c.license, "gce-license", "", "licence in the manifest of an archive for Google Compute Engine")
	return cmd
}

func (a *app) convert(cmd *cobra.Command, c convert, args []string) error {
	outputs, err := c.outputs(args[0], args[1:])
	if err != nil {
		return err
	}
	when, err := epoch()
	if err != nil {
		return err
	}
	image, err := formats.Open(cmd.Context(), args[0], formats.OpenOptions{Format: c.from, TempDir: filepath.Dir(outputs[0].Path)})
	if err != nil {
		return err
	}
	defer image.Close()
	p := a.newPrinter()
	defer p.close()
	if c.seed == "" {
		c.seed = filepath.Base(args[0])
	}
	files, err := formats.Write(cmd.Context(), image, outputs, formats.Options{
		Workers: c.jobs, Epoch: max(when.Unix(), 0), Seed: seed.New("convert", c.seed), Events: p.event})
	var option *formats.OptionError
	if errors.As(err, &option) {
		return usageError{err} // here they are the command line's
	}
	if err != nil {
		return err
	}
	p.close()
	return a.printFiles(image.Format, files)
}

// printFiles tells what was made. With --json the events said it already.
func (a *app) printFiles(from string, files []formats.File) error {
	if a.json {
		return json.NewEncoder(a.out).Encode(map[string]any{"type": "convert", "from": from, "files": files})
	}
	for _, f := range files {
		if _, err := fmt.Fprintf(a.out, "%s\t%s\n", f.Path, size(f.Size)); err != nil {
			return err
		}
	}
	return nil
}

// outputs pairs names and formats.
func (c convert) outputs(input string, names []string) ([]formats.Output, error) {
	if len(names) == 0 && len(c.to) == 0 {
		return nil, usageError{fmt.Errorf("convert needs an output or a --format")}
	}
	if len(names) > 0 && len(c.to) > len(names) {
		return nil, usageError{fmt.Errorf("%d formats for %d outputs", len(c.to), len(names))}
	}
	var outputs []formats.Output
	for i := range max(len(names), len(c.to)) {
		o, err := c.output(input, names, i)
		if err != nil {
			return nil, err
		}
		outputs = append(outputs, o)
	}
	return outputs, nil
}

func (c convert) output(input string, names []string, i int) (formats.Output, error) {
	var o formats.Output
	var err error
	if i < len(c.to) {
		o.Format, err = formats.Lookup(c.to[i])
	} else {
		o.Format, err = formats.ByName(names[i])
	}
	if err != nil {
		return o, err
	}
	stem := strings.TrimSuffix(filepath.Base(input), filepath.Ext(input))
	if o.Path = filepath.Join(c.dir, stem+"."+o.Format.Suffix); i < len(names) {
		o.Path = names[i]
	}
	if sameFile(input, o.Path) {
		return o, usageError{fmt.Errorf("output %s is the input", o.Path)}
	}
	o.Settings, err = c.settings(o.Format.Name)
	o.Settings.Name = stem
	return o, err
}

// settings gathers the options that concern a format.
func (c convert) settings(format string) (formats.Settings, error) {
	var list []string
	for _, text := range c.options {
		if name, rest, found := strings.Cut(text, ":"); found && !strings.ContainsAny(name, "=,") {
			if name != format {
				continue
			}
			text = rest
		}
		list = append(list, text)
	}
	qemu, err := formats.ParseOptions(strings.Join(list, ","))
	if err != nil {
		return formats.Settings{}, usageError{err}
	}
	s := formats.Settings{Qemu: qemu, GCELicense: c.license}
	if format == "vhd-fixed" {
		s.VHDTag = c.vhdTag
	}
	return s, nil
}

func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}
