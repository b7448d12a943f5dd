package topology

import (
	"strings"
	"testing"
	"time"
)

func TestCanReplicate(t *testing.T) {
	base := func(name string, id uint32) *Instance {
		return &Instance{
			Key: Key{name, 3306}, ServerID: id, ServerUUID: name, Version: "8.0.36", Flavor: FlavorMySQL,
			LogBin: true, LogReplicaUpdates: true, BinlogFormat: "ROW",
		}
	}
	rules := ReplicationRules{MaintenanceLag: 20 * time.Second}
	for name, c := range map[string]struct {
		change func(r, s *Instance, rules *ReplicationRules)
		rule   string
	}{
		"two equal servers":            {func(r, s *Instance, _ *ReplicationRules) {}, ""},
		"itself":                       {func(r, s *Instance, _ *ReplicationRules) { s.Key = r.Key }, "same-server"},
		"source without binlog":        {func(r, s *Instance, _ *ReplicationRules) { s.LogBin = false }, "no-binary-log"},
		"primary need not log updates": {func(r, s *Instance, _ *ReplicationRules) { s.LogReplicaUpdates = false }, ""},
		"relay must log updates": {func(r, s *Instance, _ *ReplicationRules) {
			s.LogReplicaUpdates = false
			s.Channel.Source = Key{"top", 3306}
		}, "no-log-replica-updates"},
		"older replica":     {func(r, s *Instance, _ *ReplicationRules) { r.Version = "5.7.44" }, "lower-version"},
		"10 is more than 9": {func(r, s *Instance, _ *ReplicationRules) { r.Version, s.Version = "10.11.2", "9.7.1" }, ""},
		"older replica permitted": {func(r, s *Instance, p *ReplicationRules) {
			r.Version = "5.7.44"
			p.LowerVersionAllowed = true
		}, ""},
		"older binlog server":       {func(r, s *Instance, _ *ReplicationRules) { r.Version, r.Flavor = "2.5", FlavorMaxScale }, ""},
		"statement cannot take row": {func(r, s *Instance, _ *ReplicationRules) { r.BinlogFormat = "STATEMENT" }, "binlog-format"},
		"format of a leaf is free": {func(r, s *Instance, _ *ReplicationRules) {
			r.BinlogFormat = "STATEMENT"
			r.LogReplicaUpdates = false
		}, ""},
		"filters not asked for":    {func(r, s *Instance, _ *ReplicationRules) { s.Channel.HasFilters = true }, ""},
		"filters":                  {func(r, s *Instance, p *ReplicationRules) { s.Channel.HasFilters = true; p.VerifyFilters = true }, "filters"},
		"same server id":           {func(r, s *Instance, _ *ReplicationRules) { r.ServerID = s.ServerID }, "same-server-id"},
		"same uuid":                {func(r, s *Instance, _ *ReplicationRules) { r.ServerUUID = s.ServerUUID }, "same-server-uuid"},
		"slightly delayed source":  {func(r, s *Instance, _ *ReplicationRules) { s.Channel.SQLDelay = 20 }, ""},
		"delayed source":           {func(r, s *Instance, _ *ReplicationRules) { s.Channel.SQLDelay = 3600 }, "delayed-source"},
		"below an equally delayed": {func(r, s *Instance, _ *ReplicationRules) { s.Channel.SQLDelay, r.Channel.SQLDelay = 3600, 3600 }, ""},
		"other family with gtid": {func(r, s *Instance, _ *ReplicationRules) {
			r.Flavor, r.Version, r.Channel.GTID = FlavorMariaDB, "10.11.1", MariaDBGTID
		}, "family"},
		"gtid on and off":                    {func(r, s *Instance, _ *ReplicationRules) { r.GTIDMode, s.GTIDMode = "ON", "OFF" }, "gtid-mode"},
		"gtid on and permitted":              {func(r, s *Instance, _ *ReplicationRules) { r.GTIDMode, s.GTIDMode = "ON", "ON_PERMISSIVE" }, ""},
		"gtid on and hardly":                 {func(r, s *Instance, _ *ReplicationRules) { r.GTIDMode, s.GTIDMode = "ON", "OFF_PERMISSIVE" }, "gtid-mode"},
		"gtid off and on":                    {func(r, s *Instance, _ *ReplicationRules) { r.GTIDMode, s.GTIDMode = "OFF", "ON_PERMISSIVE" }, "gtid-mode"},
		"gtid takes anything":                {func(r, s *Instance, _ *ReplicationRules) { r.GTIDMode, s.GTIDMode = "OFF_PERMISSIVE", "ON" }, ""},
		"gtid of a source that does not say": {func(r, s *Instance, _ *ReplicationRules) { r.GTIDMode = "ON" }, ""},
		"other family by position":           {func(r, s *Instance, _ *ReplicationRules) { r.Flavor, r.Version = FlavorMariaDB, "10.11.1" }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r, s, p := base("r", 1), base("s", 2), rules
			c.change(r, s, &p)
			got := ""
			if refusal := CanReplicate(r, s, p); refusal != nil {
				got = refusal.Rule
				if refusal.Remedy == "" || !strings.Contains(refusal.Reason, r.Key.String()) || !strings.Contains(refusal.Reason, s.Key.String()) {
					t.Errorf("it does not name both servers, and what would help: %s", refusal)
				}
			}
			if got != c.rule {
				t.Errorf("rule %q, want %q", got, c.rule)
			}
		})
	}
}
