package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/httpapi"
	"orchestrator/internal/operate"
	"orchestrator/internal/operate/operatetest"
)

// client runs the program; env holds its variables.
type client struct {
	env   map[string]string
	waits []time.Duration
}

func (c *client) run(args ...string) (stdout, stderr string, code int) {
	var errs bytes.Buffer
	stdout, code = c.runTo(&errs, args...)
	return stdout, errs.String(), code
}

// runTo runs the program with another place for its errors.
func (c *client) runTo(stderr io.Writer, args ...string) (stdout string, code int) {
	var out bytes.Buffer
	code = run(context.Background(), args, environment{
		stdout: &out, stderr: stderr, getenv: func(n string) string { return c.env[n] }, pid: 42, user: func() string { return "me" },
		wait: func(_ context.Context, d time.Duration) error { c.waits = append(c.waits, d); return nil }, transport: http.DefaultTransport,
	})
	return out.String(), code
}

func serve(t *testing.T, b *operatetest.Backend) string {
	t.Helper()
	s := httptest.NewServer(httpapi.New(httpapi.Deps{Engine: b.Engine(), Registry: operate.NewRegistry()}))
	t.Cleanup(s.Close)
	return s.URL
}

// does runs a command against a service, and compares what it prints and what that does to the backend.
func does(t *testing.T, want, calls string, args ...string) {
	t.Helper()
	b := operatetest.New()
	cl := client{env: map[string]string{"ORCHESTRATOR_API": serve(t, b) + "/"}}
	out, errs, code := cl.run(args...)
	if out != want || errs != "" || code != 0 {
		t.Errorf("exit %d, output %q, want %q, errors %q", code, out, want, errs)
	}
	if got := strings.Join(b.Calls, "|"); got != calls {
		t.Errorf("did %s\nwant %s", got, calls)
	}
}

// planned and forecast are what the test engine plans and forecasts, in words.
const (
	planned  = "db-a2:3306 takes over from db-a1:3306\n  1   promote   db-a2:3306  open for writing (read_only=0) — writes come back\n"
	forecast = "it would not be recovered automatically:\n  - no filter matches\n    to change that: add \"*\" [RecoverMasterClusterFilters]\n"
)

