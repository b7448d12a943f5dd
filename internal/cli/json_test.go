package cli_test

import (
	"encoding/json"
	"strings"
	"testing"

	"orchestrator/internal/operate"
)

// TestEveryAnswerHasBothForms runs every command as its example says, as text and as JSON.
func TestEveryAnswerHasBothForms(t *testing.T) {
	for _, o := range operate.NewRegistry().Operations() {
		if !o.HasCommand() || o.Serves {
			continue
		}
		t.Run(o.Name, func(t *testing.T) {
			line := strings.ReplaceAll(strings.TrimPrefix(o.ExampleLine(), "orchestrator "), "'", "")
			text, errs, code := newSession().run(fields(line)...)
			if strings.Contains(errs, "no text form") || code > 1 {
				t.Errorf("%s: exit %d, %s", line, code, errs)
			}
			out, errs, jsonCode := newSession().run(append([]string{"-json"}, fields(line)...)...)
			if jsonCode != code || code == 0 && out != "" && !json.Valid([]byte(out)) {
				t.Errorf("%s: exit %d and with -json %d, %s\n%s\n%s", line, code, jsonCode, errs, text, out)
			}
			if code == 0 && out == "" && text != "" {
				t.Errorf("%s: nothing as JSON instead of %q", line, text)
			}
		})
	}
}

// fields takes an example apart; a value of several words is one.
func fields(line string) []string {
	var words []string
	for word := range strings.FieldsSeq(line) {
		n := len(words)
		if n > 1 && !strings.HasPrefix(word, "-") && !strings.HasPrefix(words[n-1], "-") {
			words[n-1] += " " + word
			continue
		}
		words = append(words, word)
	}
	return words
}
