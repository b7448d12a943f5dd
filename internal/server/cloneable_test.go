package server

import (
	"testing"
	"time"
)

// TestMoment: two clones that began within one second are told apart.
func TestMoment(t *testing.T) {
	for text, want := range map[string]time.Time{
		"1700000000.250":    time.Unix(1700000000, 250_000_000),
		"1700000000.000001": time.Unix(1700000000, 1000),
		"1700000000":        time.Unix(1700000000, 0),
		"0.000000":          {},
		"0":                 {},
	} {
		if got := moment([]byte(text)); !got.Equal(want) {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestGranted(t *testing.T) {
	for name, c := range map[string]struct {
		grants []string
		want   bool
	}{
		"it has it":           {[]string{"GRANT USAGE ON *.* TO `orc`@`%`", "GRANT BACKUP_ADMIN,CLONE_ADMIN,XA_RECOVER_ADMIN ON *.* TO `orc`@`%`"}, true},
		"it has others":       {[]string{"GRANT RELOAD, PROCESS ON *.* TO `orc`@`%`", "GRANT BACKUP_ADMIN ON *.* TO `orc`@`%`"}, false},
		"all":                 {[]string{"GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION"}, true},
		"all of one schema":   {[]string{"GRANT ALL PRIVILEGES ON `shop`.* TO `orc`@`%`"}, false},
		"by a role, perhaps":  {[]string{"GRANT USAGE ON *.* TO `orc`@`%`", "GRANT `admin`@`%` TO `orc`@`%`"}, true},
		"a name that ends so": {[]string{"GRANT NO_CLONE_ADMIN ON *.* TO `orc`@`%`"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := granted(c.grants, "CLONE_ADMIN"); got != c.want {
				t.Errorf("%t, want %t", got, c.want)
			}
		})
	}
}
