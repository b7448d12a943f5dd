package published

import "testing"

func TestValue(t *testing.T) {
	c := NewChecker()
	for _, tt := range []struct {
		kind, text string
		ok         bool
	}{
		{"Key", `{"Hostname":"a","Port":1}`, true}, {"Key", `{"Hostname":"a","Port":1,"More":0}`, true}, {"Key", `{"Hostname":"a"}`, false},
		{"Key", `{"Hostname":"a","Port":"1"}`, false}, {"Key", `{"Hostname":"a","Port":1.5}`, false}, {"Key", "null", false}, {"Key?", "null", true},
		{"[]Key", "[]", true}, {"[]Key", "null", false}, {"[]string", `["a",1]`, false}, {"map[]string", `{"a":["b"]}`, true}, {"map[]string", `{"a":"b"}`, false},
		{"null", "null", true}, {"null", `""`, false}, {"float", "1", true}, {"bool", "true", true}, {"bool", "1", false}, {"Unheard", "1", false}, {"any", "", false},
	} {
		if err := c.Value(tt.kind, []byte(tt.text)); (err == nil) != tt.ok {
			t.Errorf("%s %s: %v", tt.kind, tt.text, err)
		}
	}
}

func TestBody(t *testing.T) {
	c := NewChecker()
	enveloped, bare := Route{Body: "envelope", Value: "string"}, Route{Body: "bare", Value: "string"}
	for _, tt := range []struct {
		r    Route
		text string
		ok   bool
	}{
		{enveloped, `{"Code":"OK","Message":"","Details":"x"}`, true}, {enveloped, `{"Code":"ERROR","Message":"","Details":"x"}`, false},
		{enveloped, `{"Code":"OK","Message":"","Details":null}`, false}, {enveloped, `{"Code":"OK","Details":"x"}`, false}, {enveloped, `"x"`, false},
		{bare, `"x"`, true}, {bare, `{"Code":"OK","Message":"","Details":"x"}`, false},
	} {
		if err := c.Body(tt.r, []byte(tt.text)); (err == nil) != tt.ok {
			t.Errorf("%v %s: %v", tt.r, tt.text, err)
		}
	}
}

// TestLists holds the published counts, and that each value of a route has a known type.
func TestLists(t *testing.T) {
	synonyms, writes, local := 0, 0, 0
	c := NewChecker()
	for _, r := range Routes() {
		if r.Synonym != "" {
			synonyms++
		}
		if r.Rights == "write" {
			writes++
		}
		if r.Place == "local" {
			local++
		}
		if err := c.Value(r.Value, []byte(`"?"`)); err != nil && err.Error() == "the type "+r.Value+" is not known" && r.Value != "Agent" {
			t.Errorf("%s: %v", r.Path, err)
		}
	}
	// 225 and the four of the fork with cascading takeovers, which write.
	if n := len(Routes()); n != 229 || synonyms != 25 || writes != 130 || local != 20 {
		t.Errorf("%d routes, %d synonyms, %d write, %d local", n, synonyms, writes, local)
	}
	synonyms = 0
	for _, c := range Commands() {
		synonyms += len(c.Synonyms)
	}
	if n := len(Commands()); n != 129 || synonyms != 26 {
		t.Errorf("%d commands, %d synonyms", n, synonyms)
	}
	if n := len(ClientCommands()); n != 107 {
		t.Errorf("%d commands of the client", n)
	}
	for _, kind := range []string{"command", "route", "client", "value"} {
		for _, e := range Exceptions(kind) {
			if e.Reason == "" || e.Difference == "" {
				t.Errorf("%+v has no reason", e)
			}
		}
	}
}
