package store

import (
	"context"
	"database/sql"
	"time"
)

// Agent is an orchestrator-agent that has announced itself.
type Agent struct {
	Hostname  string
	Port      int // of its HTTP service
	Token     string
	MySQLPort int
	Snapshots int // MySQL snapshots that it has
	Submitted time.Time
	Checked   time.Time
	Seen      time.Time
}

// SubmitAgent stores that an agent announced itself now.
func (s *Store) SubmitAgent(ctx context.Context, hostname string, port int, token string) error {
	_, err := s.exec(ctx, "submit agent "+hostname, s.dialect.upsert("host_agent", "hostname",
		"port, token, last_submitted, count_mysql_snapshots"), hostname, port, token, stamp(s.now()), 0)
	return err
}

// UpdateAgent stores what an agent said now, or, when seen is false, that it did not answer.
func (s *Store) UpdateAgent(ctx context.Context, hostname string, seen bool, mysqlPort, snapshots int) error {
	now := stamp(s.now())
	if !seen {
		_, err := s.exec(ctx, "update agent "+hostname, "UPDATE host_agent SET last_checked = ? WHERE hostname = ?", now, hostname)
		return err
	}
	_, err := s.exec(ctx, "update agent "+hostname, `UPDATE host_agent SET last_checked = ?, last_seen = ?, mysql_port = ?,
		count_mysql_snapshots = ? WHERE hostname = ?`, now, now, mysqlPort, snapshots, hostname)
	return err
}

// Agents returns all agents, by host name.
func (s *Store) Agents(ctx context.Context) ([]Agent, error) {
	return collect(ctx, s, s.reader, "load agents", func(r []value) Agent {
		return Agent{r[0].text(), int(r[1].int()), r[2].text(), int(r[3].int()), int(r[4].int()), r[5].time(), r[6].time(), r[7].time()}
	}, `SELECT hostname, port, token, mysql_port, count_mysql_snapshots, last_submitted, last_checked, last_seen
		FROM host_agent ORDER BY hostname`)
}

func (s *Store) agentSnapshots(ctx context.Context, q querier) (map[string]int, error) {
	all := make(map[string]int)
	err := s.each(ctx, q, "load agents' snapshots", func(r []value) { all[r[0].text()] = int(r[1].int()) },
		"SELECT hostname, count_mysql_snapshots FROM host_agent")
	return all, err
}

// Seed is a copy of data from one agent's host to another's.
type Seed struct {
	ID             int64
	Target, Source string
	Start, End     time.Time // End is zero while it runs
	Complete       bool
	Successful     bool
}

// SeedState is a step of a seed.
type SeedState struct {
	ID, SeedID int64
	At         time.Time
	Action     string
	Error      string
}

// BeginSeed records that a seed starts and returns its number.
func (s *Store) BeginSeed(ctx context.Context, target, source string) (int64, error) {
	return s.insertID(ctx, s.writer, "begin seed of "+target, s.dialect.insert("agent_seed",
		"target_hostname, source_hostname, start_timestamp, end_timestamp, is_complete, is_successful"),
		target, source, stamp(s.now()), neverText, 0, 0)
}

// EndSeed records the end of a seed.
func (s *Store) EndSeed(ctx context.Context, id int64, successful bool) error {
	_, err := s.exec(ctx, "end seed", "UPDATE agent_seed SET end_timestamp = ?, is_complete = 1, is_successful = ? WHERE agent_seed_id = ?",
		stamp(s.now()), flag(successful), id)
	return err
}

// WriteSeedState records a step of a seed and returns its number.
func (s *Store) WriteSeedState(ctx context.Context, st SeedState) (int64, error) {
	return s.insertID(ctx, s.writer, "write step of seed", s.dialect.insert("agent_seed_state",
		"agent_seed_id, state_timestamp, state_action, error_message"), st.SeedID, stamp(s.now()), st.Action, st.Error)
}

// SetSeedStateError adds the error with which a step ended.
func (s *Store) SetSeedStateError(ctx context.Context, id int64, message string) error {
	_, err := s.exec(ctx, "write error of seed", "UPDATE agent_seed_state SET error_message = ? WHERE agent_seed_state_id = ?", message, id)
	return err
}

// SeedFilter selects seeds; zero fields select all.
type SeedFilter struct {
	ID     int64
	Host   string // as target or source
	Active bool   // not complete
	Limit  int
}

// Seeds returns seeds, newest first.
func (s *Store) Seeds(ctx context.Context, f SeedFilter) ([]Seed, error) {
	var c conditions
	c.add(f.ID != 0, "agent_seed_id = ?", f.ID)
	c.add(f.Host != "", "target_hostname = ? OR source_hostname = ?", f.Host, f.Host)
	c.add(f.Active, "is_complete = 0")
	limit := ""
	if f.Limit > 0 {
		limit = " LIMIT ?"
		c.args = append(c.args, f.Limit)
	}
	return collect(ctx, s, s.reader, "load seeds", func(r []value) Seed {
		return Seed{r[0].int(), r[1].text(), r[2].text(), r[3].time(), r[4].time(), r[5].bool(), r[6].bool()}
	}, `SELECT agent_seed_id, target_hostname, source_hostname, start_timestamp, end_timestamp, is_complete, is_successful
		FROM agent_seed`+c.where()+" ORDER BY agent_seed_id DESC"+limit, c.args...)
}

// SeedStates returns the steps of a seed, newest first.
func (s *Store) SeedStates(ctx context.Context, seed int64) ([]SeedState, error) {
	return collect(ctx, s, s.reader, "load steps of seed", func(r []value) SeedState {
		return SeedState{r[0].int(), r[1].int(), r[2].time(), r[3].text(), r[4].text()}
	}, `SELECT agent_seed_state_id, agent_seed_id, state_timestamp, state_action, error_message
		FROM agent_seed_state WHERE agent_seed_id = ? ORDER BY agent_seed_state_id DESC`, seed)
}

// FailStaleSeeds ends the seeds that made no step for longer than age, as failed.
func (s *Store) FailStaleSeeds(ctx context.Context, age time.Duration) (int64, error) {
	now := s.now()
	var failed int64
	err := s.tx(ctx, "fail stale seeds", func(tx *sql.Tx) error {
		var err error
		failed, err = s.execOn(ctx, tx, "fail stale seeds", `UPDATE agent_seed SET is_complete = 1, is_successful = 0, end_timestamp = ?
			WHERE is_complete = 0 AND `+s.dialect.moment("start_timestamp")+` < ? AND NOT EXISTS
			(SELECT 1 FROM agent_seed_state t WHERE t.agent_seed_id = agent_seed.agent_seed_id AND `+
			s.dialect.moment("t.state_timestamp")+" >= ?)", stamp(now), stamp(now.Add(-age)), stamp(now.Add(-age)))
		return err
	})
	return failed, err
}
