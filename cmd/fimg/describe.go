package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/fimg/fimg/description"
)

// described is the object that describe --json prints for each image.
type described struct {
	*description.Image
	ProfileFile string              `json:"profile_file"` // what the image's /.profile will hold
	Checks      []description.Check `json:"checks"`       // kiwi's checks that would stop a build
}

func newDescribeCmd(a *app) *cobra.Command {
	var s selection
	var format string
	cmd := &cobra.Command{
		Use:   "describe",
		Short: "Print the resolved description",
		Long: "Print what a description says for the chosen profiles, architecture and type: a page\n" +
			"that tells where everything was written and which profile made it active, one JSON\n" +
			"object (with --json or --format json), the XML that kiwi would leave in the image\n" +
			"(--format xml), or the variables for its scripts (--format profile).",
		Example: "  fimg describe --profile Cloud-Base-Generic --arch aarch64\n" +
			"  fimg describe --description Fedora.kiwi --profile Cloud-Base-Azure --json",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			print, err := describer(format, a.json)
			if err != nil {
				return err
			}
			images, err := s.images(cmd.Context())
			if err != nil {
				return err
			}
			for _, img := range images {
				if err := print(a.out, img); err != nil {
					return err
				}
			}
			return nil
		},
	}
	s.add(cmd)
	cmd.Flags().StringVar(&format, "format", "page", "page, json, xml or profile")
	return cmd
}

// describer returns the function that prints an image in a format.
func describer(format string, asJSON bool) (func(io.Writer, *description.Image) error, error) {
	if asJSON && format == "page" {
		format = "json"
	}
	switch format {
	case "page":
		return writePage, nil
	case "json":
		return writeDescribed, nil
	case "xml":
		return func(w io.Writer, img *description.Image) error { return img.WriteXML(w) }, nil
	case "profile":
		return func(w io.Writer, img *description.Image) error {
			_, err := io.WriteString(w, img.ProfileText())
			return err
		}, nil
	}
	return nil, usageError{fmt.Errorf("format %q: want page, json, xml or profile", format)}
}

func writeDescribed(w io.Writer, img *description.Image) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	checks := img.Checks()
	if checks == nil {
		checks = []description.Check{}
	}
	return e.Encode(described{img, img.ProfileText(), checks})
}
