package v2

import (
	"net/http"

	"orchestrator/internal/operate"
)

func planRoutes() []route {
	return []route{
		{method: http.MethodGet, path: "/plans", name: "listPlans", topic: "plans", summary: "Plans of this node, newest first", local: false,
			query:  paging(parameter{name: "state", doc: "only those", enum: []string{"planned", "running", "done", "failed", "stopped", "expired"}}, parameter{name: "cluster", doc: "only of the cluster of this name"}),
			answer: Page[PlanRow]{}, handle: func(q *request) (any, error) {
				w, err := q.window()
				if err != nil {
					return nil, err
				}
				state, cluster := q.text("state"), q.text("cluster")
				rows := q.api.plans.list(func(p *Plan) bool {
					return (state == "" || p.State == state) && (cluster == "" || p.Cluster == cluster)
				})
				return pageOf(rows, w, func(r PlanRow) string { return r.ID })
			}},
		{method: http.MethodPost, path: "/plans", name: "makePlan", topic: "plans", summary: "Say what an operation would do; nothing is changed",
			doc:  "The plan is made by the code that would run it, after a fresh look at the servers in question. It may be run for ten minutes. Whoever may look may ask for plans; to run one needs the role of its operation.",
			body: PlanRequest{}, answer: Plan{}, status: http.StatusCreated, needs: operate.Viewer, handle: func(q *request) (any, error) {
				var b PlanRequest
				if err := q.decode(&b); err != nil {
					return nil, err
				}
				p, err := q.api.makePlan(q, b)
				if err != nil {
					return nil, err
				}
				return p.shown, nil
			}},
		{method: http.MethodGet, path: "/plans/{id}", name: "getPlan", topic: "plans", summary: "A plan before, while and after it runs", answer: Plan{}, handle: func(q *request) (any, error) {
			p, known := q.api.plans.get(q.PathValue("id"))
			if !known {
				return nil, noPlan(q.PathValue("id"))
			}
			return p, nil
		}},
		{method: http.MethodPost, path: "/plans/{id}/run", name: "runPlan", topic: "plans", summary: "Carry a plan out",
			doc:  "The plan is made once more. If it would be another one now, the answer is 409 plan-outdated with the new plan. Otherwise it begins to run, and the answer does not wait for its end: GET the plan, or follow the topic plan:ID of the events.",
			body: RunRequest{}, answer: Plan{}, status: http.StatusAccepted, needs: operate.Operator, handle: func(q *request) (any, error) {
				var b RunRequest
				if err := q.decode(&b); err != nil {
					return nil, err
				}
				return q.api.runPlan(q, q.PathValue("id"), b)
			}},
		{method: http.MethodPost, path: "/plans/{id}/stop", name: "stopPlan", topic: "plans", summary: "Stop a plan that runs",
			doc:    "What it has done is taken back as far as its steps say how. Takeovers and recoveries cannot be stopped: they end themselves at their limits.",
			answer: Plan{}, status: http.StatusAccepted, needs: operate.Operator, handle: func(q *request) (any, error) { return q.api.stopPlan(q.PathValue("id")) }},
	}
}
