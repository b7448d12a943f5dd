package cli_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/cli"
	"orchestrator/internal/config"
	"orchestrator/internal/httpapi"
	"orchestrator/internal/operate"
	"orchestrator/internal/operate/operatetest"
)

// session runs the program over a backend and returns what it prints and how it ends.
type session struct {
	b              *operatetest.Backend
	served         *cli.Session
	opened, closed int
	loadErr        error
}

func (s *session) run(args ...string) (stdout, stderr string, code int) {
	var out, errs bytes.Buffer
	code = cli.Main(context.Background(), args, cli.Deps{
		Registry: operate.NewRegistry(), Version: "4.0.0", Commit: "abcdef", Stdout: &out, Stderr: &errs,
		Open: func(_ context.Context, in cli.Session) (*operate.Engine, func() error, error) {
			s.opened++
			e := s.b.Engine()
			e.Log = in.Log
			return e, func() error { s.closed++; return nil }, nil
		},
		Serve: func(_ context.Context, in cli.Session) error { s.served = &in; return nil },
		JSON: func(e *operate.Engine, v any) ([]byte, error) {
			return httpapi.Shaper{Config: e.Config, Now: e.Now}.JSON(v)
		},
		Load:     func(cli.Options) (*config.Config, []config.Warning, error) { return s.b.Conf, nil, s.loadErr },
		Hostname: func() (string, error) { return "db-a1", nil },
		Username: func() string { return "me" },
		Location: time.UTC,
	})
	return out.String(), errs.String(), code
}

func newSession() *session { return &session{b: operatetest.New()} }

// does runs a command, and compares what it prints and what it does to the backend.
func does(t *testing.T, want, calls string, args ...string) *session {
	t.Helper()
	s := newSession()
	out, errs, code := s.run(args...)
	if out != want || code != 0 {
		t.Errorf("exit %d, output:\n%s\nwant:\n%s\nerrors: %s", code, out, want, errs)
	}
	if got := strings.Join(s.b.Calls, "|"); got != calls {
		t.Errorf("did %s\nwant %s", got, calls)
	}
	return s
}

const tabulated = `db-a1:3306    |  0s|ok            |8.0.41|rw|ROW|>>,GTID,semi:master     
+ db-a2:3306  |  0s|ok            |8.0.41|ro|ROW|>>,GTID,semi:replica    
  + db-b1:3306|  2s|ok            |8.0.41|ro|ROW|>>,GTID                 
- db-a3:3306  |null|nonreplicating|8.0.39|ro|ROW|>>,GTID:errant,downtimed
`

