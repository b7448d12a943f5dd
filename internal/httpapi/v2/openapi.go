package v2

import (
	"net/http"
	"reflect"
	"regexp"
	"strconv"

	"orchestrator/internal/operate"
)

// parameter is a query of a route.
type parameter struct {
	name string
	doc  string
	enum []string
}

// route is one method of one path: everything that is known of it, for the handler and for the document.
type route struct {
	method, path string // the path is below Prefix
	name         string // of the operation in the document
	topic        string
	summary      string
	doc          string
	needs        operate.Role
	local        bool // answered by the node that was asked, leader or not
	query        []parameter
	body         any // a value of the type of the body; nil: none
	answer       any // a value of the type of the answer
	status       int // of success; 0 is 200

	handle func(*request) (any, error)
	stream func(http.ResponseWriter, *request) // instead of handle: the answer goes on
}

var placeholder = regexp.MustCompile(`\{(\w+)\}`)

// pathParameters says what the placeholders of paths are.
var pathParameters = map[string]string{
	"cluster":   "a cluster: its name, its alias, or a member as host:port",
	"instance":  "a server, as host:port",
	"uid":       "the unique name of a recovery",
	"id":        "the id",
	"name":      "the name",
	"operation": "the name of an operation",
}

// document is the API as an OpenAPI 3.1 document.
func document(table []route, version string) schema {
	s := &schemas{named: map[string]schema{}}
	problem := s.of(reflect.TypeFor[Problem]())
	for _, event := range []any{Hello{}, Ping{}, Reset{}} { // of the stream, which has Event as its answer
		s.of(reflect.TypeOf(event))
	}
	paths := schema{}
	for n := range table {
		r := &table[n]
		item, _ := paths[r.path].(schema)
		if item == nil {
			item = schema{}
			paths[r.path] = item
		}
		item[lower(r.method)] = s.operation(r, problem)
	}
	return schema{
		"openapi": "3.1.0",
		"info": schema{
			"title": "orchestrator", "version": version,
			"description": "High availability of MySQL and MariaDB replication. Changes are plans: POST /plans shows what would be done, POST /plans/{id}/run does it.",
		},
		"servers":    []schema{{"url": Prefix}},
		"paths":      paths,
		"components": schema{"schemas": s.named, "securitySchemes": securitySchemes(), "headers": headersOfAnswers()},
		"security":   []schema{{}, {"basic": []string{}}, {"bearer": []string{}}, {"cookie": []string{}}},
	}
}

func securitySchemes() schema {
	return schema{
		"basic":  schema{"type": "http", "scheme": "basic"},
		"bearer": schema{"type": "http", "scheme": "bearer", "description": "a token of AuthUsersFile"},
		"cookie": schema{"type": "apiKey", "in": "cookie", "name": "access-token"},
	}
}

func headersOfAnswers() schema {
	header := func(text string) schema { return schema{"description": text, "schema": schema{"type": "string"}} }
	return schema{
		"Orchestrator-Node": header("which node has answered"),
		"Orchestrator-Role": header("leader or follower"),
		"Orchestrator-Time": header("the time of the node, by which ages are to be computed"),
		"ETag":              header("changes with the answer; send it back as If-None-Match"),
	}
}

func lower(method string) string {
	switch method {
	case http.MethodGet:
		return "get"
	case http.MethodPost:
		return "post"
	case http.MethodPut:
		return "put"
	}
	return "delete"
}

// operation is a route as the document has it.
func (s *schemas) operation(r *route, problem schema) schema {
	parameters := []schema{}
	for _, m := range placeholder.FindAllStringSubmatch(r.path, -1) {
		parameters = append(parameters, schema{"name": m[1], "in": "path", "required": true, "description": pathParameters[m[1]], "schema": schema{"type": "string"}})
	}
	for _, p := range r.query {
		of := schema{"type": "string"}
		if p.enum != nil {
			of["enum"] = p.enum
		}
		parameters = append(parameters, schema{"name": p.name, "in": "query", "description": p.doc, "schema": of})
	}
	status := r.status
	if status == 0 {
		status = http.StatusOK
	}
	refs := schema{}
	for name := range headersOfAnswers() {
		refs[name] = schema{"$ref": "#/components/headers/" + name}
	}
	media, of := "application/json", schema{}
	if r.stream != nil {
		media = "text/event-stream"
	}
	if r.answer != nil {
		of = s.of(reflect.TypeOf(r.answer))
	}
	out := schema{
		"operationId": r.name, "summary": r.summary, "tags": []string{r.topic}, "parameters": parameters, "x-role": string(r.needs),
		"responses": schema{
			strconv.Itoa(status): schema{"description": "as asked for", "headers": refs, "content": schema{media: schema{"schema": of}}},
			"default":            schema{"description": "why not", "content": schema{"application/problem+json": schema{"schema": problem}}},
		},
	}
	if r.doc != "" {
		out["description"] = r.doc
	}
	if r.body != nil {
		out["requestBody"] = schema{"required": true, "content": schema{"application/json": schema{"schema": s.of(reflect.TypeOf(r.body))}}}
	}
	return out
}
