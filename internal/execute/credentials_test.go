package execute

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"orchestrator/internal/plan"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// TestWhoTellsCredentials goes through the sources of credentials in their order.
func TestWhoTellsCredentials(t *testing.T) {
	all := []topology.Key{key("a"), key("b"), key("p")}
	for name, c := range map[string]struct {
		prepare func(map[string]*able, *Identities)
		tellers []topology.Key
		user    string // what the former primary signs in with; "" where it is left as it is
	}{
		"the successor":                      {func(s map[string]*able, _ *Identities) { s["a"].user, s["b"].user = "first", "second" }, all, "first"},
		"the successor, and nobody is named": {func(s map[string]*able, _ *Identities) { s["a"].user = "first" }, nil, "first"},
		"another follower":                   {func(s map[string]*able, _ *Identities) { s["a"].user, s["b"].user = "", "second" }, all, "second"},
		"the server itself":                  {func(s map[string]*able, _ *Identities) { s["a"].user, s["b"].user, s["p"].user = "", "", "own" }, all, "own"},
		"what was read at the promotion": {func(s map[string]*able, i *Identities) {
			s["a"].user, s["b"].user, s["p"].user = "", "", ""
			i.note(key("a"), identity{Credentials: server.Credentials{User: "before"}})
		}, all, "before"},
		"who tells now comes before what was read": {func(s map[string]*able, i *Identities) {
			s["a"].user, s["b"].user = "", "second"
			i.note(key("a"), identity{Credentials: server.Credentials{User: "before"}})
		}, all, "second"},
		"what was read at another one's promotion": {func(s map[string]*able, i *Identities) {
			s["a"].user, s["b"].user, s["p"].user = "", "", ""
			i.note(key("b"), identity{Credentials: server.Credentials{User: "before"}})
		}, all, ""},
		"nobody": {func(s map[string]*able, _ *Identities) { s["a"].user, s["b"].user, s["p"].user = "", "", "" }, all, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				known := &Identities{}
				servers, e := couple(Options{Identities: known})
				servers["p"].user = ""
				c.prepare(servers, known)
				p := &plan.Plan{Failed: key("p"), Successor: key("a")}
				p.Add(1, on("a", plan.Action{Verb: plan.ReadCredentials, Tellers: c.tellers}))
				p.Add(2, on("p", plan.Action{Verb: plan.BecomeReplica, Source: key("a"), Place: plan.ByOracleGTID}))
				err := e.NewRun().Plan(t.Context(), p, 0)
				if (err == nil) != (c.user != "") || err != nil && !errors.Is(err, server.ErrNoCredentials) {
					t.Fatalf("error %v, want credentials of %q", err, c.user)
				}
				var want []string
				if c.user != "" {
					want = []string{"change to a:3306 mode 1 at :0 as " + c.user}
				} else if !strings.Contains(err.Error(), "ReplicationCredentialsQuery") {
					t.Errorf("the error %q does not say what to do", err)
				}
				if got := servers["p"].statements(); !slices.Equal(got, want) {
					t.Errorf("statements %q, want %q", got, want)
				}
			})
		})
	}
}

// TestPromotedServerTellsBeforeItForgets: afterwards nobody may know what its only replica signed in with.
func TestPromotedServerTellsBeforeItForgets(t *testing.T) {
	known := &Identities{}
	servers, e := couple(Options{Identities: known})
	forget := on("a", plan.Action{Verb: plan.ForgetSource})
	if err := e.NewRun().Stage(t.Context(), []*plan.Step{&forget}); err != nil {
		t.Fatal(err)
	}
	for _, s := range servers {
		s.user = ""
	}
	p := &plan.Plan{Failed: key("p"), Successor: key("a")}
	p.Add(1, on("a", plan.Action{Verb: plan.ReadCredentials}))
	p.Add(2, on("p", plan.Action{Verb: plan.BecomeReplica, Source: key("a"), Place: plan.ByOracleGTID}))
	if err := e.NewRun().Plan(t.Context(), p, 0); err != nil {
		t.Fatal(err)
	}
	if got := servers["p"].change.User; got != "repl" {
		t.Errorf("it signs in as %q", got)
	}
}

// hanging is a server that never tells.
type hanging struct{ Server }

func (hanging) Credentials(ctx context.Context) (server.Credentials, error) {
	<-ctx.Done()
	return server.Credentials{}, ctx.Err()
}

func TestWhoHangsDoesNotHideCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		servers, e := couple(Options{})
		e.o.Server = func(k topology.Key) Server {
			if k == key("a") {
				return hanging{servers["a"]}
			}
			return servers[k.Hostname]
		}
		step := on("a", plan.Action{Verb: plan.ReadCredentials, Tellers: []topology.Key{key("a"), key("b")}})
		if err := e.NewRun().Stage(t.Context(), []*plan.Step{&step}); err != nil {
			t.Fatal(err)
		}
	})
}
