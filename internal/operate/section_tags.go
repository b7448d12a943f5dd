package operate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"orchestrator/internal/topology"
)

func tags() []*Operation {
	return []*Operation{
		{
			Name: "tags", Summary: "List the tags of an instance", Shape: Bare,
			Args: []Arg{{Param: ParamInstance, Required: true}}, Routes: []string{"tags/:host/:port"},
			Client: []Client{{Path: "tags/:host/:port", Needs: []Param{ParamInstance}, Print: PrintText}},
			Run: onInstance(func(_ *Engine, i Instance) any {
				list := TagList(slices.Clone(i.Tags))
				slices.SortFunc(list, func(a, b topology.Tag) int { return strings.Compare(a.Name, b.Name) })
				return list
			}),
		},
		{
			Name: "tag-value", Summary: "Show the value of a tag of an instance", Shape: Bare,
			Args:    []Arg{{Param: ParamInstance, Required: true}, {Param: ParamTag, Required: true}},
			Example: "orchestrator -c tag-value -i db-a1 -tag role",
			Routes:  []string{"tag-value/:host/:port", "tag-value/:host/:port/:tagName"},
			Client:  []Client{{Path: "tag-value/:host/:port?tag", Needs: []Param{ParamInstance, ParamTag}, Print: PrintText}},
			Run:     tagValue,
		},
		{
			Name: "tagged", Summary: "List the instances that have tags", Shape: Bare,
			Details: "The tags are a comma separated list of which all must hold: name, name=value, and with ~ in front\n" +
				"~name (the instance has tags, but not this one) or ~name=value (it has the tag with another value).",
			Example: "orchestrator -c tagged -tag 'role=backup,~frozen'",
			Args:    []Arg{{Param: ParamTag, Required: true}, {Param: ParamBystander}}, Routes: []string{"tagged", "tagged/:anyHost/:anyPort"},
			Client: []Client{{Path: "tagged?tag", Needs: []Param{ParamTag}, Print: PrintKeys}},
			Run: func(_ context.Context, _ *Engine, a Args) (Result, error) {
				keys, err := taggedKeys(a)
				return Result{Value: keys}, err
			},
		},
		{
			Name: "tag", Summary: "Give a tag to an instance", Rights: Write,
			Args:    []Arg{{Param: ParamInstance, Required: true}, {Param: ParamTag, Required: true}},
			Example: "orchestrator -c tag -i db-a1 -tag role=backup",
			Routes:  []string{"tag/:host/:port", "tag/:host/:port/:tagName/:tagValue"},
			Client:  []Client{{Path: "tag/:host/:port?tag", Needs: []Param{ParamInstance, ParamTag}, Print: PrintKey}},
			Run:     putTag,
		},
		{
			Name: "untag", Summary: "Remove a tag from an instance", Rights: Write,
			Args:    []Arg{{Param: ParamInstance, Required: true}, {Param: ParamTag, Required: true}},
			Example: "orchestrator -c untag -i db-a1 -tag role",
			Routes:  []string{"untag/:host/:port", "untag/:host/:port/:tagName"},
			Client:  []Client{{Path: "untag/:host/:port?tag", Needs: []Param{ParamInstance, ParamTag}, Print: PrintKeys}},
			Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
				return removeTag(ctx, e, a, func(i *topology.Instance) bool { return i.Key == a.Instance })
			},
		},
		{
			Name: "untag-all", Summary: "Remove a tag with the given value from all instances", Rights: Write,
			Args:    []Arg{{Param: ParamTag, Required: true}},
			Example: "orchestrator -c untag-all -tag role=backup",
			Routes:  []string{"untag-all", "untag-all/:tagName/:tagValue"},
			Client:  []Client{{Path: "untag-all?tag", Needs: []Param{ParamTag}, Print: PrintKeys}},
			Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
				if q, err := topology.ParseTagQuery(a.Text(ParamTag)); err != nil || !q.HasValue {
					return Result{}, errors.Join(err, errors.New("untag-all needs the value too, as name=value"))
				}
				return removeTag(ctx, e, a, func(*topology.Instance) bool { return true })
			},
		},
	}
}

func tagValue(_ context.Context, _ *Engine, a Args) (Result, error) {
	q, err := topology.ParseTagQuery(a.Text(ParamTag))
	if err != nil {
		return Result{}, err
	}
	i := a.Topology.Instance(a.Instance)
	if i != nil {
		for _, t := range i.Tags {
			if t.Name == q.Name {
				return Result{Value: t.Value}, nil
			}
		}
	}
	return Result{}, &Failure{Message: fmt.Sprintf("tag %s not found for %s", q.Name, a.Instance), Answer: true}
}

// taggedKeys are the servers that satisfy the expression, in the order of their texts.
func taggedKeys(a Args) ([]topology.Key, error) {
	terms, err := topology.ParseTagQueries(a.Text(ParamTag))
	if err != nil {
		return nil, err
	}
	keys := []topology.Key{}
	for _, i := range a.Topology.Instances() {
		if !slices.ContainsFunc(terms, func(q topology.TagQuery) bool { return !q.Matches(i.Tags) }) {
			keys = append(keys, i.Key)
		}
	}
	slices.SortFunc(keys, func(a, b topology.Key) int { return strings.Compare(a.String(), b.String()) })
	return keys, nil
}

func putTag(ctx context.Context, e *Engine, a Args) (Result, error) {
	q, err := topology.ParseTagQuery(a.Text(ParamTag))
	switch {
	case err != nil:
		return Result{}, err
	case q.Negate:
		return Result{}, fmt.Errorf("tag %q: a tag to set cannot be negated", a.Text(ParamTag))
	case e.Declarations == nil:
		return Result{}, unavailable("tags")
	}
	if err := e.Declarations.PutTag(ctx, a.Instance, q.Tag); err != nil {
		return Result{}, fmt.Errorf("tag %s: %w", a.Instance, err)
	}
	e.audit(ctx, "tag", a.Instance, "", q.Display())
	return Result{Value: a.Instance, Message: fmt.Sprintf("%s tagged with %s", a.Instance, q.Display())}, nil
}

// removeTag takes the tag, with its value if one was given, from those of the servers that have it.
func removeTag(ctx context.Context, e *Engine, a Args, from func(*topology.Instance) bool) (Result, error) {
	q, err := topology.ParseTagQuery(a.Text(ParamTag))
	switch {
	case err != nil:
		return Result{}, err
	case q.Negate:
		return Result{}, fmt.Errorf("tag %q: a tag to remove cannot be negated", a.Text(ParamTag))
	case e.Declarations == nil:
		return Result{}, unavailable("tags")
	}
	keys := []topology.Key{}
	for _, i := range a.Topology.Instances() {
		if from(i) && q.Matches(i.Tags) {
			keys = append(keys, i.Key)
		}
	}
	if len(keys) > 0 {
		if err := e.Declarations.RemoveTag(ctx, keys, q.Name); err != nil {
			return Result{}, fmt.Errorf("remove tag %s: %w", q.Name, err)
		}
	}
	for _, k := range keys {
		e.audit(ctx, "untag", k, "", q.Display())
	}
	return Result{Value: keys, Message: fmt.Sprintf("%s removed from %d instances", q.Display(), len(keys))}, nil
}
