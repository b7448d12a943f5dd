package topology

import (
	"slices"
	"testing"
)

func TestPromotionRulesAreReadAndPrinted(t *testing.T) {
	for name, c := range map[string]struct {
		rule         PromotionRule
		candidate    bool
		registerable bool
	}{
		"must":       {MustPromote, true, false},
		"prefer":     {PreferPromote, true, true},
		"neutral":    {NeutralPromote, false, true},
		"prefer_not": {PreferNotPromote, false, true},
		"must_not":   {MustNotPromote, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.rule.String(); got != name {
				t.Errorf("printed as %q", got)
			}
			if got, err := ParsePromotionRule(name); got != c.rule || err != nil {
				t.Errorf("read as %v, %v", got, err)
			}
			if got := c.rule.IsCandidate(); got != c.candidate {
				t.Errorf("a candidate: %v, want %v", got, c.candidate)
			}
			got, err := ParseRegisteredPromotionRule(name)
			if (err == nil) != c.registerable || err == nil && got != c.rule {
				t.Errorf("registered as %v, %v; want it accepted: %v", got, err, c.registerable)
			}
		})
	}
}

func TestPromotionRulesInDisorder(t *testing.T) {
	for name, c := range map[string]struct {
		text                 string
		stored, registerable bool
	}{
		"nothing stored means neutral": {"", true, false},
		"unknown word":                 {"always", false, false},
		"capitals":                     {"Prefer", false, false},
		"white space":                  {" prefer", false, false},
		"dash":                         {"must-not", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParsePromotionRule(c.text)
			if got != NeutralPromote || (err == nil) != c.stored {
				t.Errorf("stored: %v, %v", got, err)
			}
			if _, err := ParseRegisteredPromotionRule(c.text); (err == nil) != c.registerable {
				t.Errorf("registered: %v", err)
			}
		})
	}
	if got := PromotionRule(99).String(); got != "neutral" {
		t.Errorf("a rule that does not exist is printed as %q", got)
	}
}

func TestPromotionRulesOrder(t *testing.T) {
	rules := []PromotionRule{MustNotPromote, NeutralPromote, MustPromote, PreferNotPromote, PreferPromote}
	slices.Sort(rules)
	if want := []PromotionRule{MustPromote, PreferPromote, NeutralPromote, PreferNotPromote, MustNotPromote}; !slices.Equal(rules, want) {
		t.Errorf("%v, want %v", rules, want)
	}
	var unset PromotionRule
	if unset != NeutralPromote {
		t.Error("a server without a rule must be neutral")
	}
}
