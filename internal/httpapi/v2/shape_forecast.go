package v2

import (
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"

	"orchestrator/internal/failover"
	"orchestrator/internal/plan"
)

// Forecast is what would happen automatically if a server failed.
type Forecast struct {
	Cluster   string     `json:"cluster"`
	Alias     string     `json:"alias,omitempty"`
	Failed    string     `json:"failed" doc:"the server whose failure is meant"`
	Code      string     `json:"code"`
	Supposed  bool       `json:"supposed" doc:"the server works, and this is for the case that it died now"`
	Would     bool       `json:"would" doc:"it would be repaired by itself"`
	Sentence  string     `json:"sentence"`
	Text      string     `json:"text" doc:"all of it in words, as the command explain prints it"`
	Holds     []Hold     `json:"holds" doc:"all that keeps it from happening; empty when it would"`
	Passed    []Passed   `json:"passed" doc:"the rules that were asked and would let it happen"`
	Successor string     `json:"successor,omitempty"`
	Pause     float64    `json:"pause_ms" doc:"how long nobody could write"`
	Parts     []Part     `json:"parts" doc:"of the pause"`
	Risk      *RiskModel `json:"risk" doc:"null: nobody would be promoted"`
	Steps     []Step     `json:"steps"`
	Rejected  []Judged   `json:"rejected" doc:"who would not be promoted, and why"`
	Lost      []Judged   `json:"lost" doc:"who could not follow"`
	// Contenders are told where one forecast is asked for.
	Contenders []Contender `json:"contenders" doc:"the servers among which it was chosen, the winner first, with how each meets the criteria"`
	Warnings   []string    `json:"warnings"`
	Notes      []string    `json:"notes"`
}

// Hold is a reason why nothing would be done.
type Hold struct {
	Rule    string     `json:"rule"`
	Reason  string     `json:"reason"`
	Setting string     `json:"setting,omitempty" doc:"the configuration key that decides"`
	Change  string     `json:"change,omitempty" doc:"what would lift it"`
	Until   *time.Time `json:"until,omitempty" doc:"when it ends by itself"`
	// Lift is for people who look at the reason: one button away from its end.
	Lift *PlanRequest `json:"lift,omitempty" doc:"the plan to ask for that would lift it, as far as one operation can"`
}

// holdOf is a reason with what would lift it.
func holdOf(h failover.Hold, x *failover.Explanation) Hold {
	out := Hold{Rule: h.Rule, Reason: h.Reason, Setting: h.Setting, Change: h.Change, Until: when(h.Until)}
	cluster, server := map[string]string{"cluster": x.Cluster}, map[string]string{"instance": x.Failed.String()}
	switch h.Rule {
	case "disabled":
		out.Lift = &PlanRequest{Operation: "enable-global-recoveries"}
	case "cluster-disabled":
		out.Lift = &PlanRequest{"enable-cluster-recoveries", cluster}
	case "blocked":
		out.Lift = &PlanRequest{"ack-cluster-recoveries", cluster}
	case "maintenance":
		out.Lift = &PlanRequest{"end-maintenance", server}
	case "downtime":
		out.Lift = &PlanRequest{"end-downtime", server}
	}
	return out
}

// Passed is a rule that was asked and keeps nothing from happening.
type Passed struct {
	Rule    string `json:"rule"`
	Text    string `json:"text" doc:"what is the case"`
	Setting string `json:"setting,omitempty" doc:"the configuration key that decides"`
}

// Part is a part of a pause.
type Part struct {
	Name  string  `json:"name"`
	Takes float64 `json:"takes_ms"`
	Basis string  `json:"basis"`
}

// RiskModel is what may be lost.
type RiskModel struct {
	Transactions *uint64 `json:"transactions" doc:"null: it cannot be known"`
	Bytes        *int64  `json:"bytes" doc:"of the binary log; null: it cannot be known"`
	Seconds      *int64  `json:"seconds" doc:"for how long, at most, what was committed may be missing; null: unknown"`
	Guarantee    string  `json:"guarantee,omitempty" doc:"what cannot be lost"`
	Basis        string  `json:"basis"`
}

