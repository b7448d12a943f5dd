package webtest_test

import (
	"testing"

	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/web/webtest"
)

// TestBeforeYouTrustIt: what should be so before one relies on the service is said item by item, each with the way to where more is said.
func TestBeforeYouTrustIt(t *testing.T) {
	t.Parallel()
	b := operatetest.New()
	told(b)
	s := start(t, b, nil)
	p := webtest.Open(t, s.URL+"/web/discover")
	for _, text := range []string{"One manager.", "A second and a third one would go on without it.", "The configuration has", "1 of 3 programs failed when run last", "PostFailoverProcesses, number 2 has failed", "OnFailureDetectionProcesses, number 1 has not run since this manager began"} {
		p.AwaitText(".gates", text)
	}
	p.Await("the ways to more", `["nodes", "config", "publish"].every((path) => [...document.querySelectorAll(".gates a")].some((a) => new URL(a.href).pathname.endsWith("/" + path)))`)
}
