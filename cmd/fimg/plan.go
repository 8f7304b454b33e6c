package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/fimg/fimg/assembler"
	"github.com/fimg/fimg/assembler/manifest"
	"github.com/fimg/fimg/event"
)

func newPlanCmd(a *app) *cobra.Command {
	var s selection
	var w work
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Show what build would do, and build nothing",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			images, err := s.images(cmd.Context())
			if err != nil {
				return err
			}
			quiet := *a
			quiet.quiet = true
			p := quiet.newPrinter()
			if a.json {
				p.app = &app{out: discard{}, err: discard{}, quiet: true}
			}
			for _, img := range images {
				plan, err := a.plan(cmd.Context(), &w, img, p)
				if err != nil {
					return err
				}
				if a.json {
					err = plan.Write(a.out)
				} else {
					err = a.printPlan(plan)
				}
				if err != nil {
					return err
				}
				a.warnOf(img.Name, assembler.HostWarnings(plan))
			}
			return nil
		},
	}
	s.add(cmd)
	w.add(cmd)
	return cmd
}

// warnOf tells on standard error, which is no part of a plan, what a build would warn of.
func (a *app) warnOf(subject string, list []string) {
	for _, text := range list {
		e := event.Event{Kind: event.Warning, Subject: subject, Text: text}
		if a.json {
			json.NewEncoder(a.err).Encode(e)
		} else {
			fmt.Fprintf(a.err, "fimg: warning: %s: %s\n", e.Subject, e.Text)
		}
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// printPlan prints a plan for people: the packages by size, the disk, what comes
// out, and the space it takes.
func (a *app) printPlan(p *assembler.Plan) error {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "image\t%s %s for %s\nprofiles\t%s\n", p.Image.Name, p.Image.Version, p.Image.Arch, strings.Join(p.Image.Profiles, " "))
	fmt.Fprintf(w, "packages\t%d, %s to download, %s installed\n", len(p.Lock.Packages), size(p.Space.Download), size(p.Space.Installed))
	fmt.Fprintf(w, "newest time\t%s\n", p.Epoch.Format("2006-01-02 15:04:05 MST"))
	for _, o := range p.Outputs {
		fmt.Fprintf(w, "output\t%s (%s)\n", o.File, o.Format)
	}
	fmt.Fprintf(w, "space\t%s for the tree, up to %s for disk and outputs\n", size(p.Space.Installed), size(p.Space.Disk+p.Space.Outputs))
	if l := p.Layout; l != nil {
		fmt.Fprintf(w, "\ndisk\t%s, %s table\n\n#\tROLE\tNAME\tTYPE\tSTART\tSIZE\n", size(l.Size), l.Table)
		for _, part := range l.Partitions {
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%d\t%s\n", part.Number, part.Role, part.Name, part.Type.Code, part.First, size(l.Bytes(part)))
		}
	}
	fmt.Fprintf(w, "\nPACKAGE\tSIZE\tINSTALLED\tREPOSITORY\tREASON\n")
	list := slices.Clone(p.Lock.Packages)
	slices.SortStableFunc(list, func(a, b manifest.LockedPackage) int { return int(b.Installed/1024 - a.Installed/1024) })
	for _, pkg := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", pkg.NEVRA, size(pkg.Size), size(pkg.Installed), pkg.Repo, pkg.Reason)
	}
	for _, n := range p.Notes {
		fmt.Fprintf(w, "\nnote: %s", n)
	}
	if len(p.Notes) > 0 {
		fmt.Fprintln(w)
	}
	return w.Flush()
}
