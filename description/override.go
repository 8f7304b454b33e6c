package description

// commandLine is the source of a value given by an option.
func commandLine(option string) Source { return Source{File: "--" + option} }

// override applies the command line's changes in kiwi's order.
func (s *state) override(over Overrides) error { return nil }

// remark adds notes about oddities of the whole description.
func (s *state) remark(img *Image) {}