// Judged is a server and what was decided about it.
type Judged struct {
	Server string `json:"server"`
	Rule   string `json:"rule"`
	Reason string `json:"reason"`
}

// Contender is a server that would be promoted, or might have been.
type Contender struct {
	Server   string      `json:"server"`
	Wins     bool        `json:"wins"`
	Says     string      `json:"says" doc:"why it would not be promoted, or what becomes of it"`
	Criteria []Criterion `json:"criteria"`
}

// Criterion is one of those by which a successor is chosen, and how a server meets it.
type Criterion struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Met   string `json:"met" enum:"yes,partly,no"`
	Text  string `json:"text" doc:"what is the case"`
}

func contendersOf(list []failover.Contender) []Contender {
	return mapped(list, func(c failover.Contender) Contender {
		return Contender{c.Server.String(), c.Wins, c.Says, mapped(c.Criteria, func(k failover.Criterion) Criterion {
			return Criterion{k.Name, k.Title, string(k.Met), k.Text}
		})}
	})
}

func judged(list []plan.Verdict) []Judged {
	return mapped(list, func(v plan.Verdict) Judged { return Judged{v.Server.String(), v.Rule, v.Reason} })
}

func forecastOf(x *failover.Explanation) Forecast {
	f := Forecast{
		Cluster: x.Cluster, Alias: x.Alias, Failed: keyText(x.Failed), Code: string(x.Code), Supposed: x.Supposed, Would: x.Would, Text: x.String(),
		Holds:     mapped(x.Holds, func(h failover.Hold) Hold { return holdOf(h, x) }),
		Passed:    mapped(x.Passed, func(p failover.Pass) Passed { return Passed{p.Rule, p.Text, p.Setting} }),
		Successor: keyText(x.Plan.Successor), Pause: millis(x.Expected.Total),
		Parts: mapped(x.Expected.Parts, func(p failover.Part) Part { return Part{p.Name, millis(p.Takes), p.Basis} }),
		Steps: stepsOf(x.Plan.Steps, nil), Rejected: judged(x.Plan.Rejected), Lost: judged(x.Plan.Lost), Contenders: []Contender{},
		Warnings: append([]string{}, x.Plan.Warnings...), Notes: append([]string{}, x.Notes...), Risk: riskOf(x),
	}
	f.Sentence = shortForecast(x).Sentence
	return f
}

func riskOf(x *failover.Explanation) *RiskModel {
	if x.Risk.Basis == "" {
		return nil
	}
	r := &RiskModel{Guarantee: x.Risk.Guarantee, Basis: x.Risk.Basis, Seconds: seconds(x.Risk.Seconds)}
	if x.Risk.Known {
		r.Transactions = &x.Risk.Transactions
	}
	if x.Risk.Bytes >= 0 {
		r.Bytes = &x.Risk.Bytes
	}
	return r
}

// shortForecast is a forecast in one line.
func shortForecast(x *failover.Explanation) *ForecastShort {
	s := &ForecastShort{Would: x.Would, Successor: keyText(x.Plan.Successor), Pause: millis(x.Expected.Total)}
	if r := riskOf(x); r != nil {
		s.Risk = r.Transactions
	}
	if !x.Would {
		s.Sentence = "It would not fail over."
		if len(x.Holds) > 0 {
			s.Rule = x.Holds[0].Rule
			s.Sentence = "It would not fail over: " + x.Holds[0].Reason + "."
		}
		return s
	}
	s.Sentence = capitalised(x.Plan.Title) + "."
	if s.Successor != "" && x.Expected.Total > 0 {
		s.Sentence = fmt.Sprintf("%s takes over; about %s without writes.", s.Successor, inWords(x.Expected.Total))
	}
	return s
}

// inWords is a length of time in a sentence: 318 ms, 1.25 s, 12.5 s, 2m5s.
func inWords(d time.Duration) string {
	switch {
	case d < time.Second-time.Millisecond/2:
		return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// capitalised is a text as a sentence begins.
func capitalised(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}
