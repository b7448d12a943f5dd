package cli_test

import (
	"strings"
	"testing"
)

// TestBackendCommands runs the commands about pools, names, history and leadership; want is standard output, calls is
// what was done to the backend.
func TestBackendCommands(t *testing.T) {
	const then = "1772596800" // not the time of any snapshot
	for name, c := range map[string]struct {
		args  string
		want  string
		calls string
	}{
		"submit-pool-instances":           {"-c submit-pool-instances -pool reporting -i b1,db-a2:3306,db-a2", "", "submit-pool reporting db-b1:3306,db-a2:3306"},
		"empty a pool":                    {"-c submit-pool-instances -pool reporting", "", "submit-pool reporting "},
		"unknown servers in a pool":       {"-c submit-pool-instances -pool p -i new:3307", "", "submit-pool p new:3307"},
		"cluster-pool-instances":          {"-c cluster-pool-instances", poolLines + "solo:3306\tsolo:3306\treporting\tsolo:3306\n", ""},
		"pools of a cluster":              {"-c cluster-pool-instances -alias orders", poolLines, ""},
		"one pool":                        {"-c cluster-pool-instances -i solo -pool reporting", "solo:3306\tsolo:3306\treporting\tsolo:3306\n", ""},
		"heuristic pool":                  {"-c which-heuristic-cluster-pool-instances -alias orders", "db-a2:3306\ndb-a3:3306\ndb-b1:3306\n", ""},
		"heuristic pool, one":             {"-c which-heuristic-cluster-pool-instances -i db-a1 -pool backup", "db-a3:3306\ndb-b1:3306\n", ""},
		"heuristic pool, nowhere":         {"-c which-heuristic-cluster-pool-instances -alias nosuch", "", ""},
		"heuristic lag of pools":          {"-c heuristic-cluster-pool-lag -alias orders -pool reporting", "2\n", ""},
		"set-heuristic-domain-instance":   {"-c set-heuristic-domain-instance -alias orders", "db-a1:3306\n", "attribute orders.example.com=db-a1:3306|audit set-heuristic-domain-instance db-a1db-a1:3306 orders.example.com"},
		"which-heuristic-domain-instance": {"-c which-heuristic-domain-instance -i db-b1", "db-a2:3306\n", ""},
		"submit-masters":                  {"-c submit-masters-to-kv-stores", "mysql/master/orders:db-a1:3306\nmysql/master/orders/hostname:db-a1\n", "put primary orders db-a1:3306"},
		"submit one":                      {"-c submit-masters-to-kv-stores -alias orders", "mysql/master/orders:db-a1:3306\nmysql/master/orders/hostname:db-a1\n", "put primary orders db-a1:3306"},
		"resolve":                         {"-c resolve -i orders-db", "db-a1:3306\n", ""},
		"register-hostname-unresolve":     {"-c register-hostname-unresolve -i db-a1 -hostname vip", "db-a1:3306\n", "register name db-a1 vip|audit register-hostname-unresolve db-a1 vip"},
		"register no name":                {"-c register-hostname-unresolve -i db-a1", "db-a1:3306\n", "deregister name db-a1|audit deregister-hostname-unresolve db-a1"},
		"deregister-hostname-unresolve":   {"-c deregister-hostname-unresolve -i db-a1", "db-a1:3306\n", "deregister name db-a1|audit deregister-hostname-unresolve db-a1"},
		"show-resolve-hosts":              {"-c show-resolve-hosts", "db-a1 db-a1\norders-db db-a1\n", ""},
		"show-unresolve-hosts":            {"-c show-unresolve-hosts", "db-a1 orders-vip\n", ""},
		"reset-hostname-resolve-cache":    {"-c reset-hostname-resolve-cache", "hostname resolve cache cleared\n", "reset names|audit reset-hostname-resolve-cache  by hand"},
		"snapshot-topologies":             {"-c snapshot-topologies", "", "snapshot"},
		"past topology":                   {"-c topology -alias orders -pattern .", "db-a1:3306\n- db-a2:3306\n", ""},
		"older topology":                  {"-c topology-tabulated -alias orders -pattern 1772593567", "db-a2:3306\n- db-a1:3306\n", ""},
		"past topology of no cluster":     {"-c topology-tags -alias gone -pattern .", "", ""},
		"active-nodes":                    {"-c active-nodes", "node1:t0ken\nnode2:other\n", ""},
		"access-token":                    {"-c access-token", "public\n", "token for me"},
		"access-token of another":         {"-c access-token -owner dba", "public\n", "token for dba"},
		"can-replicate-from":              {"-c can-replicate-from -i db-a3 -d db-a2", "db-a2:3306\n", ""},
		"can-replicate-from-gtid":         {"-c can-replicate-from-gtid -i db-b1 -d db-a1", "db-a1:3306\n", ""},
		"cannot replicate":                {"-c can-replicate-from -i db-a1 -d solo", "", ""},
		"is-replicating":                  {"-c is-replicating -i db-a2", "db-a2:3306\n", ""},
		"is not replicating":              {"-c is-replicating -i db-a3", "", ""},
		"is-replication-stopped":          {"-c is-replication-stopped -i db-a3", "", ""},
		"json of a quiet one":             {"-c submit-pool-instances -pool p --json", "\"p\"\n", "submit-pool p "},
	} {
		t.Run(name, func(t *testing.T) {
			does(t, c.want, c.calls, strings.Fields(c.args)...)
		})
	}
	for name, c := range map[string]struct{ args, stderr string }{
		"no such moment":        {"-c topology -alias orders -pattern ^" + then + "$", `FATAL no snapshot of topologies has a Unix time that matches "^` + then + `$"`},
		"bad moment":            {"-c topology -alias orders -pattern [", `FATAL pattern "[": error parsing regexp`},
		"bad member":            {"-c submit-pool-instances -pool p -i a:b", `FATAL submit pool p: instance "a:b": the port must be`},
		"no pool":               {"-c submit-pool-instances -i db-a1", "FATAL pool must be provided"},
		"no domain":             {"-c which-heuristic-domain-instance -alias solo:3306", "FATAL cluster solo:3306 has no domain"},
		"no cluster":            {"-c set-heuristic-domain-instance -alias nosuch", "FATAL Unable to determine cluster name. clusterHint=nosuch"},
		"no writeable primary":  {"-c submit-masters-to-kv-stores -i solo", "FATAL cluster solo:3306 has no writeable primary"},
		"no cluster to submit":  {"-c submit-masters-to-kv-stores -alias nosuch", "FATAL Unable to determine cluster name. clusterHint=nosuch"},
		"replicate from nobody": {"-c can-replicate-from -i db-a1 -d nosuch", "FATAL Cannot read instance: nosuch:3306 is not known"},
		"resolve nothing":       {"-c resolve", "FATAL instance must be provided"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSession()
			out, errs, code := s.run(strings.Fields(c.args)...)
			if out != "" || code != 1 || !strings.Contains(errs, c.stderr) || len(s.b.Calls) > 0 {
				t.Errorf("exit %d, output %q, did %v, errors:\n%s", code, out, s.b.Calls, errs)
			}
		})
	}
}

const poolLines = "db-a1:3306\torders\tbackup\tdb-a3:3306\n" +
	"db-a1:3306\torders\tbackup\tdb-b1:3306\n" +
	"db-a1:3306\torders\treporting\tdb-a2:3306\n" +
	"db-a1:3306\torders\treporting\tdb-b1:3306\n"

// TestPoolsOfExactNames takes host names as they are written.
func TestPoolsOfExactNames(t *testing.T) {
	s := newSession()
	s.b.Conf.SupportFuzzyPoolHostnames = false
	if _, errs, code := s.run("-c", "submit-pool-instances", "-pool", "p", "-i", "b1,orders-db"); code != 0 {
		t.Errorf("exit %d, errors %s", code, errs)
	}
	if got := strings.Join(s.b.Calls, "|"); got != "submit-pool p b1:3306,db-a1:3306" {
		t.Errorf("did %s", got)
	}
}