func TestCommands(t *testing.T) {
	for name, c := range map[string]struct {
		args  []string
		want  string
		calls string
	}{
		"clusters":                {[]string{"-c", "clusters"}, "db-a1:3306\nsolo:3306\n", ""},
		"clusters-alias":          {[]string{"-c", "clusters-alias"}, "db-a1:3306,orders\nsolo:3306,solo:3306\n", ""},
		"search":                  {[]string{"-c", "search", "-i", "8.0.39"}, "db-a3:3306\n", ""},
		"instance":                {[]string{"-c", "instance", "-i", "b1"}, "db-b1:3306\n", ""},
		"which-master":            {[]string{"-c", "which-master", "-i", "db-b1:3306"}, "db-a2:3306\n", ""},
		"no source":               {[]string{"-c", "which-master", "-i", "db-a1"}, ":0\n", ""},
		"which-slaves":            {[]string{"-c", "which-slaves", "-i", "db-a1"}, "db-a2:3306\ndb-a3:3306\n", ""},
		"which-broken-replicas":   {[]string{"-c", "which-broken-replicas", "-i", "db-a1"}, "db-a3:3306\n", ""},
		"which-cluster-instances": {[]string{"-c", "which-cluster-instances", "--alias", "orders"}, "db-a1:3306\ndb-a2:3306\ndb-a3:3306\ndb-b1:3306\n", ""},
		"which-cluster":           {[]string{"-c", "which-cluster", "-i", "db-b1:3306"}, "db-a1:3306\n", ""},
		"which-cluster-alias":     {[]string{"-c", "which-cluster-alias", "-i", "db-b1:3306"}, "orders\n", ""},
		"which-cluster-master":    {[]string{"-c", "which-cluster-master", "-a", "orders"}, "db-a1:3306\n", ""},
		"all-clusters-masters":    {[]string{"-c", "all-clusters-masters"}, "db-a1:3306\n", ""},
		"osc":                     {[]string{"-c", "which-cluster-osc-replicas", "-a", "orders"}, "db-a2:3306\ndb-a3:3306\ndb-b1:3306\n", ""},
		"osc running":             {[]string{"-c", "which-cluster-osc-running-replicas", "-a", "orders"}, "db-a2:3306\ndb-b1:3306\n", ""},
		"downtimed":               {[]string{"-c", "downtimed"}, "db-a3:3306\n", ""},
		"downtimed of a cluster":  {[]string{"-c", "downtimed", "-a", "solo:3306"}, "", ""},
		"dominant-dc":             {[]string{"-c", "dominant-dc"}, "dc1\n", ""},
		"topology":                {[]string{"-c", "topology", "-i", "solo"}, "solo:3306 [0s,ok,8.0.41,ro,nobinlog,GTID]\n", ""},
		"tags":                    {[]string{"-c", "tags", "-i", "db-a2"}, "backup=\nzone=x\n", ""},
		"tag-value":               {[]string{"-c", "tag-value", "-i", "db-a2", "-t", "zone"}, "x\n", ""},
		"tag":                     {[]string{"-c", "tag", "-i", "db-a2", "--tag", "a=b&c"}, "db-a2:3306\n", "tag db-a2:3306 a=b&c|audit tag db-a2 a=b&c"},
		"untag":                   {[]string{"-c", "untag", "-i", "db-a2", "-tag", "zone"}, "db-a2:3306\n", "untag db-a2:3306 zone|audit untag db-a2 zone"},
		"untag-all":               {[]string{"-c", "untag-all", "-t", "zone=x"}, "db-a2:3306\n", "untag db-a2:3306 zone|audit untag db-a2 zone=x"},
		"tagged":                  {[]string{"-c", "tagged", "-t", "zone,backup", "-i", "x"}, "db-a2:3306\n", ""},
		"discover":                {[]string{"-c", "discover", "-i", "new", "-D", "3307"}, "new:3307\n", "discover new:3307"},
		"async-discover":          {[]string{"-c", "async-discover", "-i", "new"}, ":null\n", "discover later new:3306"},
		"forget":                  {[]string{"-c", "forget", "-i", "db-a1"}, "", "forget db-a1:3306|audit forget db-a1 forgotten by hand"},
		"begin-downtime": {[]string{"-c", "begin-downtime", "-i", "db-a1", "-r", "what's up?"}, "db-a1:3306\n",
			"begin-downtime db-a1:3306 owner=me reason=what's up? for=10m0s|audit begin-downtime db-a1 owner: me, reason: what's up?"},
		"reason with a slash": {[]string{"-c", "begin-downtime", "-i", "db-a1", "-o", "you", "--reason=a/b", "-u", "1h"}, "db-a1:3306\n",
			"begin-downtime db-a1:3306 owner=you reason=a/b for=1h0m0s|audit begin-downtime db-a1 owner: you, reason: a/b"},
		"end-downtime":       {[]string{"-c", "end-downtime", "-i", "db-a1"}, "db-a1:3306\n", "end-downtime db-a1:3306"},
		"begin-maintenance":  {[]string{"-c", "begin-maintenance", "-i", "db-a1", "-r", "x"}, "db-a1:3306\n", "begin-maintenance db-a1:3306 owner=me reason=x for=10m0s bounded=false|audit begin-maintenance db-a1 owner: me, reason: x"},
		"register-candidate": {[]string{"-c", "register-candidate", "-i", "db-a2", "-R", "must_not"}, "db-a2:3306\n", "register-candidate db-a2:3306 must_not|audit register-candidate db-a2 must_not"},
		"recover":            {[]string{"-c", "recover", "-i", "db-a1"}, "db-a2:3306\n", "recover db-a1:3306 candidate= hooks=true"},
		"recover to":         {[]string{"-c", "recover", "-i", "db-a1", "-d", "db-a2"}, "db-a2:3306\n", "recover db-a1:3306 candidate=db-a2 hooks=true"},
		"recover, dry":       {[]string{"-c", "recover", "-i", "db-a1", "--dry-run"}, planned, ""},
		"force-failover":     {[]string{"-c", "force-master-failover", "-a", "orders"}, "db-a2:3306\n", "force-master-failover db-a1:3306 designated="},
		"force-takeover":     {[]string{"-c", "force-master-takeover", "-i", "db-a1:3306", "-d", "db-a3"}, "db-a3:3306\n", "force-master-takeover db-a1:3306 designated=db-a3"},
		"takeover":           {[]string{"-c", "graceful-master-takeover", "-a", "orders", "-d", "db-a3"}, "db-a3:3306\n", "graceful-master-takeover db-a1:3306 designated=db-a3"},
		"takeover-auto":      {[]string{"-c", "graceful-master-takeover-auto", "-i", "db-a1:3306"}, "db-a2:3306\n", "graceful-master-takeover-auto db-a1:3306 designated="},
		"cascade":            {[]string{"-c", "cascade-master-takeover-auto", "-a", "orders"}, "db-a2:3306\n", "cascade-master-takeover-auto db-a1:3306 designated="},
		"takeover, dry":      {[]string{"-c", "graceful-master-takeover", "-a", "orders", "--dry-run"}, planned, ""},
		"explain a server":   {[]string{"-c", "explain", "-i", "db-a2"}, "cluster db-a1:3306: if db-a2:3306 died now, that would be DeadMaster\n" + forecast, ""},
		"explain a cluster":  {[]string{"-c", "explain", "-a", "orders", "--failure", "UnreachableMaster"}, "cluster db-a1:3306: if db-a1:3306 died now, that would be UnreachableMaster\n" + forecast, ""},
		"ack-cluster":        {[]string{"-c", "ack-cluster-recoveries", "-a", "orders", "-r", "all is well"}, "db-a1:3306\n", "ack all=false id=0 uid= cluster=db-a1:3306 alias=orders instance= owner=node1 comment=all is well|audit ack-recovery db-a1:3306 2 acknowledged by node1: all is well"},
		"ack-all":            {[]string{"-c", "ack-all-recoveries", "-r", "seen"}, "seen\n", "ack all=true id=0 uid= cluster= alias= instance= owner=node1 comment=seen|audit ack-recovery  2 acknowledged by node1: seen"},
		"disable":            {[]string{"-c", "disable-global-recoveries"}, "disabled\n", "audit disable-global-recoveries  Globally disabled recoveries"},
		"check":              {[]string{"-c", "check-global-recoveries"}, "enabled\n", ""},
		"which-gtid-errant":  {[]string{"-c", "which-gtid-errant", "-i", "db-a3"}, "00000000-0000-0000-0000-000000000004:1\n", ""},
		"json of a key":      {[]string{"-c", "end-downtime", "-i", "db-a1", "-json"}, `{"Hostname":"db-a1","Port":3306}` + "\n", "end-downtime db-a1:3306"},
		"api":                {[]string{"-c", "api", "-P", "clusters"}, `["db-a1:3306","solo:3306"]` + "\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			does(t, c.want, c.calls, c.args...)
		})
	}
}

