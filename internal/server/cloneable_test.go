package server

import "testing"

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
