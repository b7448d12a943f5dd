package server

import "testing"

func TestFailingIn(t *testing.T) {
	const g = "00000000-0000-0000-0000-000000000001:5"
	for name, c := range map[string]struct{ transaction, message, want string }{
		"told":                  {g, "whatever", g},
		"in the message":        {"", "Worker 1 failed executing transaction '" + g + "' at source log binlog.000003", g},
		"no quote at its end":   {"", "failed executing transaction 'abc", ""},
		"not in the message":    {"", "Could not execute Write_rows event", ""},
		"neither":               {"", "", ""},
		"anonymous, as it says": {"", "transaction 'ANONYMOUS' failed", "ANONYMOUS"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := failingIn(c.transaction, c.message); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestFailingTransactions(t *testing.T) {
	for version, column := range map[string]string{"5.7.44": "LAST_SEEN_TRANSACTION", "8.0.41": "APPLYING_TRANSACTION", "8.4.6": "APPLYING_TRANSACTION"} {
		want := "SELECT " + column + ", LAST_ERROR_MESSAGE FROM performance_schema.replication_applier_status_by_worker " +
			"WHERE CHANNEL_NAME='a''b' AND LAST_ERROR_NUMBER<>0 ORDER BY LAST_ERROR_TIMESTAMP LIMIT 1"
		if got := DialectOf(version, "").FailingTransactions("a'b"); got != want {
			t.Errorf("%s: %s", version, got)
		}
	}
}
