package webtest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"orchestrator/internal/move"
	"orchestrator/internal/operate"
	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/plan"
	"orchestrator/internal/refactor"
	"orchestrator/internal/web/webtest"
)

// cardOf is the selector of a server's card.
func cardOf(server string) string { return fmt.Sprintf(`[data-id="%s:3306"]`, server) }

// atRest says that nothing moves any more: where cards are is worth knowing then alone.
const atRest = `document.getAnimations().every((a) => a.playState !== "running" || a.effect.getComputedTiming().iterations === Infinity)`

// dragTo takes a card, or a part of it, to another one and holds it there.
func dragTo(p *webtest.Page, from webtest.Point, to string) {
	target := p.At(cardOf(to), .7, .5)
	p.Drag(from, from.Towards(target, .5), 4)
	p.Await("the verdicts", `document.querySelector(".card.can, .card.cannot")`)
	p.Move(p.At(cardOf(to), .69, .5))
	p.Move(target)
}

// TestPlanIsSeenAndFollowed: the tree shows what a plan makes of it, the space bar shows the other one while it is held, and who
// leaves a plan that runs sees on every screen how far it is, and hears of its end.
func TestPlanIsSeenAndFollowed(t *testing.T) {
	t.Parallel()
	b := operatetest.New()
	goOn, began := make(chan struct{}), make(chan struct{}, 1)
	b.OnStep = func(s plan.Step) {
		if s.N == 1 {
			began <- struct{}{}
			<-goOn
		}
	}
	s := start(t, b, nil)
	p := webtest.Open(t, s.URL+"/web/cluster/alias/orders?view=tree")
	p.Await("the tree", fmt.Sprintf("document.querySelector(%q)", cardOf("db-b1")))
	dragTo(p, p.At(cardOf("db-b1"), .4, .5), "db-a1")
	p.Release(p.At(cardOf("db-a1"), .7, .5))
	p.Await("the plan", `document.querySelector(".plan[data-state=planned] [data-verb]") === document.activeElement`)
	const then = `document.querySelector(".card.planned .was") !== null`
	p.Await("the tree as planned", then)
	hold := func(kind string) {
		webtest.Value[bool](p, fmt.Sprintf(`(document.activeElement.dispatchEvent(new KeyboardEvent(%q, {key: " ", bubbles: true, cancelable: true})), true)`, kind))
	}
	hold("keydown")
	p.Await("the tree as it is", "!("+then+")")
	hold("keyup")
	p.Await("the tree as planned again", then)
	if webtest.Value[string](p, `document.querySelector(".plan").dataset.state`) != "planned" {
		t.Error("the space bar has run the plan")
	}
	p.ClickText("As it is now")
	p.Await("the tree as it is, until it is switched back", "!("+then+`) && document.querySelector(".flip [aria-pressed=true]").innerText === "As it is now"`)

	p.Click(".plan .pn-foot [type=submit]")
	<-began
	p.Await("that it runs, and what stopping leaves", `document.querySelector(".plan[data-state=running] .pn-foot")?.innerText.includes("Stopping it:")`)
	p.Key("Escape")
	p.AwaitText(".underway a", "db-b1:3306")
	p.Await("who is at work, on the cluster", `document.querySelector(".c-title").innerText.includes("at work")`)
	p.AwaitText(cardOf("db-b1"), "at work")
	p.ClickText("Problems")
	p.Await("another screen that tells of it", `location.pathname === "/web/problems" && document.querySelector(".underway a")`)
	close(goOn)
	p.Await("that it has ended", `!document.querySelector(".underway") && document.querySelector(".toast")`)
}

// fullDisk are relocations that come to no good end.
type fullDisk struct{ *operatetest.Backend }

func (f fullDisk) Relocate(ctx context.Context, r refactor.Relocation) (move.Done, error) {
	done, err := f.Backend.Relocate(ctx, r)
	return done, errors.Join(err, errors.New("the disk is full"))
}

// TestFailedPlanSaysWhatItLeaves: what was done and stays is named, and the plan can be asked for anew.
func TestFailedPlanSaysWhatItLeaves(t *testing.T) {
	t.Parallel()
	b := operatetest.New()
	s := start(t, b, func(e *operate.Engine) { e.Relocations = fullDisk{b} })
	p := webtest.Open(t, s.URL+"/web/cluster/alias/orders?view=tree")
	p.Await("the tree", fmt.Sprintf("document.querySelector(%q)", cardOf("db-b1")))
	dragTo(p, p.At(cardOf("db-b1"), .4, .5), "db-a1")
	p.Release(p.At(cardOf("db-a1"), .7, .5))
	p.Click(".plan[data-state=planned] .pn-foot [type=submit]")
	p.AwaitText(".plan[data-state=failed] .verdict", "the disk is full")
	p.AwaitText(".plan .verdict", "Done, and not taken back:")
	p.ClickText("Make the plan anew")
	p.Await("a new plan", `document.querySelector(".plan[data-state=planned]")`)
}

