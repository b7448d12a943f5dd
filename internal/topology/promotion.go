package topology

import "fmt"

// PromotionRule says how much an administrator wants a server to become the primary. Smaller is better.
type PromotionRule int

// The rules from best to worst; neutral is the zero value.
const (
	MustPromote PromotionRule = iota - 2
	PreferPromote
	NeutralPromote
	PreferNotPromote
	MustNotPromote
)

var promotionRules = [...]struct {
	rule PromotionRule
	name string
}{
	{MustPromote, "must"},
	{PreferPromote, "prefer"},
	{NeutralPromote, "neutral"},
	{PreferNotPromote, "prefer_not"},
	{MustNotPromote, "must_not"},
}

// String prints the rule as commands, tables and the API spell it.
func (r PromotionRule) String() string {
	for _, p := range promotionRules {
		if p.rule == r {
			return p.name
		}
	}
	return "neutral"
}

// ParsePromotionRule reads a stored rule; the empty text means neutral.
func ParsePromotionRule(text string) (PromotionRule, error) {
	if text == "" {
		return NeutralPromote, nil
	}
	for _, p := range promotionRules {
		if p.name == text {
			return p.rule, nil
		}
	}
	return NeutralPromote, fmt.Errorf("promotion rule %q: use prefer, neutral, prefer_not or must_not", text)
}

// ParseRegisteredPromotionRule reads a rule that somebody wants to register. `must` is honoured where it is stored,
// but cannot be registered, as in the original.
func ParseRegisteredPromotionRule(text string) (PromotionRule, error) {
	r, err := ParsePromotionRule(text)
	if err == nil && text == "" {
		err = fmt.Errorf("a promotion rule is required: prefer, neutral, prefer_not or must_not")
	}
	if err == nil && r == MustPromote {
		err = fmt.Errorf("promotion rule must: not supported yet; use prefer")
	}
	return r, err
}

// IsCandidate says whether the rule names a server that is wanted as primary.
func (r PromotionRule) IsCandidate() bool { return r == MustPromote || r == PreferPromote }
