package repo_test

import "github.com/fimg/fimg/repo/comps"

var mandatory = comps.Request{Kinds: comps.Kinds(comps.DNF5, false)}