func TestFailures(t *testing.T) {
	for name, c := range map[string]struct {
		args           []string
		stdout, stderr string
	}{
		"nothing":           {nil, "", "orchestrator-client[42]: no command given: use -c COMMAND; -c help lists the commands\n"},
		"unknown":           {[]string{"-c", "nosuch"}, "", "orchestrator-client[42]: unsupported command: nosuch; -c help lists the commands\n"},
		"mistyped":          {[]string{"-c", "discvoer"}, "", "orchestrator-client[42]: unsupported command: discvoer; did you mean discover? -c help lists the commands\n"},
		"missing":           {[]string{"-c", "discover"}, "", "orchestrator-client[42]: instance must be provided\n"},
		"missing reason":    {[]string{"-c", "begin-downtime", "-i", "x"}, "", "orchestrator-client[42]: reason must be provided\n"},
		"missing cluster":   {[]string{"-c", "topology"}, "", "orchestrator-client[42]: alias or instance must be provided\n"},
		"refused":           {[]string{"-c", "topology", "-a", "nosuch"}, "", "Unable to determine cluster name. clusterHint=nosuch\n"},
		"with details":      {[]string{"-c", "recover", "-i", "db-a1"}, `{"Hostname":"db-a1","Port":3306}` + "\n", "Recovery not attempted\n"},
		"api":               {[]string{"-c", "api", "-P", "/cluster/nosuch"}, `{"Code":"ERROR","Message":"Unable to determine cluster name. clusterHint=nosuch","Details":null}` + "\n", ""},
		"stray argument":    {[]string{"-c", "topology", "orders"}, "", "orchestrator-client[42]: unexpected argument \"orders\": values belong to an option, as in -c topology -a orders\n"},
		"unknown option":    {[]string{"-x"}, "", "orchestrator-client[42]: flag provided but not defined: -x\n"},
		"bad instance port": {[]string{"-c", "discover", "-i", "a:b"}, "", "orchestrator-client[42]: instance \"a:b\": the port must be a number from 1 to 65535\n"},
	} {
		t.Run(name, func(t *testing.T) {
			b := operatetest.New()
			b.Repair = operate.Repair{}
			cl := client{env: map[string]string{"ORCHESTRATOR_API": serve(t, b)}}
			out, errs, code := cl.run(c.args...)
			if out != c.stdout || errs != c.stderr || code != 1 {
				t.Errorf("exit %d, output %q, errors %q", code, out, errs)
			}
		})
	}
}

