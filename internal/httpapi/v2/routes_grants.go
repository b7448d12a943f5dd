package v2

import (
	"cmp"
	"net/http"

	"orchestrator/internal/topology"
)

// Grants is what the account that manages servers needs.
type Grants struct {
	User  string      `json:"user" doc:"MySQLTopologyUser; orchestrator where that is not given here"`
	Items []GrantsFor `json:"items"`
}

// GrantsFor is what it needs on servers of some versions.
type GrantsFor struct {
	Servers    string           `json:"servers"`
	Statements []GrantStatement `json:"statements"`
}

// GrantStatement gives a part of it.
type GrantStatement struct {
	SQL      string `json:"sql" doc:"with … where the password is to be written"`
	For      string `json:"for"`
	Optional bool   `json:"optional" doc:"all that is needed every day works without it"`
}

func grantRoutes() []route {
	return []route{{
		method: http.MethodGet, path: "/grants", name: "getGrants", topic: "service", summary: "The statements that make the account by which servers are managed", local: true,
		answer: Grants{}, handle: grants,
	}}
}

func grants(q *request) (any, error) {
	out := Grants{User: cmp.Or(q.api.Engine.Config().MySQLTopologyUser, "orchestrator"), Items: []GrantsFor{}}
	for _, g := range topology.ManagingGrants(out.User) {
		item := GrantsFor{Servers: g.Servers, Statements: []GrantStatement{}}
		for _, s := range g.Statements {
			item.Statements = append(item.Statements, GrantStatement(s))
		}
		out.Items = append(out.Items, item)
	}
	return out, nil
}
