package server_test

import (
	"testing"

	"orchestrator/internal/server"
)

func TestMayInjectPseudoGTID(t *testing.T) {
	for grant, want := range map[string]bool{
		"GRANT ALL PRIVILEGES ON *.* TO `orc`@`%`":                               true,
		"GRANT ALL PRIVILEGES ON `\\_pseudo\\_gtid\\_`.* TO `orc`@`%`":           true,
		"GRANT DROP ON `_pseudo_gtid_`.* TO 'orc'@'%'":                           true,
		"GRANT SELECT, DROP, RELOAD ON *.* TO `orc`@`%` WITH GRANT OPTION":       true,
		"GRANT SELECT, RELOAD ON *.* TO `orc`@`%`":                               false,
		"GRANT DROP ROLE ON *.* TO `orc`@`%`":                                    false,
		"GRANT DROP ON `other`.* TO `orc`@`%`":                                   false,
		"GRANT `role`@`%` TO `orc`@`%`":                                          false,
		"GRANT USAGE ON *.* TO 'orc'@'%' (authentication not shown)":             false,
		"GRANT SUPER, PROCESS ON *.* TO 'orc'@'%' IDENTIFIED BY PASSWORD '*ALL'": false,
	} {
		if got := server.MayInjectPseudoGTID([]string{"GRANT USAGE ON *.* TO x", grant}); got != want {
			t.Errorf("%s: %t", grant, got)
		}
	}
}
