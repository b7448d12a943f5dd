package server

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-sql-driver/mysql"
)

// observer is what is kept from probe to probe of one server.
type observer struct {
	version, comment string
	shape            shape
	settings         settings
	settingsAt       time.Time // when they were read; zero: not on this connection
	booted           time.Time
	refused          []refusal // what this connection may not ask or does not know
	answers          answers
	noPS             bool // the performance schema's process list may not be read
	showProcesses    bool // nobody was registered as a replica: look at the connections
}

// settings are what does not change without a restart or a plug-in.
type settings struct {
	hostname, reportHost, serverUUID, binlogPath string
	logBin, logReplicaUpdates, ps                bool
	semiSource, semiReplica                      bool
	names                                        SemiSyncNames
	group                                        bool
	groupName                                    string
	singlePrimary                                bool
	credentials                                  bool
	heartbeats                                   []heartbeat
}

type heartbeat struct {
	channel string
	period  time.Duration
}

// refusal is a part of the probe that the server does not answer.
type refusal struct {
	part part
	text string
}

// Probe asks the server for everything there is to know, in one round trip once the server is known (a first contact
// takes a few more). It connects if need be, and once more if the kept connection turns out to have ended.
//
// With an error the Observation is nil, or Partial when at least the basic settings had been answered. What is merely
// not allowed or not there is no error but a warning in the Observation.
func (s *Server) Probe(ctx context.Context) (*Observation, error) {
	if err := s.hold(ctx, "probe"); err != nil {
		return nil, err
	}
	defer s.release()
	s.set.probes.Add(1)
	c, fresh, err := s.probeConn(ctx)
	if err != nil {
		return nil, err
	}
	obs, err := s.observe(ctx, c)
	if err != nil && !fresh && obs == nil && KindOf(err) == ConnectionLost && ctx.Err() == nil {
		if c, _, err = s.probeConn(ctx); err != nil {
			return nil, err
		}
		obs, err = s.observe(ctx, c)
	}
	return obs, err
}

// observe runs a probe on a connection, and drops the connection if it broke.
func (s *Server) observe(ctx context.Context, c *conn) (*Observation, error) {
	fresh := !c.known
	r, err := s.read(ctx, c)
	if c.broken {
		s.dropProbe(c)
	}
	if r != nil && r.got.has(partChannels) {
		s.several.Store(len(r.channels) > 1)
	}
	var obs *Observation
	if r != nil && r.got.has(partVariables) {
		obs = r.observation(s, fresh)
		obs.Since = c.since
	}
	if err != nil {
		if obs != nil {
			obs.Partial = true
		}
		return obs, s.fail("probe", err, true)
	}
	return obs, s.nameItself(obs)
}

// nameItself fills in the name the server gives itself, by the configured method.
func (s *Server) nameItself(obs *Observation) error {
	set := &s.observer.settings
	switch s.set.options.Load().HostnameMethod {
	case "default", "hostname", "@@hostname":
		obs.ResolvedName = set.hostname
	case "report_host", "@@report_host":
		if set.reportHost == "" {
			obs.Partial = true
			return &Error{Key: s.key, Op: "probe", Err: errors.New("report_host is not set, but MySQLHostnameResolveMethod asks for it")}
		}
		obs.ResolvedName = set.reportHost
	}
	return nil
}

// read asks everything.
func (s *Server) read(ctx context.Context, c *conn) (*reading, error) {
	o := s.set.options.Load()
	ob := &s.observer
	if !c.known {
		if err := s.greet(ctx, c, o); err != nil {
			return nil, err
		}
	}
	ob.answers.once = nil
	r := newReading(s.key)
	if d, ok := s.Dialect(); ok {
		r.in.Flavor = d.Flavor
	}
	begin := o.Now()
	full := ob.settingsAt.IsZero() || begin.Sub(ob.settingsAt) >= o.RefreshSettings
	if full {
		// A binlog server has no such variables, and nothing else to do than to log and to pass on.
		relays := r.in.IsBinlogServer()
		r.settings = settings{logBin: relays, logReplicaUpdates: relays}
	} else {
		r.settings = ob.settings
	}
	want := s.shapeOf(o, full)
	if err := s.ask(ctx, c, r, want, 0); err != nil {
		return r, err
	}
	if full {
		ob.settings, ob.settingsAt = r.settings, begin
		ob.booted = begin.Add(-r.uptime)
		// Plug-ins that were seen just now are asked at once.
		if now := s.shapeOf(o, false); now.semiSync && !want.semiSync || now.group && !want.group {
			if err := s.ask(ctx, c, r, now, ^partSet(1<<partMembers|1<<partSemiSync)); err != nil {
				return r, err
			}
		}
	}
	ob.showProcesses = o.DiscoverByShowReplicas && len(r.reported) == 0
	r.latency = o.Now().Sub(begin)
	r.uptime = o.Now().Sub(ob.booted)
	s.classify(ctx, c, o, r)
	return r, nil
}