// TestCommands runs each command; want is standard output, calls is what was done to the backend.
func TestCommands(t *testing.T) {
	for name, c := range map[string]struct {
		args  string
		want  string
		calls string
	}{
		"find":                          {"-c find -pattern a[12]", "db-a1:3306\ndb-a2:3306\n", ""},
		"search":                        {"-c search -pattern 8.0.39", "db-a3:3306\n", ""},
		"clusters":                      {"-c clusters", "db-a1:3306\nsolo:3306\n", ""},
		"clusters alias":                {"-c clusters-alias", "db-a1:3306\torders\nsolo:3306\tsolo:3306\n", ""},
		"primaries":                     {"-c all-clusters-masters", "db-a1:3306\n", ""},
		"all instances":                 {"-c all-instances", "db-a1:3306\ndb-a2:3306\ndb-a3:3306\ndb-b1:3306\nsolo:3306\n", ""},
		"which-instance, fuzzy":         {"-c which-instance -i b1", "db-b1:3306\n", ""},
		"which-instance, here":          {"-c which-instance", "db-a1:3306\n", ""},
		"which-instance, list":          {"-c which-instance -i db-a1,db-a2:3306", "db-a1:3306\ndb-a2:3306\n", ""},
		"which-cluster":                 {"-c which-cluster -i db-b1", "db-a1:3306\n", ""},
		"which-cluster, alias":          {"-c which-cluster -alias orders", "db-a1:3306\n", ""},
		"which-cluster, unknown":        {"-c which-cluster -alias nosuch", "\n", ""},
		"which-cluster-alias":           {"-c which-cluster-alias -i db-b1", "orders\n", ""},
		"which-cluster-domain":          {"-c which-cluster-domain -i db-b1", "orders.example.com\n", ""},
		"which-cluster-master":          {"-c which-cluster-master -alias orders", "db-a1:3306\n", ""},
		"which-cluster-instances":       {"-c which-cluster-instances -alias orders", "db-a1:3306\ndb-a2:3306\ndb-a3:3306\ndb-b1:3306\n", ""},
		"instances of no cluster":       {"-c which-cluster-instances -alias nosuch", "", ""},
		"which-cluster-osc-replicas":    {"-c which-cluster-osc-replicas -alias orders", "db-a2:3306\ndb-a3:3306\ndb-b1:3306\n", ""},
		"which-cluster-gh-ost-replicas": {"-c which-cluster-gh-ost-slaves -alias orders", "db-a3:3306\ndb-b1:3306\ndb-a2:3306\n", ""},
		"heuristic lag":                 {"-c get-cluster-heuristic-lag -alias orders", "2\n", ""},
		"which-master":                  {"-c which-master -i db-b1", "db-a2:3306\n", ""},
		"which-master of a primary":     {"-c which-master -i db-a1", "", ""},
		"which-slaves":                  {"-c which-slaves -i db-a1", "db-a2:3306\ndb-a3:3306\n", ""},
		"which-gtid-errant":             {"-c which-gtid-errant -i db-a3", "00000000-0000-0000-0000-000000000004:1\n", ""},
		"which-gtid-errant, none":       {"-c which-gtid-errant -i db-a1", "\n", ""},
		"which-downtimed-instances":     {"-c which-downtimed-instances -alias orders", "db-a3:3306\n", ""},
		"downtimed of another":          {"-c which-downtimed-instances -i solo", "", ""},
		"which-lost-in-recovery":        {"-c which-lost-in-recovery", "db-a3:3306\n", ""},
		"instance-status":               {"-c instance-status -i db-b1", "[2s,ok,8.0.41,ro,ROW,>>,GTID]\n", ""},
		"tabulated":                     {"-c topology-tabulated -alias orders", tabulated, ""},
		"data centre":                   {"-c topology -i solo -dc", "solo:3306 [0s,ok,8.0.41,ro,nobinlog,GTID]\n", ""},
		"data centre last":              {"-c topology-tabulated -i solo -dc=last", "solo:3306|0s|ok|8.0.41|ro|nobinlog|GTID|\n", ""},
		"no data centre":                {"-c topology -i solo -dc=none", "solo:3306 [0s,ok,8.0.41,ro,nobinlog,GTID]\n", ""},
		"no topology":                   {"-c topology -alias nosuch", "", ""},
		"tags":                          {"-c tags -i db-a2", "backup=\nzone=x\n", ""},
		"tag-value":                     {"-c tag-value -i db-a2 -tag zone", "x\n", ""},
		"tag-value, none":               {"-c tag-value -i db-a2 -tag nosuch", "", ""},
		"tagged":                        {"-c tagged -tag ~backup", "db-a1:3306\n", ""},
		"tag":                           {"-c tag -i db-a1 -tag a=b", "db-a1:3306\n", "tag db-a1:3306 a=b|audit tag db-a1 a=b"},
		"untag":                         {"-c untag -i db-a2 -tag zone", "db-a2:3306\n", "untag db-a2:3306 zone|audit untag db-a2 zone"},
		"untag, other value":            {"-c untag -i db-a2 -tag zone=y", "", ""},
		"untag-all":                     {"-c untag-all -tag role=primary", "db-a1:3306\n", "untag db-a1:3306 role|audit untag db-a1 role=primary"},
		"discover":                      {"-c discover -i new:3307", "new:3307\n", "discover new:3307"},
		"discover two":                  {"-c discover -i new:3307,db-a1", "new:3307\ndb-a1:3306\n", "discover new:3307|discover db-a1:3306"},
		"forget, as written":            {"-c forget -i orders-db", "orders-db:3306\n", "forget orders-db:3306|audit forget orders-db forgotten by hand"},
		"begin-maintenance":             {"-c begin-maintenance -i db-a1 -reason why -duration 1d", "db-a1:3306\n", "begin-maintenance db-a1:3306 owner=me reason=why for=24h0m0s bounded=true|audit begin-maintenance db-a1 owner: me, reason: why"},
		"end-maintenance":               {"-c end-maintenance -i db-a1", "db-a1:3306\n", "end-maintenance db-a1:3306"},
		"in-maintenance":                {"-c in-maintenance -i db-a3", "db-a3:3306\n", ""},
		"not in maintenance":            {"-c in-maintenance -i db-a1", "", ""},
		"begin-downtime":                {"-c begin-downtime -i db-a1 -reason why -owner dba", "db-a1:3306\n", "begin-downtime db-a1:3306 owner=dba reason=why for=10m0s|audit begin-downtime db-a1 owner: dba, reason: why"},
		"end-downtime":                  {"-c end-downtime -i db-a3", "db-a3:3306\n", "end-downtime db-a3:3306|audit end-downtime db-a3 ended by hand"},
		"set-cluster-alias":             {"-c set-cluster-alias -i db-b1 -alias shop", "", "set-cluster-alias db-a1:3306 shop|audit set-cluster-alias db-a1:3306 shop"},
		"recover":                       {"-c recover -i db-a1 -d db-a2", "db-a2:3306\n", "recover db-a1:3306 candidate=db-a2 hooks=true"},
		"recover, dry":                  {"-c recover -i db-a1 -dry-run", takeoverPlan, ""},
		"force-master-failover":         {"-c force-master-failover -alias orders", "db-a2:3306\n", "force-master-failover db-a1:3306 designated="},
		"force-master-takeover":         {"-c force-master-takeover -i db-b1 -d db-a3", "db-a3:3306\n", "force-master-takeover db-a1:3306 designated=db-a3"},
		"graceful-master-takeover":      {"-c graceful-master-takeover -alias orders -d db-a3", "db-a3:3306\nmysql-bin.000007:4711\n", "graceful-master-takeover db-a1:3306 designated=db-a3"},
		"graceful-master-takeover-auto": {"-c graceful-master-takeover-auto -i db-a1", "db-a2:3306\nmysql-bin.000007:4711\n", "graceful-master-takeover-auto db-a1:3306 designated="},
		"cascade-master-takeover-auto":  {"-c cascade-master-takeover-auto -alias orders", "db-a2:3306\n", "cascade-master-takeover-auto db-a1:3306 designated="},
		"takeover, dry":                 {"-c graceful-master-takeover -alias orders --dry-run", takeoverPlan, ""},
		"recover-lite":                  {"-c recover-lite -i db-a1 -s db-a2:3306", "db-a2:3306\n", "recover db-a1:3306 candidate=db-a2 hooks=false"},
		"ack-all-recoveries":            {"-c ack-all-recoveries -reason seen", "2 recoveries acknowledged\n", "ack all=true id=0 uid= cluster= alias= instance= owner=me comment=seen|audit ack-recovery  2 acknowledged by me: seen"},
		"ack-cluster-recoveries":        {"-c ack-cluster-recoveries -i db-b1 -reason seen", "2 recoveries acknowledged\n", "ack all=false id=0 uid= cluster=db-a1:3306 alias=orders instance= owner=me comment=seen|audit ack-recovery db-a1:3306 2 acknowledged by me: seen"},
		"register-candidate":            {"-c register-candidate -i db-a2", "db-a2:3306\n", "register-candidate db-a2:3306 prefer|audit register-candidate db-a2 prefer"},
		"dump-config":                   {"-c dump-config", dump(), ""},
		"check-config":                  {"-c check-config", "Backend\n  ok       SQLite\n", ""},
		"disable-global-recoveries":     {"-c disable-global-recoveries", "OK: Orchestrator recoveries DISABLED globally\n", "audit disable-global-recoveries  Globally disabled recoveries"},
		"enable-global-recoveries":      {"-c enable-global-recoveries", "OK: Orchestrator recoveries ENABLED globally\n", "audit enable-global-recoveries  Globally enabled recoveries"},
		"check-global-recoveries":       {"-c check-global-recoveries", "OK: Global recoveries disabled: false\n", ""},
		"bulk-instances":                {"-c bulk-instances", "db-a1:3306\ndb-a2:3306\ndb-a3:3306\ndb-b1:3306\nsolo:3306\n", ""},
		"bulk-promotion-rules":          {"-c bulk-promotion-rules", "db-a2:3306 prefer\ndb-b1:3306 must_not\n", ""},
		"extra-transactions":            {"-c extra-transactions -i db-a1:3306", "2026-03-04 05:06:07\tdb-a1:3306\t0-1-105\t3 transactions\torc-1:/var/lib/orchestrator/extra-transactions/a.sql\tNOT complete: it was cut at 256 MB (ExtraTransactionsMaxMegabytes)\n", ""},
		"audit-recovery":                {"-c audit-recovery -alias db-a1:3306", "2026-03-04 04:06:07\tcluster=db-a1:3306\tdb-a1:3306\tDeadMaster\tsuccessful\tdb-a2:3306\n", ""},
		"audit-failure-detection":       {"-c audit-failure-detection", "2026-03-04 04:06:07\t\tdb-a1:3306\tDeadMaster\tdetected\t-\n", ""},
		"audit-recovery-steps":          {"-c audit-recovery-steps -pattern x", "2026-03-04 04:06:07\tanalyzing\n2026-03-04 04:06:07\tpromoted db-a2:3306\n", ""},
		"audit":                         {"-c audit", "2026-03-04 05:06:07\tbegin-downtime\tdb-a3:3306\tinstance= page=0\n", ""},
		"audit of a server":             {"-c audit -i db-a3", "2026-03-04 05:06:07\tbegin-downtime\tdb-a3:3306\tinstance=db-a3 page=0\n", ""},
		"json, list":                    {"-c clusters --json", `["db-a1:3306","solo:3306"]` + "\n", ""},
		"json, nothing":                 {"-c which-master -i db-a1 -json", `{"Hostname":"","Port":0}` + "\n", ""},
		"word cli":                      {"-c clusters cli", "db-a1:3306\nsolo:3306\n", ""},
		"flags after the word":          {"cli -c=clusters --verbose", "db-a1:3306\nsolo:3306\n", ""},
		"maintenance":                   {"-c maintenance", "2026-03-04 05:05:07\tdb-a3:3306\tdba\tnew disks\n", ""},
		"blocked-recoveries":            {"-c blocked-recoveries", "2026-03-04 05:06:07\tdb-a1:3306\tdb-a1:3306\tDeadMaster\tblocked by recovery 3\n", ""},
		"changelog":                     {"-c replication-analysis-changelog", "2026-03-04 05:06:07\tdb-a1:3306\tDeadMaster\n", ""},
		"filters":                       {"-c automated-recovery-filters", "RecoverMasterClusterFilters: orders\nRecoverIntermediateMasterClusterFilters: \nRecoveryIgnoreHostnameFilters: \n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := does(t, c.want, c.calls, strings.Fields(c.args)...)
			if s.opened != 1 || s.closed != 1 {
				t.Errorf("opened %d, closed %d", s.opened, s.closed)
			}
		})
	}
}

