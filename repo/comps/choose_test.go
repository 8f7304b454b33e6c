package comps

import "testing"

// TestChoose selects a group by itself and as part of an environment.
func TestChoose(t *testing.T) {
	c := &Comps{Groups: []Group{{ID: "core", Name: "Core"}, {ID: "extra"}, {ID: "other"}},
		Environments: []Environment{{ID: "cloud", Name: "Cloud", Groups: []string{"core", "extra", "unknown"}}}}
	for _, ids := range [][]string{{"@core", "@^cloud"}, {"@^cloud", "@core"}} {
		got, err := c.Choose(ids, NoOffered)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Groups) != 2 || len(got.Environments) != 1 || got.Part["core"] || !got.Part["extra"] {
			t.Errorf("%v: %+v", ids, got)
		}
	}
	if _, err := c.Choose([]string{"@none"}, NoOffered); err == nil {
		t.Error("an unknown group was chosen")
	}
}
