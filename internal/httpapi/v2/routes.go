package v2

import (
	"net/http"
	"slices"

	"orchestrator/internal/operate"
)

// routes is the table of all routes.
func (a *API) routes() []route {
	table := slices.Concat(
		a.serviceRoutes(), a.readinessRoutes(), grantRoutes(), a.nodeRoutes(), a.configRoutes(), a.publishRoutes(), clusterRoutes(), settingRoutes(),
		historyRoutes(), outlookRoutes(), serverRoutes(), foundRoutes(), errantRoutes(), donorRoutes(), binlogRoutes(), declaringRoutes(),
		recordRoutes(), gameDayRoutes(), planRoutes(), a.eventRoutes(),
	)
	for n := range table {
		r := &table[n]
		if r.needs == operate.Nobody {
			r.needs = operate.Viewer
		}
	}
	return append(table, a.documentRoute(table))
}

// documentRoute serves the document of all other routes, and of itself.
func (a *API) documentRoute(table []route) route {
	r := route{
		method: http.MethodGet, path: "/openapi.json", name: "getOpenAPI", topic: "service", summary: "This API as an OpenAPI 3.1 document",
		needs: operate.Viewer, local: true, answer: map[string]any{},
	}
	text := document(append(slices.Clone(table), r), a.Engine.Node.Version)
	r.handle = func(*request) (any, error) { return text, nil }
	return r
}

// runs makes a handler that runs an operation of the registry with the values that read takes from the request.
func runs(operation string, read func(q *request) (map[operate.Param]string, error)) func(*request) (any, error) {
	return func(q *request) (any, error) {
		values, err := read(q)
		if err != nil {
			return nil, err
		}
		result, err := q.call(operation, values)
		if err != nil {
			return nil, err
		}
		return Outcome{Operation: operation, Message: result.Message}, nil
	}
}

// body is a handler's reader of a JSON body.
func body[T any](values func(q *request, b T) map[operate.Param]string) func(*request) (map[operate.Param]string, error) {
	return func(q *request) (map[operate.Param]string, error) {
		var b T
		if err := q.decode(&b); err != nil {
			return nil, err
		}
		return values(q, b), nil
	}
}

// path is a reader of the placeholders alone.
func path(values func(q *request) map[operate.Param]string) func(*request) (map[operate.Param]string, error) {
	return func(q *request) (map[operate.Param]string, error) { return values(q), nil }
}

func ofInstance(q *request) map[operate.Param]string {
	return map[operate.Param]string{operate.ParamInstance: q.PathValue("instance")}
}

// paging are the queries of lists.
func paging(more ...parameter) []parameter {
	return append(more, parameter{name: "limit", doc: "how many, from 1 to 500; 50 when not given"}, parameter{name: "cursor", doc: "the member next of the page before"})
}