func dump() string {
	text, err := operatetest.New().Conf.Dump()
	if err != nil {
		panic(err)
	}
	return string(text) + "\n"
}

func TestFailures(t *testing.T) {
	for name, c := range map[string]struct {
		args   string
		code   int
		stderr string // must be contained
		change func(*session)
	}{
		"unknown command":      {"-c topolgy", 1, ` FATAL Unknown command: "topolgy". Did you mean topology? Available commands:`, nil},
		"only a route":         {"-c match-below -i a -d b", 1, `FATAL Unknown command: "match-below".`, nil},
		"only over http":       {"-c health", 1, `FATAL Unknown command: "health".`, nil},
		"unknown instance":     {"-c which-instance -i nosuch", 1, "FATAL Cannot read instance: nosuch:3306 is not known", nil},
		"no primary":           {"-c which-cluster-master -alias nosuch", 1, `FATAL no primary is known of cluster "nosuch"`, nil},
		"missing reason":       {"-c begin-downtime -i db-a1", 1, "FATAL reason must be provided", nil},
		"missing instance":     {"-c forget", 1, "FATAL instance must be provided", nil},
		"missing pattern":      {"-c find", 1, "FATAL pattern must be provided", nil},
		"bad pattern":          {"-c find -pattern [", 1, "FATAL pattern \"[\": error parsing regexp", nil},
		"both destinations":    {"-c recover -i a -d b -s c", 1, "FATAL -s and -d are synonyms", nil},
		"bad rule":             {"-promotion-rule must -c clusters", 1, "FATAL -promotion-rule: promotion rule must: not supported yet", nil},
		"unknown flag":         {"-nosuch -c clusters", 2, "flag provided but not defined: -nosuch", nil},
		"bad word":             {"topology -alias x", 1, "Did you mean orchestrator -c topology?", nil},
		"configuration":        {"-c clusters", 1, "FATAL /etc/x: bad; and worse", func(s *session) { s.loadErr = errors.New("/etc/x: bad\nand worse") }},
		"raft":                 {"-c clusters", 1, "orchestrator-client", func(s *session) { s.b.Conf.RaftEnabled = true }},
		"noop":                 {"-noop -c discover -i a", 1, "FATAL discover: noop: nothing was changed", nil},
		"second of the list":   {"-c which-instance -i db-a1,nosuch", 1, "nosuch:3306 is not known", nil},
		"write without lookup": {"-c forget-cluster -alias nosuch", 1, "FATAL Unable to determine cluster name. clusterHint=nosuch", nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSession()
			if c.change != nil {
				c.change(s)
			}
			_, errs, code := s.run(strings.Fields(c.args)...)
			if code != c.code || !strings.Contains(errs, c.stderr) {
				t.Errorf("exit %d, errors:\n%s", code, errs)
			}
			if s.opened != s.closed {
				t.Errorf("opened %d, closed %d", s.opened, s.closed)
			}
		})
	}
}

