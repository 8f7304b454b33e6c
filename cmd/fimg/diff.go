package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/fimg/fimg/assembler"
)

func newDiffCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Compare two locks, plans or images",
		Args:  takes(2, "two files to compare"),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := assembler.Diff(cmd.Context(), args[0], args[1])
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(d)
			}
			return a.printDifference(d)
		},
	}
}

func (a *app) printDifference(d *assembler.Difference) error {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, p := range d.Packages {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", p.Kind, p.Name, p.Old, p.New)
	}
	for _, f := range d.Files {
		fmt.Fprintf(w, "%s\t%s\n", f.Kind, f.Path)
	}
	for _, o := range d.Other {
		fmt.Fprintln(w, o)
	}
	if d.Empty() {
		fmt.Fprintln(w, "nothing differs")
	}
	return w.Flush()
}
