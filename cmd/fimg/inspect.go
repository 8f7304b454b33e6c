package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/fimg/fimg/assembler"
	"github.com/fimg/fimg/repo/rpm"
)

func newInspectCmd(a *app) *cobra.Command {
	var key string
	cmd := &cobra.Command{
		Use:   "inspect IMAGE|PACKAGE.rpm",
		Short: "Show what is in an image or a package file",
		Args:  takes(1, "an image or a package file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.HasSuffix(args[0], ".rpm") {
				return a.inspectPackage(args[0], key)
			}
			found, err := assembler.Inspect(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(found)
			}
			return a.printInspection(found)
		},
	}
	cmd.Flags().StringVar(&key, "signing-key", "", "file with the keys a package is verified with")
	return cmd
}

func (a *app) printJSON(v any) error {
	enc := json.NewEncoder(a.out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	return enc.Encode(v)
}

// inspectPackage prints a package's description and what its digests and
// signatures are worth.
func (a *app) inspectPackage(name, key string) error {
	d, verdict, err := judgePackage(name, key)
	if err != nil {
		return err
	}
	if a.json {
		err = a.printJSON(map[string]any{"package": d, "verdict": verdict, "summary": d.Summary})
	} else {
		err = a.printPackage(d, verdict)
	}
	if err == nil {
		err = badChecks(d.NEVRA, verdict)
	}
	return err
}

func (a *app) printPackage(d *rpm.Description, verdict *rpm.Verdict) error {
	fmt.Fprintf(a.out, "%s\n%s\n", d.NEVRA, d.Summary)
	if d.Summary6 != "" {
		fmt.Fprintf(a.out, "rpm 6: %s\n", d.Summary6)
	}
	for _, c := range verdict.Checks {
		fmt.Fprintf(a.out, "    %s\n", c)
	}
	return a.printJSON(d)
}

// badChecks is an error for a package of which something was changed. A key that is
// not there says nothing about that.
func badChecks(name string, verdict *rpm.Verdict) error {
	var bad []string
	for _, c := range verdict.Checks {
		if c.Status == rpm.BAD {
			bad = append(bad, c.String())
		}
	}
	if len(bad) == 0 {
		return nil
	}
	return &rpm.VerifyError{Package: name, Detail: strings.Join(bad, "; ")}
}

// judgePackage reads and verifies a package, with the keys of a file when there is
// one.
func judgePackage(name, key string) (*rpm.Description, *rpm.Verdict, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, usageError{err}
	}
	defer f.Close()
	ring := &rpm.Keyring{}
	if key != "" {
		text, err := os.ReadFile(key)
		if err != nil {
			return nil, nil, usageError{fmt.Errorf("use signing key: %w", err)}
		}
		if err := ring.Add(text); err != nil {
			return nil, nil, usageError{fmt.Errorf("use signing key %s: %w", filepath.Base(key), err)}
		}
	}
	r, err := rpm.NewReader(f, rpm.ReaderOptions{})
	if err != nil {
		return nil, nil, fmt.Errorf("inspect %s: %w", filepath.Base(name), err)
	}
	defer r.Close()
	verdict, err := r.Verify(ring)
	var d *rpm.Description
	if err == nil {
		d, err = rpm.Describe(r.Package)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("inspect %s: %w", filepath.Base(name), err)
	}
	d.Judged(verdict)
	return d, verdict, nil
}

func (a *app) printInspection(i *assembler.Inspection) error {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "format\t%s\ndisk\t%s, %s table\n\n#\tROLE\tNAME\tTYPE\tSTART\tSIZE\n", i.Format, size(i.Size), i.Layout.Table)
	for _, p := range i.Layout.Partitions {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%d\t%s\n", p.Number, p.Role, p.Name, p.Type.Code, p.First, size(i.Layout.Bytes(p)))
	}
	fmt.Fprintf(w, "\n#\tTYPE\tLABEL\tUUID\tFREE\tPATHS\tSUBVOLUMES\n")
	for _, f := range i.FileSystems {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%d\t%s\n", f.Partition, f.Type, f.Label, f.UUID, size(f.Free), f.Paths, strings.Join(f.Subvolumes, " "))
	}
	fmt.Fprintf(w, "\nBIOS boot code\t%t\nEFI programs\t%s\nboot entries\t%s\npackages\t%d\n",
		i.Boot.BIOS, strings.Join(i.Boot.EFI, " "), strings.Join(i.Boot.Entries, " "), len(i.Packages))
	if i.Boot.Zipl {
		fmt.Fprintf(w, "zipl boot record\ttrue\n")
	}
	for _, warning := range i.Warnings {
		fmt.Fprintf(w, "warning\t%s\n", warning)
	}
	return w.Flush()
}