// greet learns the version and limits the time of this connection's queries on the server.
func (s *Server) greet(ctx context.Context, c *conn, o *Options) error {
	ob := &s.observer
	answers := ob.answers
	*ob = observer{answers: answers}
	take := one(func(_ []string, row []driver.Value) error {
		ob.version, ob.comment = text(row[0]), text(row[1])
		return nil
	})
	const version = "SELECT @@global.version, @@global.version_comment"
	_, err := c.query(ctx, version+";\n"+limitQueries(o.ProbeTimeout), take)
	var my *mysql.MySQLError
	if errors.As(err, &my) {
		// A binlog server knows neither several statements nor these variables.
		_, err = c.query(ctx, "SELECT @@version, @@version_comment", take)
	}
	if errors.As(err, &my) {
		_, err = c.query(ctx, "SELECT VERSION(), ''", take)
	}
	if err != nil {
		return fmt.Errorf("ask for the version: %w", err)
	}
	if o.CheckMaxScale {
		if err := s.checkMaxScale(ctx, c); err != nil {
			return err
		}
	}
	s.learnDialect(DialectOf(ob.version, ob.comment))
	c.known = true
	return nil
}

// limitQueries makes the server itself end queries that take too long; servers without such a limit only see a
// variable of the session. The connection's own limit bounds the rest.
func limitQueries(d time.Duration) string {
	return "SET @orchestrator_probe = 1 /*!50708 , SESSION max_execution_time = " + itoa(d.Milliseconds()) +
		" */ /*M!100101 , SESSION max_statement_time = " + decimal(d) + " */"
}

// checkMaxScale finds out whether the server is a MaxScale that hides behind another version. Only a failing
// connection is an error.
func (s *Server) checkMaxScale(ctx context.Context, c *conn) error {
	ob := &s.observer
	_, err := c.query(ctx, "SHOW VARIABLES LIKE 'maxscale%'", one(func(_ []string, row []driver.Value) error {
		if len(row) > 1 && (text(row[0]) == "MAXSCALE_VERSION" || text(row[0]) == "maxscale_version") {
			ob.version = text(row[1]) + "-maxscale"
		}
		return nil
	}))
	var my *mysql.MySQLError
	if errors.As(err, &my) {
		return nil
	}
	return err
}

// shapeOf says what the next probe shall look like.
func (s *Server) shapeOf(o *Options, full bool) shape {
	ob := &s.observer
	d, _ := s.Dialect()
	set := &ob.settings
	sh := shape{
		dialect: d, full: full,
		logBin: set.logBin, ps: !ob.noPS && (set.ps || ob.settingsAt.IsZero()), // on, until known to be off

		source: set.semiSource, replica: set.semiReplica, names: set.names,
		semiSync:   ob.shape.semiSync,
		group:      set.group,
		list:       true,
		processes:  !o.DiscoverByShowReplicas || ob.showProcesses,
		credential: o.CredentialsQuery == "",
		lag:        trimQuery(o.Queries.Lag),
		show:       ob.shape.show, showConst: ob.shape.showConst,
	}
	for _, refused := range ob.refused {
		sh.skip = sh.skip.with(refused.part)
	}
	return sh
}