func TestLeaders(t *testing.T) {
	leader, follower, lonely := operatetest.New(), operatetest.New(), operatetest.New()
	follower.Leading, lonely.Leading = false, false
	up, down, alone := serve(t, leader), serve(t, follower), serve(t, lonely)
	follower.Raft, follower.URI = true, up // reachable through the follower
	const dead = "http://127.0.0.1:1"
	for name, c := range map[string]struct {
		apis, want string
		code       int
	}{
		"the only one is not asked": {down, down + "/api\n", 0},
		"the leader":                {dead + " " + down + "/api " + up, up + "/api\n", 0},
		"through a follower":        {dead + " " + down + " " + alone, down + "/api\n", 0},
		"none":                      {dead + " " + alone, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			cl := client{env: map[string]string{"ORCHESTRATOR_API": "http://unused"}}
			out, errs, code := cl.run("-c", "which-api", "-U", c.apis)
			if out != c.want || code != c.code {
				t.Errorf("exit %d, output %q, errors %q", code, out, errs)
			}
			if code == 1 && !strings.Contains(errs, "Cannot determine leader from "+dead+"/api "+alone+"/api") {
				t.Errorf("errors %q", errs)
			}
		})
	}
}

func TestRetries(t *testing.T) {
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked++; asked < 3 {
			http.Error(w, "starting", http.StatusBadGateway)
			return
		}
		_, _ = io.WriteString(w, `["a"]`)
	}))
	defer s.Close()
	cl := client{}
	if out, errs, code := cl.run("-U", s.URL, "-c", "clusters"); out != "a\n" || code != 0 || len(cl.waits) != 2 {
		t.Errorf("exit %d, output %q, errors %q, waits %v", code, out, errs, cl.waits)
	}
	cl = client{}
	_, errs, code := cl.run("-U", "http://u:secret@127.0.0.1:1", "-c", "clusters")
	if code != 1 || len(cl.waits) != 8 || strings.Contains(errs, "secret") || !strings.Contains(errs, "Cannot access orchestrator at http://127.0.0.1:1/api") {
		t.Errorf("exit %d, errors %q, waits %v", code, errs, cl.waits)
	}
}