func TestAnswersOfNo(t *testing.T) {
	s := newSession()
	s.b.Repair = operate.Repair{}
	out, errs, code := s.run("-c", "recover", "-i", "db-a1")
	if out != "" || code != 0 || !strings.Contains(errs, " WARNING Recovery not attempted\n") {
		t.Errorf("exit %d, output %q, errors %q", code, out, errs)
	}
	_, errs, code = s.run("-c", "topology", "-alias", "nosuch")
	if code != 0 || !strings.Contains(errs, " WARNING Unable to determine cluster name. clusterHint=nosuch\n") {
		t.Errorf("exit %d, errors %q", code, errs)
	}
}

func TestServing(t *testing.T) {
	for name, c := range map[string]struct {
		args      string
		debug     bool
		discovery bool
	}{
		"plain":             {"http", false, true},
		"flag after":        {"http --debug", true, true},
		"flag before":       {"-debug -discovery=false http", true, false},
		"twice":             {"http http -debug", true, true},
		"even with raft on": {"http", false, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSession()
			s.b.Conf.RaftEnabled = true
			_, errs, code := s.run(strings.Fields(c.args)...)
			if code != 0 || s.served == nil {
				t.Fatalf("exit %d, errors %s", code, errs)
			}
			if s.served.Options.Debug != c.debug || s.served.Options.Discovery != c.discovery {
				t.Errorf("options %+v", s.served.Options)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	for name, c := range map[string]struct {
		args, stdout, stderr string
	}{
		"nothing":       {"", "orchestrator -c topology -alias CLUSTER", ""},
		"listing":       {"help", "", "Information:\n\tfind                                    Find instances"},
		"listing by -c": {"-c help", "", "\tdiscover                                Look at"},
		"command":       {"help discover", "discover:\nLook at an instance now", ""},
		"command by -c": {"-c topology help", "topology:\nDraw the tree", ""},
		"synonym":       {"help which-slaves", "which-slaves:\nList the direct replicas", ""},
		"unknown":       {"help nosuch", "nosuch:\n\n", "Unknown command"},
		"version":       {"-version", "4.0.0\nabcdef\n", ""},
		"flags":         {"--help", "", "-promotion-rule"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSession()
			out, errs, code := s.run(strings.Fields(c.args)...)
			if code != 0 || s.opened != 0 || !strings.Contains(out, c.stdout) || !strings.Contains(errs, c.stderr) {
				t.Errorf("exit %d\nstdout:\n%s\nstderr:\n%s", code, out, errs)
			}
			if c.stdout == "" && out != "" {
				t.Errorf("unexpected output %q", out)
			}
		})
	}
}

func FuzzMain(f *testing.F) {
	for _, s := range []string{"-c clusters", "http --debug", "-c begin-downtime -i a,b -reason x -duration 9w", "help x", "-i= -c=tag -tag ~!a=", "-- -c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		_, _, code := newSession().run(strings.Fields(line)...)
		if code < 0 || code > 2 {
			t.Errorf("exit code %d", code)
		}
	})
}