// TestSeveralAreMoved: one of several that are selected takes the others along, by pointer and by keys; the number at a card
// takes all replicas, and so does a capital M.
func TestSeveralAreMoved(t *testing.T) {
	t.Parallel()
	b := operatetest.New()
	s := start(t, b, nil)
	p := webtest.Open(t, s.URL+"/web/cluster/alias/orders?view=tree&sel=db-a2:3306,db-a3:3306")
	p.Await("the tree", fmt.Sprintf("document.querySelector(%q)", cardOf("db-a3")))
	from := p.At(cardOf("db-a3"), .4, .5)
	p.Drag(from, webtest.Point{X: from.X + 30, Y: from.Y + 30}, 4)
	p.Await("both on their way", `document.querySelectorAll(".card.source").length === 2`)
	p.AwaitText(".dragghost", "2 replicas")
	p.Key("Escape")
	p.Release(from)
	p.Await("nothing is moved", `!document.querySelector(".dragging")`)

	p.ClickText("Move together…")
	p.Await("the focus in the tree", `document.activeElement.matches("[role=treeitem]") && document.querySelectorAll(".card.source").length === 2`)
	p.Key("Escape")

	p.Go(s.URL + "/web/cluster/alias/orders?view=tree")
	p.Await("the tree", fmt.Sprintf("document.querySelector(%q)", cardOf("db-a2")))
	webtest.Value[bool](p, fmt.Sprintf("document.querySelector(%q).focus() === undefined", cardOf("db-a2")))
	p.Key("M")
	p.AwaitText(".dragghost", "the replicas of db-a2")
	p.Key("Escape")

	phone := webtest.Open(t, s.URL+"/web/cluster/alias/orders?view=outline&sel=db-a2:3306,db-a3:3306", webtest.Size(390, 844), webtest.Touch())
	phone.ClickText("Move together…")
	phone.Await("the list of sources, the possible ones first", `(() => { const all = [...document.querySelectorAll("dialog[open] .target")].map((e) => e.getAttribute("aria-disabled") === "true"); return all.length > 1 && !all.some((no, n) => no === false && all[n - 1] === true) })()`)
}

// TestDragAtTheEdges: a refusal says why; a folded card opens under what is held over it; the plane follows at its edge; a long
// press picks up by touch.
func TestDragAtTheEdges(t *testing.T) {
	t.Parallel()
	b := everything()
	s := start(t, b, nil)
	p := webtest.Open(t, s.URL+"/web/cluster/alias/orders?view=tree")
	p.Await("the tree", fmt.Sprintf("document.querySelector(%q)", cardOf("db-b1")))
	dragTo(p, p.At(cardOf("db-a2"), .4, .5), "db-b1")
	p.Await("the refusal", `document.querySelector(".dragghost.no")`)
	p.Release(p.At(cardOf("db-b1"), .7, .5))
	p.AwaitText(".toast", "Rule: ")
	p.ClickText("Why, and where else?")
	p.Await("all sources with their reasons", `document.querySelector("dialog[open] .target[aria-disabled=true] small")?.innerText.length > 10`)
	p.Key("Escape")

	p.Go(s.URL + "/web/cluster/alias/many?view=tree")
	p.Await("the folded card", `document.querySelector(".card.many")`)
	cards := func() int { return webtest.Value[int](p, `document.querySelectorAll(".card").length`) }
	before := cards()
	single := webtest.Value[string](p, `document.querySelector(".card.many").dataset.id`)
	from := p.At(cardOf("many-db-1"), .4, .5)
	p.Drag(from, p.At(".card.many", .5, .5), 6)
	p.Await("that it opens", fmt.Sprintf(`new URLSearchParams(location.search).get("fold") === %q && document.querySelectorAll(".card").length > %d`, single, before))
	place := webtest.Value[string](p, `document.querySelector(".stage").style.transform`)
	low := p.At("#canvas", .5, .99)
	p.Move(webtest.Point{X: low.X, Y: low.Y - 2})
	p.Move(low)
	p.Await("that the plane follows", fmt.Sprintf(`document.querySelector(".stage").style.transform !== %q`, place))
	p.Key("Escape")
	p.Release(low)

	finger := webtest.Open(t, s.URL+"/web/cluster/alias/orders?view=tree", webtest.Touch())
	finger.Await("the tree", fmt.Sprintf("document.querySelector(%q)", cardOf("db-b1")))
	webtest.Value[bool](finger, `(Element.prototype.setPointerCapture = () => undefined, true)`) // the finger is made up
	at := finger.At(cardOf("db-b1"), .4, .5)
	webtest.Value[bool](finger, fmt.Sprintf(`(document.querySelector(%q).dispatchEvent(new PointerEvent("pointerdown", {pointerType: "touch", pointerId: 7, button: 0, bubbles: true, clientX: %f, clientY: %f})), true)`, cardOf("db-b1"), at.X, at.Y))
	finger.Await("that it is picked up", `document.querySelector(".dragging .card.source")`)
}

