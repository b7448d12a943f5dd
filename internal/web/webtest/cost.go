package webtest

import (
	"context"
	"fmt"
	"slices"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/chromedp"
)

// Cost is what the page had to do for something that it was put through. Counts are the same on every machine; times are
// for people to read.
type Cost struct {
	Frames    []float64 // how long each frame took, in milliseconds, the shortest first
	Layouts   int       // how often the browser placed everything anew
	Script    float64   // seconds within the page's own program
	LongTasks int       // tasks of more than 50 ms
	Added     int       // elements that came
	Drawn     int       // frames in which something of the screen changed
	Touched   []string  // data-id of the cards in which something changed, each once
}

// String is one line of figures.
func (c Cost) String() string {
	at := func(part float64) float64 { return c.Frames[int(part*float64(len(c.Frames)-1))] }
	return fmt.Sprintf("%d frames, median %.1f ms, 95 of 100 within %.1f ms; %d layouts, %.0f ms in the program, %d tasks of more than 50 ms; %d elements came, %d cards changed in %d frames",
		len(c.Frames), at(.5), at(.95), c.Layouts, c.Script*1000, c.LongTasks, c.Added, len(c.Touched), c.Drawn)
}

// watch notes in the page what happens, until it is asked for.
const watch = `(() => {
	const noted = window.costNoted = { Frames: [], LongTasks: 0, Added: 0, Drawn: 0, Touched: [] };
	const touched = new Set(), drawn = new Set();
	let last = performance.now(), frame = 0;
	const next = (now) => { noted.Frames.push(now - last); last = now; frame = requestAnimationFrame(next); };
	frame = requestAnimationFrame(next);
	const tasks = new PerformanceObserver((list) => { noted.LongTasks += list.getEntries().length; });
	tasks.observe({ entryTypes: ["longtask"] });
	const look = (records) => {
		if (records.length > 0) drawn.add(noted.Frames.length);
		for (const record of records) {
			noted.Added += record.addedNodes.length;
			const card = (record.target.nodeType === 1 ? record.target : record.target.parentElement)?.closest("[data-id]");
			if (card) touched.add(card.dataset.id);
		}
	};
	const changes = new MutationObserver(look);
	changes.observe(document.querySelector("main"), { subtree: true, childList: true, attributes: true, characterData: true });
	window.costEnd = () => {
		look(changes.takeRecords());
		changes.disconnect();
		tasks.disconnect();
		cancelAnimationFrame(frame);
		noted.Touched = [...touched];
		noted.Drawn = drawn.size;
		return noted;
	};
	return true;
})()`

// CostOf puts the page through something, and returns what it cost.
func (p *Page) CostOf(work func()) Cost {
	p.t.Helper()
	before := p.metrics()
	Value[bool](p, watch)
	work()
	cost := Value[Cost](p, "window.costEnd()")
	after := p.metrics()
	slices.Sort(cost.Frames)
	if len(cost.Frames) == 0 {
		p.t.Fatal("no frame was drawn")
	}
	cost.Layouts = int(after["LayoutCount"] - before["LayoutCount"])
	cost.Script = after["ScriptDuration"] - before["ScriptDuration"]
	return cost
}

// metrics are the counters of the browser.
func (p *Page) metrics() map[string]float64 {
	p.t.Helper()
	ctx, cancel := p.bounded()
	defer cancel()
	all, err := chromedp.Run(ctx, func(ctx context.Context, t *chromedp.Target) (map[string]float64, error) {
		if _, err := cdp.Call(ctx, t, performance.Enable, performance.EnableParams{}); err != nil {
			return nil, err
		}
		answer, err := cdp.Call(ctx, t, performance.GetMetrics, cdp.Empty{})
		if err != nil {
			return nil, err
		}
		all := map[string]float64{}
		for _, m := range answer.Metrics {
			all[m.Name] = m.Value
		}
		return all, nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return all
}
