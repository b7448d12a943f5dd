package httpapi_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"orchestrator/internal/operate/operatetest"
)

// TestTending asks for operations on one server by each form of their routes; the words of the calls are what reaches
// the engine.
func TestTending(t *testing.T) {
	call := func(operation, more string) string {
		more = strings.TrimSpace(more)
		for _, m := range []struct{ name, value string }{{"number", "0"}, {"file", ""}, {"at", ":0"}, {"force", "false"}} {
			if !strings.Contains(more, m.name+"=") {
				more = strings.TrimSpace(more + " " + m.name + "=" + m.value)
			}
		}
		return operation + " db-a2:3306 " + more
	}
	for target, want := range map[string]string{
		"stop-replica/db-a2/3306":                              call("stop-replica", ""),
		"stop-slave/db-a2/3306":                                call("stop-replica", ""),
		"stop-slave-nice/db-a2/3306":                           call("stop-replica-nice", ""),
		"stop-replica-nice/db-a2/3306":                         call("stop-replica-nice", ""),
		"start-slave/db-a2/3306":                               call("start-replica", ""),
		"restart-slave/db-a2/3306":                             call("restart-replica", ""),
		"reset-slave/db-a2/3306":                               call("reset-replica", ""),
		"detach-slave/db-a2/3306":                              call("detach-replica-master-host", ""),
		"detach-replica/db-a2/3306":                            call("detach-replica-master-host", ""),
		"detach-slave-master-host/db-a2/3306":                  call("detach-replica-master-host", ""),
		"reattach-replica/db-a2/3306":                          call("reattach-replica-master-host", ""),
		"reattach-slave/db-a2/3306":                            call("reattach-replica-master-host", ""),
		"reattach-slave-master-host/db-a2/3306":                call("reattach-replica-master-host", ""),
		"set-read-only/db-a2/3306":                             call("set-read-only", ""),
		"set-writeable/db-a2/3306":                             call("set-writeable", ""),
		"enable-semi-sync-source/db-a2/3306":                   call("enable-semi-sync-master", ""),
		"disable-semi-sync-master/db-a2/3306":                  call("disable-semi-sync-master", ""),
		"enable-semi-sync-replica/db-a2/3306":                  call("enable-semi-sync-replica", ""),
		"disable-semi-sync-replica/db-a2/3306":                 call("disable-semi-sync-replica", ""),
		"enable-gtid/db-a2/3306":                               call("enable-gtid", ""),
		"disable-gtid/db-a2/3306":                              call("disable-gtid", ""),
		"skip-query/db-a2/3306":                                call("skip-query", ""),
		"change-master-credentials/db-a2/3306":                 call("change-master-credentials", ""),
		"gtid-errant-reset-master/db-a2/3306":                  call("gtid-errant-reset-master", ""),
		"gtid-errant-inject-empty/db-a2/3306":                  call("gtid-errant-inject-empty", ""),
		"rebuild-replica/db-a2/3306":                           call("rebuild-replica", ""),
		"rebuild-replica/db-a2/3306/db-a1/3306":                call("rebuild-replica", ""),
		"flush-binary-logs/db-a2/3306":                         call("flush-binary-logs", ""),
		"delay-replication/db-a2/3306/60":                      "delay-replication db-a2:3306 number=60 file= at=:0 force=false",
		"kill-query/db-a2/3306/7":                              "kill-query db-a2:3306 number=7 file= at=:0 force=false",
		"purge-binary-logs/db-a2/3306/latest":                  "purge-binary-logs db-a2:3306 number=0 file=latest at=:0 force=false",
		"purge-binary-logs/db-a2/3306/binlog.00009?force=true": "purge-binary-logs db-a2:3306 number=0 file=binlog.00009 at=:0 force=true",
	} {
		t.Run(target, func(t *testing.T) {
			b := operatetest.New()
			w := get(t, handler(b), "/api/"+target)
			if got := strings.Join(b.Calls, "|"); w.Code != http.StatusOK || got != want {
				t.Errorf("status %d, did %q, want %q: %s", w.Code, got, want, w.Body)
			}
			details := `"Details":{"Key":{"Hostname":"db-a2","Port":3306},`
			if strings.HasPrefix(target, "delay") {
				details = `"Details":60`
			}
			if !strings.Contains(w.Body.String(), details) {
				t.Errorf("answer %s, want %s", w.Body, details)
			}
			b = operatetest.New()
			b.Fail = errors.New("broken")
			if w := get(t, handler(b), "/api/"+target); w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), `"Message":"broken"`) {
				t.Errorf("failing: status %d: %s", w.Code, w.Body)
			}
		})
	}
}

// TestTendingAnswers are those that are not the server.
func TestTendingAnswers(t *testing.T) {
	for target, want := range map[string]string{
		"stop-replica/db-a2/3306?dry-run=true":               `"steps":[{"n":1,"stage":1,"phase":"stop","server":{"Hostname":"db-a2","Port":3306},"action":{"verb":"stop-replica"}`,
		"delay-replication/db-a2/3306/5?dry-run=true":        `"title":"delay-replication of db-a2:3306"`,
		"restart-slave-statements/db-a2/3306":                `"Details":["STOP REPLICA;","START REPLICA;"]`,
		"restart-replica-statements/db-a2/3306?q=SELECT%201": `"Details":["STOP REPLICA;","SELECT 1;","START REPLICA;"]`,
		"locate-gtid-errant/db-a2/3306":                      `"Details":["binlog.000003","binlog.000007"]`,
	} {
		t.Run(target, func(t *testing.T) {
			b := operatetest.New()
			w := get(t, handler(b), "/api/"+target)
			if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) || len(b.Calls) != 0 {
				t.Errorf("status %d, did %v: %s", w.Code, b.Calls, w.Body)
			}
		})
	}
}