// TestFindInTheTree: those that are meant are lit up, folded ones too; Enter jumps to the next; the small picture of a large
// tree is there, and from far away dots are drawn alone.
func TestFindInTheTree(t *testing.T) {
	t.Parallel()
	b := everything()
	s := start(t, b, nil)
	p := webtest.Open(t, s.URL+"/web/cluster/alias/many?view=tree")
	p.Await("the folded card", `document.querySelector(".card.many")`)
	webtest.Value[bool](p, fmt.Sprintf("document.querySelector(%q).focus() === undefined", cardOf("many-db-1")))
	p.Key("f")
	p.Type("many-db-77")
	p.Await("the folded one lit up", `document.querySelectorAll(".card.many.find-hit .m-hit").length === 1 && document.querySelector(".find [role=status]").innerText === "1 hit"`)
	p.Key("Enter")
	p.Await("its card", fmt.Sprintf(`document.querySelector(%q)?.matches(".find-hit") && location.search.includes("many-db-77")`, cardOf("many-db-77")))
	p.Await("the small picture of all", `document.querySelector(".minimap path")?.getAttribute("d").length > 5000`)
	p.Key("Escape")
	p.Await("nothing is lit up any more", `!document.querySelector(".find-hit") && !document.querySelector(".find")`)
	for _, level := range []string{"names", "dots"} {
		p.Await("the level "+level, fmt.Sprintf(`document.querySelector("#canvas").dataset.detail === %q || (document.querySelector("[aria-label='Zoom out']").click(), false)`, level))
	}
	p.Await("dots alone", `document.querySelectorAll("#canvas .card").length === 0 && document.querySelectorAll("#canvas .edges use").length > 400`)

	p.Go(s.URL + "/web/cluster/alias/many?view=outline")
	p.Await("the outline", `document.querySelector(".o-row")`)
	webtest.Value[bool](p, `document.querySelector(".o-row").focus() === undefined`)
	p.Key("f")
	p.Type("db-1")
	p.Await("who is meant there", `document.querySelector(".o-row.find-hit")`)

	p.Go(s.URL + "/web/cluster/alias/group?view=tree")
	p.AwaitText(".grp", "single-primary, 3 of 3 members online")
}

// TestTreeIsShownAsLiked: what is shown is chosen by the words of each box, and is so again when the page is loaded anew.
func TestTreeIsShownAsLiked(t *testing.T) {
	t.Parallel()
	s := start(t, operatetest.New(), nil)
	p := webtest.Open(t, s.URL+"/web/cluster/alias/orders?view=tree")
	p.Await("the tree", fmt.Sprintf("document.querySelector(%q)", cardOf("db-a2")))
	p.ClickText("What is shown")
	for _, words := range []string{"Pools on the cards", "Compact", "Colour by site"} {
		p.Await("the box "+words, fmt.Sprintf(`(() => { const label = [...document.querySelectorAll(".view-menu label")].find((e) => e.innerText.trim() === %q); label?.setAttribute("data-aim", %q); return label })()`, words, strings.ToLower(strings.Fields(words)[0])))
		p.Click(fmt.Sprintf(`[data-aim=%s] span`, strings.ToLower(strings.Fields(words)[0])))
	}
	liked := fmt.Sprintf(`document.documentElement.dataset.density === "compact" && document.querySelector(%q)?.innerText.includes("reporting") && document.querySelector(".card.by-site")`, cardOf("db-a2"))
	p.Await("the tree as it is liked", liked)
	p.Go(s.URL + "/web/cluster/alias/orders?view=tree")
	p.Await("the same again", liked)
}

// TestDragMeansMore: a primary that is put onto its own replica becomes its co-primary, which asks for the alias.
func TestDragMeansMore(t *testing.T) {
	t.Parallel()
	s := start(t, everything(), nil)
	p := webtest.Open(t, s.URL+"/web/cluster/alias/alpha?view=tree")
	p.Await("the tree", `document.querySelectorAll(".card").length === 3`)
	primary, replica := strings.TrimSuffix(webtest.Value[string](p, `document.querySelector(".card.primary").dataset.id`), ":3306"), strings.TrimSuffix(webtest.Value[string](p, `document.querySelector(".card:not(.primary)").dataset.id`), ":3306")
	p.Await("the tree at rest", atRest)
	dragTo(p, p.At(cardOf(primary), .4, .3), replica)
	p.AwaitText(".dragghost.yes", "become co-primaries")
	p.AwaitText(".card.over .z", "make it co-primary")
	p.Release(p.At(cardOf(replica), .7, .5))
	p.Await("its plan, which asks for the alias", `document.querySelector(".plan[data-state=planned] input[name=confirm]") && document.querySelector(".plan [type=submit]").disabled`)
	p.Key("Escape")
	p.Await("no plan", `!document.querySelector(".plan")`)
}