func TestCredentials(t *testing.T) {
	b := operatetest.New()
	b.Conf.AuthenticationMethod, b.Conf.HTTPAuthUser, b.Conf.HTTPAuthPassword = "basic", "admin", "pass:word"
	api := serve(t, b)
	for name, c := range map[string]struct {
		env  map[string]string
		args []string
		code int
	}{
		"none":        {nil, nil, 1},
		"wrong":       {nil, []string{"-b", "admin:x"}, 1},
		"option":      {nil, []string{"-b", "admin:pass:word"}, 0},
		"environment": {map[string]string{"ORCHESTRATOR_AUTH_USER": "admin", "ORCHESTRATOR_AUTH_PASSWORD": "pass:word"}, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			cl := client{env: c.env}
			_, errs, code := cl.run(append([]string{"-c", "clusters", "-U", api}, c.args...)...)
			if code != c.code || len(cl.waits) > 0 {
				t.Errorf("exit %d, errors %q", code, errs)
			}
			want := "orchestrator-client[42]: Cannot access orchestrator at " + api + "/api. Check ORCHESTRATOR_API is configured correctly and orchestrator is running\n"
			if code == 1 && errs != want {
				t.Errorf("errors %q", errs)
			}
		})
	}
}

func TestUserHeader(t *testing.T) {
	b := operatetest.New()
	b.Conf.AuthenticationMethod, b.Conf.AuthUserHeader, b.Conf.PowerAuthUsers = "proxy", "X-User", []string{"dba"}
	api := serve(t, b)
	for user, code := range map[string]int{"dba": 0, "guest": 1} {
		cl := client{env: map[string]string{"ORCHESTRATOR_AUTH_USER_HEADER": "X-User: " + user}}
		if _, errs, got := cl.run("-U", api, "-c", "discover", "-i", "x"); got != code {
			t.Errorf("%s: exit %d, errors %q", user, got, errs)
		}
	}
}

func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"-c", "help"}, {"-h"}, {"--help"}} {
		out, errs, code := (&client{}).run(args...)
		for _, want := range []string{"Usage: orchestrator-client", "--alias", "ORCHESTRATOR_API", "\nwhich-broken-replicas  ", "\nbegin-downtime  "} {
			if !strings.Contains(out, want) || code != 0 || errs != "" {
				t.Errorf("%v: exit %d, errors %q, no %q in\n%s", args, code, errs, want, out)
			}
		}
	}
}

func TestProfile(t *testing.T) {
	got := assignments("# a comment\nexport ORCHESTRATOR_API=\"http://a http://b\"\nORCHESTRATOR_AUTH_USER='x$y'\nexport ORCHESTRATOR_INSTANCE=$(hostname)\nPATH=/x\n")
	if len(got) != 2 || got["ORCHESTRATOR_API"] != "http://a http://b" || got["ORCHESTRATOR_AUTH_USER"] != "x$y" {
		t.Errorf("%v", got)
	}
}

func FuzzOptions(f *testing.F) {
	f.Add("-c clusters -a x --tag=y", "ORCHESTRATOR_API='x'")
	f.Fuzz(func(t *testing.T, line, profile string) {
		o, err := parseOptions(strings.Fields(line), environment{getenv: func(string) string { return "" }, user: func() string { return "" }})
		if err != nil {
			return
		}
		for n := range assignments(profile) {
			if !strings.HasPrefix(n, "ORCHESTRATOR_") {
				t.Errorf("variable %q", n)
			}
		}
		for _, op := range operate.NewRegistry().Operations() {
			for _, c := range op.Client {
				if path, err := o.pathOf(c); err == nil && strings.Contains(path, " ") {
					t.Errorf("path %q", path)
				}
			}
		}
	})
}
