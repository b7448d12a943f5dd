package httpapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/operate/published"
)

// arguments stand for the placeholders of a route.
var arguments = map[string]string{
	":host": "db-a2", ":port": "3306", ":belowHost": "db-a1", ":belowPort": "3306", ":siblingHost": "db-a3", ":siblingPort": "3306",
	":candidateHost": "db-a2", ":candidatePort": "3306", ":designatedHost": "db-a2", ":designatedPort": "3306",
	":clusterHint": "orders", ":clusterName": "db-a1:3306", ":clusterAlias": "orders", ":logFile": "binlog.000009", ":logPos": "4",
	":process": "17", ":pool": "reporting", ":searchString": "db", ":tagName": "zone", ":tagValue": "x", ":owner": "me", ":reason": "why",
	":duration": "1h", ":maintenanceKey": "7", ":promotionRule": "prefer", ":page": "0", ":id": "1", ":uid": "1:abc", ":recoveryId": "1",
	":errorStatusCode": "503", ":addr": "10.0.0.9", ":node": "10.0.0.9", ":hint": "node2", ":authenticationToken": "t", ":raftBind": "a", ":raftAdvertise": "b",
	":virtualname": "vip", ":seconds": "60", ":queue": "DEFAULT", ":targetHost": "h1", ":sourceHost": "h2", ":seedId": "1", ":command": "c",
}

// filled is a route with arguments; changed are those that this route needs otherwise.
func filled(t *testing.T, route string, changed map[string]string) string {
	t.Helper()
	segments := strings.Split(route, "/")
	for i, s := range segments {
		if !strings.HasPrefix(s, ":") {
			continue
		}
		text, ok := changed[s]
		if !ok {
			text, ok = arguments[s]
		}
		if !ok {
			t.Fatalf("no argument for %s of %s", s, route)
		}
		segments[i] = text
	}
	return strings.Join(segments, "/")
}

// TestPublishedAnswers calls every published route over the test engine and compares what comes back with the
// published types.
func TestPublishedAnswers(t *testing.T) {
	primary := map[string]string{":host": "db-a1"}
	other := map[string]map[string]string{
		"recover": primary, "recover-lite": primary, "graceful-master-takeover": primary, "graceful-master-takeover-auto": primary,
		"force-master-failover": primary, "force-master-takeover": primary, "cascade-master-takeover-auto": primary, "ack-recovery": primary,
		"relocate-slaves": {":host": "db-a1", ":belowHost": "db-a2"}, "move-slaves-gtid": {":host": "db-a1", ":belowHost": "db-a2"},
		"regroup-slaves": primary, "regroup-slaves-gtid": primary, "repoint-slaves": primary, "relocate": {":host": "db-b1"}, "relocate-below": {":host": "db-b1"},
		"move-up": {":host": "db-b1"}, "master-equivalent": primary, "move-below-gtid": {":host": "db-b1"}, "repoint": {":host": "db-b1"}, "enslave-master": {":host": "db-b1"},
	}
	query := map[string]string{
		"submit-pool-instances": "?instances=db-a2", "search": "?s=db", "set-cluster-alias": "?alias=x", "tagged": "?tag=zone", "tag-value": "?tag=zone",
		"tag": "?tag=a", "untag": "?tag=zone", "untag-all": "?tag=zone=x", "ack-recovery": "?comment=seen", "ack-all-recoveries": "?comment=seen", "restart-slave-statements": "?q=select+1",
	}
	// These need servers that find their places by position, or a dead primary, which the servers of the test engine are not:
	// here they are refused. TestConformance has them on real servers.
	unfit := []string{
		"match", "match-below", "match-up", "match-slaves", "match-up-slaves", "regroup-slaves-bls", "move-equivalent", "make-master", "make-local-master",
	}
	var left []string
	for _, e := range published.Exceptions("route") {
		if e.Difference == "missing" {
			left = append(left, e.Name)
		}
	}
	c := published.NewChecker()
	for _, r := range published.Routes() {
		first, _, _ := strings.Cut(r.Path, "/")
		refused := strings.HasPrefix(r.Path, "raft-") || strings.HasPrefix(r.Path, "agent") || r.Path == "seeds" || r.Path == "reload-cluster-alias"
		if slices.Contains(left, r.Path) || refused {
			continue
		}
		paths := []string{r.Path}
		if r.Synonym != "" {
			paths = append(paths, r.SynonymPath())
		}
		for _, path := range paths {
			t.Run(path, func(t *testing.T) {
				b := operatetest.New()
				for _, slash := range []string{"", "/"} {
					w := get(t, handler(b), "/api/"+filled(t, path, other[first])+slash+query[first])
					if slices.Contains(unfit, first) {
						if w.Code != http.StatusInternalServerError || !strings.HasPrefix(w.Body.String(), `{"Code":"ERROR","Message":"`) {
							t.Errorf("status %d: %s", w.Code, w.Body)
						}
						continue
					}
					if w.Code != http.StatusOK {
						t.Fatalf("status %d: %s", w.Code, w.Body)
					}
					if err := c.Body(r.Expected(), w.Body.Bytes()); err != nil {
						t.Errorf("no %s in %s: %v\n%.300s", r.Value, r.Body, err, w.Body)
					}
				}
			})
		}
	}
}
