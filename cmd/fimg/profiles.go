package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/fimg/fimg/description"
)

func newProfilesCmd(a *app) *cobra.Command {
	var s selection
	var all bool
	cmd := &cobra.Command{
		Use:   "profiles",
		Short: "List the image profiles",
		Long: "List the profiles that are images by themselves, with their type, disk format,\n" +
			"architectures and description; with --all the helper profiles too.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			opt, err := s.options(nil)
			if err != nil {
				return err
			}
			doc, err := description.Open(cmd.Context(), opt)
			if err != nil {
				return err
			}
			list := doc.Profiles()
			if !all {
				list = slices.DeleteFunc(list, func(p description.ProfileInfo) bool { return len(p.Images) == 0 })
			}
			if a.json {
				return json.NewEncoder(a.out).Encode(map[string]any{"type": "profiles", "profiles": list})
			}
			return writeProfiles(a.out, list)
		},
	}
	cmd.Flags().StringVar(&s.description, "description", "", "description directory or file (default: the working directory's, else Fedora Cloud)")
	cmd.Flags().StringVar(&s.file, "kiwi-file", "", "main file within the description directory")
	cmd.Flags().BoolVar(&all, "all", false, "list helper profiles too")
	return cmd
}

// writeProfiles prints one line for each profile and kind of image.
func writeProfiles(w io.Writer, list []description.ProfileInfo) error {
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tab, "PROFILE\tTYPE\tFORMAT\tARCHITECTURES\tDESCRIPTION")
	for _, p := range list {
		if len(p.Images) == 0 {
			fmt.Fprintf(tab, "%s\t-\t-\t-\t%s\n", p.Name, p.Description)
		}
		for _, i := range p.Images {
			fmt.Fprintf(tab, "%s\t%s\t%s\t%s\t%s\n", p.Name, i.Image, cmp.Or(i.Format, "-"), strings.Join(i.Arches, ","), p.Description)
		}
	}
	return tab.Flush()
}
