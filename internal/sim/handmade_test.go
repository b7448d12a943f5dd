package sim

import (
	"slices"
	"strings"
	"testing"
)

func TestHandmadeScenariosEndAsTheyMust(t *testing.T) {
	oneThread(t)
	r := NewRunner()
	all := Handmade()
	if len(all) < 60 {
		t.Errorf("there are %d scenarios only", len(all))
	}
	for _, e := range all {
		t.Run(e.Name, func(t *testing.T) {
			result := run(t, r, &e.Scenario)
			wrong := len(result.Violations) > 0
			if !allows(e.Primary, result.Primary) {
				wrong = true
				t.Errorf("the primary is %q, not %q", result.Primary, e.Primary)
			}
			if e.Promotions >= 0 && result.Promotions != e.Promotions {
				wrong = true
				t.Errorf("%d servers were opened, not %d", result.Promotions, e.Promotions)
			}
			for name, role := range e.Roles {
				if !slices.Contains(strings.Split(role, "|"), result.Roles[name]) {
					wrong = true
					t.Errorf("%s is %s, not %s", name, result.Roles[name], role)
				}
			}
			if result.Lost > 0 && !e.MayLose && !e.ByHand && result.Primary != "" && e.SemiSync {
				wrong = true
				t.Errorf("%d of %d acknowledged transactions are lost", result.Lost, result.Acknowledged)
			}
			for _, line := range result.Waiting {
				wrong = true
				t.Errorf("the story has no line with %q", line)
			}
			if wrong {
				t.Errorf("%s", result.Story())
			}
		})
	}
}

// allows says whether a name is among those that are allowed; a bar allows nobody as well.
func allows(want, name string) bool {
	if name == "" {
		return want == "" || strings.Contains(want, "|")
	}
	return slices.Contains(strings.FieldsFunc(want, func(r rune) bool { return r == ' ' || r == '|' }), name)
}
