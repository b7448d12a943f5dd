package command

import (
	"slices"
	"testing"

	"orchestrator/internal/sandbox"
)

func TestLists(t *testing.T) {
	if got, err := Flavors("mysql, mariadb"); err != nil || !slices.Equal(got, []sandbox.Flavor{sandbox.MySQL, sandbox.MariaDB}) {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := Flavors("mysql,oracle"); err == nil {
		t.Error("an unknown family is taken")
	}
	if got, err := Choices("kind", "cut, kill", "kill", "freeze", "cut"); err != nil || !slices.Equal(got, []string{"cut", "kill"}) {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := Choices("kind", "kill,burn", "kill", "cut"); err == nil || err.Error() != `kind "burn": use kill, cut` {
		t.Errorf("an unknown choice: %v", err)
	}
}

func TestSeed(t *testing.T) {
	if got := Seed(7); got != 7 {
		t.Errorf("asked for 7, got %d", got)
	}
	if a, b := Seed(0), Seed(0); a == b && b == Seed(0) {
		t.Errorf("three new seeds are all %d", a)
	}
}
