package webtest_test

import (
	"testing"

	"orchestrator/internal/web/webtest"
)

// noting counts what the page asks the browser to call again.
const noting = `(() => {
	const noted = window.idleNoted = { Frames: 0, Timers: 0, Fast: [] };
	const [frame, timeout, interval] = [requestAnimationFrame, setTimeout, setInterval];
	window.requestAnimationFrame = (f) => { noted.Frames++; return frame(f); };
	window.setTimeout = (f, ms, ...more) => { noted.Timers++; return timeout(f, ms, ...more); };
	window.setInterval = (f, ms, ...more) => { if (!(ms >= 1000)) noted.Fast.push(ms); return interval(f, ms, ...more); };
})()`

// TestIdle: while nothing happens the page does next to nothing: no clock is faster than a second, and nothing moves.
func TestIdle(t *testing.T) {
	t.Parallel()
	all := everything()
	s := startForetold(t, all, withHistory(all), nil)
	p := webtest.Open(t, s.URL+"/web/about")
	p.Before(noting)
	for _, name := range []string{"clusters", "cluster-big", "managers"} {
		x := screenNamed(t, name)
		p.Go(s.URL + "/web/" + x.path)
		p.Await("the screen "+name, `document.querySelector(".l-live") && document.documentElement.dataset.parts && !document.querySelector("[aria-busy=true]")`)
		const seconds = 4
		webtest.Value[bool](p, `(window.idleFrom = performance.now() + 1000, true)`) // what it has begun may end
		p.Await("it to be at rest", `performance.now() > idleFrom`)
		if webtest.Value[int](p, "idleNoted.Frames + idleNoted.Timers") == 0 {
			t.Fatal("nothing is noted: it has asked for something while it was loaded")
		}
		webtest.Value[bool](p, `(Object.assign(idleNoted, { Frames: 0, Timers: 0 }), idleFrom = performance.now(), true)`)
		p.Await("four seconds", `performance.now() > idleFrom + 4000`)
		is := webtest.Value[struct {
			Frames, Timers int
			Fast           []float64
		}](p, "idleNoted")
		t.Logf("%s: %d frames and %d timers were asked for in %d s", name, is.Frames, is.Timers, seconds)
		// The clock is shown anew each second, which takes a frame and a timer of the library at the most.
		if len(is.Fast) > 0 || is.Frames > 3*(seconds+1) || is.Timers > 3*(seconds+1) {
			t.Errorf("%s is never at rest: %+v", name, is)
		}
		if moves := webtest.Value[int](p, `document.getAnimations().filter((a) => a.playState === "running").length`); moves > 0 {
			t.Errorf("%s: %d animations run, and nothing happens", name, moves)
		}
	}
}
