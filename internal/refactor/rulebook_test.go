package refactor

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestRuleBookIsComplete compares the rule book with the rules that stand in the code.
func TestRuleBookIsComplete(t *testing.T) {
	var book []string
	for _, r := range Rules() {
		if r.When == "" || slices.Contains(book, r.Name) {
			t.Errorf("%s is there twice, or says nothing", r.Name)
		}
		book = append(book, r.Name)
	}
	inCode := regexp.MustCompile(`(?:refuse\(|no\(|Refusal\{|JustBegun = )"([a-z-]+)"`)
	var used []string
	for _, pattern := range []string{"*.go", "../topology/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range inCode.FindAllStringSubmatch(string(text), -1) {
				used = append(used, m[1])
			}
		}
	}
	for _, name := range used {
		if !slices.Contains(book, name) {
			t.Errorf("the rule %s is not in the book", name)
		}
	}
	for _, name := range book {
		if !slices.Contains(used, name) {
			t.Errorf("the book has a rule %s that nothing is refused by", name)
		}
	}
}

func TestRulesOfCommandsAreInTheBook(t *testing.T) {
	book := map[string]bool{}
	for _, r := range Rules() {
		book[r.Name] = true
	}
	commands := []string{string(Relocate), string(RelocateReplicas), string(MoveUp), string(MoveUpReplicas), string(MoveBelow), string(MoveGTID),
		string(MoveReplicasGTID), string(Repoint), string(RepointReplicas), string(TakeSiblings), string(TakeSource), string(MakePrimary),
		string(MakeLocalPrimary), string(MakeCoPrimary), string(RegroupReplicas), string(RegroupReplicasGTID), string(RegroupReplicasPseudo), string(RegroupBinlogServers), string(MoveEquivalent),
		string(Match), string(MatchUp), string(Rematch), string(MatchReplicas), string(MatchUpReplicas), "get-candidate-replica",
		string(StopReplica), string(PurgeBinaryLogs), string(ErrantReset), string(ErrantInject), string(SkipQuery), string(DisableGTID), string(RebuildReplica)}
	for _, c := range commands {
		rules := RulesOf(c)
		if len(rules) == 0 {
			t.Errorf("nothing is known to refuse %s", c)
		}
		for n, r := range rules {
			if !book[r] || slices.Contains(rules[:n], r) {
				t.Errorf("%s: the rule %s is not in the book, or there twice", c, r)
			}
		}
	}
	if RulesOf("topology") != nil {
		t.Error("what only reads is not refused")
	}
}