// ask sends a probe and reads the answers. When the server does not answer one of the parts, the probe is repeated
// without it, and later probes of this connection leave it out from the start.
func (s *Server) ask(ctx context.Context, c *conn, r *reading, want shape, leaveOut partSet) error {
	ob := &s.observer
	want.skip |= leaveOut
	for range partCount + 2 {
		b := s.set.batches.get(want)
		failed, err := r.run(ctx, c, b, want.dialect.isMaxScale())
		if err == nil {
			ob.shape.show, ob.shape.showConst = want.show, want.showConst
			ob.shape.semiSync = r.in.SemiSync.SourceEnabled || r.in.SemiSync.ReplicaEnabled
			return nil
		}
		var my *mysql.MySQLError
		if !errors.As(err, &my) || c.broken {
			return fmt.Errorf("read %s: %w", partNames[failed], err)
		}
		switch {
		case failed == partVariables && !want.show && my.Number == 1193:
			want.show = true
			ob.settingsAt = time.Time{} // a plug-in may be gone
		case failed == partSettings && !want.showConst && my.Number == 1193:
			want.showConst = true
		case failed == partVariables, failed == partSettings, failed == partChannels:
			return fmt.Errorf("read %s: %w", partNames[failed], err)
		case failed == partProcesses && want.ps && want.dialect.mysql(8, 0, 22):
			want.ps, ob.noPS = false, true
		default:
			want.skip = want.skip.with(failed)
			s.refuse(failed, my)
		}
		r.restart()
	}
	return errors.New("the server refuses everything")
}

// refuse notes that a part is not answered. A query of the user may work next time, everything else is left out
// until the next connection.
func (s *Server) refuse(p part, my *mysql.MySQLError) {
	ob := &s.observer
	text := fmt.Sprintf("read %s: %v", partNames[p], my)
	if p == partLag || kindOfCode(my.Number) != Unsupported {
		ob.answers.once = append(ob.answers.once, text)
		return
	}
	ob.refused = append(ob.refused, refusal{p, text})
}

// trimQuery makes a user's query fit to be the last statement of a batch.
func trimQuery(sql string) string {
	for len(sql) > 0 {
		switch sql[len(sql)-1] {
		case ';', ' ', '\t', '\n', '\r':
			sql = sql[:len(sql)-1]
			continue
		}
		break
	}
	return sql
}

// observation makes the result of what was read.
func (r *reading) observation(s *Server, fresh bool) *Observation {
	ob := &s.observer
	o := s.set.options.Load()
	in := r.in
	in.Version, in.VersionComment = ob.version, ob.comment
	d, _ := s.Dialect()
	in.Flavor = d.Flavor
	set := &r.settings
	in.ServerUUID, in.BinlogPath = set.serverUUID, set.binlogPath
	in.LogBin, in.LogReplicaUpdates = set.logBin, set.logReplicaUpdates
	in.Uptime = r.uptime.Truncate(time.Second)
	in.SupportsOracleGTID = in.GTIDMode != "" && in.GTIDMode != "OFF"
	in.SemiSync.Available = set.semiSource && set.semiReplica
	if set.semiSource { // MariaDB, and MySQL before 5.7.3, have no setting for it and wait for one
		in.SemiSync.SourceWaitCount = max(1, in.SemiSync.SourceWaitCount)
	}
	in.SemiSync.SourceNewNames, in.SemiSync.ReplicaNewNames = set.names.SourceNew, set.names.ReplicaNew
	r.placeChannels()
	in.HasCredentials = in.Channel.User != ""
	in.CredentialsAvailable = o.CredentialsQuery != "" || set.credentials
	in.Lag = in.Channel.SecondsBehind
	if r.lag.Known {
		in.Lag = r.lag
	}
	r.placeGroup()
	obs := &Observation{Instance: in, Latency: r.latency, Connected: fresh, Warnings: r.warnings}
	obs.GroupMembers = in.Group.Members
	obs.Replicas, obs.ReplicaUsers = r.replicas(s.key)
	in.Reported = slices.Clone(obs.Replicas)
	for _, refused := range ob.refused {
		if refused.part != partCredentials && refused.part != partHeartbeats { // rarely granted, and little is lost
			obs.Warnings = append(obs.Warnings, refused.text)
		}
	}
	ob.answers.fill(obs)
	return obs
}
