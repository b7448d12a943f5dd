package published

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// objects are the published fields of each object, with their types.
func objects() map[string]map[string]string {
	all := map[string]map[string]string{}
	for _, row := range rows("objects", 3) {
		if all[row[0]] == nil {
			all[row[0]] = map[string]string{}
		}
		all[row[0]][row[1]] = row[2]
	}
	return all
}

// Checker compares answers with the published types.
type Checker struct{ objects map[string]map[string]string }

// NewChecker reads the published objects.
func NewChecker() *Checker { return &Checker{objects()} }

// Body checks the body of a successful answer of a route.
func (c *Checker) Body(r Route, body []byte) error {
	if r.Body == "bare" {
		return c.Value(r.Value, body)
	}
	var e map[string]json.RawMessage
	if err := json.Unmarshal(body, &e); err != nil {
		return fmt.Errorf("no envelope: %w", err)
	}
	if len(e) != 3 || string(e["Code"]) != `"OK"` {
		return fmt.Errorf("no envelope of success: %.200s", body)
	}
	return errors.Join(c.Value("string", e["Message"]), c.Value(r.Value, e["Details"]))
}

// Value checks that JSON has a published type and that objects have all published fields of theirs.
func (c *Checker) Value(kind string, text json.RawMessage) error {
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return errors.New("nothing")
	}
	if optional, ok := strings.CutSuffix(kind, "?"); ok {
		if string(text) == "null" {
			return nil
		}
		kind = optional
	}
	if element, ok := strings.CutPrefix(kind, "[]"); ok {
		return elements(c, element, text)
	}
	if element, ok := strings.CutPrefix(kind, "map"); ok {
		return members(c, element, text)
	}
	if fields := c.objects[kind]; fields != nil {
		return c.object(kind, fields, text)
	}
	return scalar(kind, text)
}

func elements(c *Checker, kind string, text json.RawMessage) error {
	var list []json.RawMessage
	if err := json.Unmarshal(text, &list); err != nil || list == nil {
		return fmt.Errorf("no list of %s: %.100s", kind, text)
	}
	for n, e := range list {
		if err := c.Value(kind, e); err != nil {
			return fmt.Errorf("element %d: %w", n, err)
		}
	}
	return nil
}

func members(c *Checker, kind string, text json.RawMessage) error {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil || all == nil {
		return fmt.Errorf("no object of %s: %.100s", kind, text)
	}
	for name, e := range all {
		if err := c.Value(kind, e); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (c *Checker) object(kind string, fields map[string]string, text json.RawMessage) error {
	var got map[string]json.RawMessage
	if err := json.Unmarshal(text, &got); err != nil || got == nil {
		return fmt.Errorf("no %s: %.100s", kind, text)
	}
	for name, kind := range fields {
		value, ok := got[name]
		if !ok {
			return fmt.Errorf("no field %s", name)
		}
		if err := c.Value(kind, value); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func scalar(kind string, text json.RawMessage) error {
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return fmt.Errorf("no JSON: %.100s", text)
	}
	ok := false
	switch kind {
	case "any":
		ok = true
	case "null":
		ok = value == nil
	case "string":
		_, ok = value.(string)
	case "bool":
		_, ok = value.(bool)
	case "int":
		var n json.Number
		ok = json.Unmarshal(text, &n) == nil && text[0] != '"' && !strings.ContainsAny(n.String(), ".eE")
	case "float":
		_, ok = value.(float64)
	default:
		return fmt.Errorf("the type %s is not known", kind)
	}
	if !ok {
		return fmt.Errorf("%.100s is no %s", text, kind)
	}
	return nil
}
