package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/fimg/fimg/assembler"
)

func newBundleCmd(a *app) *cobra.Command {
	var o assembler.BundleOptions
	cmd := &cobra.Command{
		Use:   "bundle",
		Short: "Make kiwi's result bundle of a finished build",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.ID == "" {
				return usageError{errors.New("bundle needs --id")}
			}
			made, err := assembler.Bundle(cmd.Context(), o)
			if err != nil {
				return err
			}
			if a.json {
				return json.NewEncoder(a.out).Encode(map[string]any{"files": made})
			}
			for _, name := range made {
				fmt.Fprintln(a.out, name)
			}
			return nil
		},
	}
	bundleFlags(cmd, &o)
	return cmd
}

func bundleFlags(cmd *cobra.Command, o *assembler.BundleOptions) {
	f := cmd.Flags()
	f.StringVar(&o.TargetDir, "target-dir", "out", "directory with the results of a build")
	f.StringVar(&o.BundleDir, "bundle-dir", "bundle", "directory for the bundle")
	f.StringVar(&o.ID, "id", "", "release id that goes into the names")
	f.StringVar(&o.Format, "bundle-format", "", "name pattern: %N name, %P profiles, %A arch, %T type, %v version, %M %m %p its parts, %I id")
	f.BoolVar(&o.NoCompress, "no-compress", false, "compress nothing")
}
