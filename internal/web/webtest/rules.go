package webtest

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/chromedp"
)

//go:embed rules.js
var rulesScript string

// Rules returns what of the screen breaks the rules of accessibility: those of rules.js, asked of the document, and that
// everything that can be used has a name, asked of the tree that the browser makes for those who listen.
func (p *Page) Rules() []string {
	p.t.Helper()
	return append(Value[[]string](p, rulesScript), p.nameless()...)
}

// named are the roles that say nothing without a name.
var named = strings.Fields("alertdialog button checkbox combobox comboBoxSelect dialog disclosureTriangle heading image link listbox menu menuitem navigation option popUpButton " +
	"progressbar radio radiogroup searchbox slider spinbutton switch tab table textbox tree treeitem")

func (p *Page) nameless() []string {
	p.t.Helper()
	ctx, cancel := p.bounded()
	defer cancel()
	found, err := chromedp.Run(ctx, func(ctx context.Context, t *chromedp.Target) ([]string, error) {
		if _, err := cdp.Call(ctx, t, accessibility.Enable, cdp.Empty{}); err != nil {
			return nil, err
		}
		tree, err := cdp.Call(ctx, t, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
		if err != nil {
			return nil, err
		}
		var found []string
		for _, node := range tree.Nodes {
			role := valueOf(node.Role)
			if node.Ignored || !slices.Contains(named, role) || valueOf(node.Name) != "" {
				continue
			}
			is, err := cdp.Call(ctx, t, dom.DescribeNode, dom.DescribeNodeParams{BackendNodeID: node.BackendDOMNodeID})
			if err != nil {
				continue // it has gone since
			}
			found = append(found, fmt.Sprintf("name: %s %q: a %s without a name", strings.ToLower(is.Node.NodeName), is.Node.Attributes, role))
		}
		return found, nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return found
}

func valueOf(v *accessibility.Value) string {
	if v == nil {
		return ""
	}
	return strings.TrimSpace(strings.Trim(string(v.Value), `"`))
}

//go:embed walk.js
var walkScript string

// stop is where the tab key has led to.
type stop struct {
	Name    string // of the element, for people
	Kind    string // elements of one kind show the focus in the same way
	Ended   bool   // the walk is over: everything was seen, or the focus has left the document
	Outline bool   // a line is drawn around it, or around what holds it
}

// Walk goes through a part of the screen with the tab key, or through the dialog that is open, and returns what is wrong with the way: controls that it does not reach, places that it
// does not leave, and stops that nobody sees. Of each kind of control one is looked at in a picture, which must differ from
// that without the focus; kinds are those that were looked at before, on this screen or on another.
func (p *Page) Walk(part string, kinds map[string]bool) []string {
	p.t.Helper()
	var wrong []string
	Value[bool](p, fmt.Sprintf("%s(%q)", strings.TrimRight(walkScript, "\n"), part))
	for {
		p.Key("Tab")
		at := Value[stop](p, "window.tabWalk.step()")
		if at.Ended {
			break
		}
		if !at.Outline {
			wrong = append(wrong, "focus: "+at.Name+": no line around it")
		}
		if !kinds[at.Kind] {
			kinds[at.Kind] = true
			if !p.showsFocus() {
				wrong = append(wrong, "focus: "+at.Name+": it looks the same without the focus")
			}
		}
	}
	return append(wrong, Value[[]string](p, "window.tabWalk.left()")...)
}

// showsFocus says whether what has the focus looks different without it. What stands elsewhere a moment later, because more
// has come above it, is looked at again.
func (p *Page) showsFocus() bool {
	p.t.Helper()
	for range 3 {
		box := Value[[4]float64](p, "window.tabWalk.box()")
		with := p.part(box)
		Value[bool](p, "window.tabWalk.leave()")
		without := p.part(box)
		Value[bool](p, "window.tabWalk.back()")
		if !bytes.Equal(with, without) {
			return true
		}
	}
	return false
}
