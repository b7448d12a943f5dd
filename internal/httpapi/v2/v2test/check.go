// Package v2test checks answers of the API against its OpenAPI document, for tests.
package v2test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Document is an OpenAPI document, decoded.
type Document map[string]any

// Operation is a method of a path.
type Operation struct {
	ID, Method, Path, Role string
	Body                   bool // it takes one
	of                     map[string]any
}

// Operations are all methods of all paths, by their ids.
func (d Document) Operations() []Operation {
	var list []Operation
	paths, _ := d["paths"].(map[string]any)
	for path, item := range paths {
		for method, of := range item.(map[string]any) {
			o, _ := of.(map[string]any)
			op := Operation{Method: strings.ToUpper(method), Path: path, of: o}
			op.ID, _ = o["operationId"].(string)
			op.Role, _ = o["x-role"].(string)
			_, op.Body = o["requestBody"]
			list = append(list, op)
		}
	}
	slices.SortFunc(list, func(a, b Operation) int { return strings.Compare(a.ID, b.ID) })
	return list
}

// Answer checks an answer: its status is one that the document names, or that of a problem, its type is right, and its
// body fits the schema.
func (d Document) Answer(o Operation, status int, contentType string, body []byte) error {
	responses, _ := o.of["responses"].(map[string]any)
	response, ok := responses[fmt.Sprint(status)].(map[string]any)
	if !ok {
		if status < 400 {
			return fmt.Errorf("%s: the status %d is not in the document", o.ID, status)
		}
		response, _ = responses["default"].(map[string]any)
	}
	content, _ := response["content"].(map[string]any)
	kind, _, _ := strings.Cut(contentType, ";")
	media, ok := content[kind].(map[string]any)
	if !ok {
		return fmt.Errorf("%s: the type %q is not in the document, which has %v", o.ID, contentType, slices.Sorted(maps.Keys(content)))
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return fmt.Errorf("%s: %w in %s", o.ID, err, body)
	}
	schema, _ := media["schema"].(map[string]any)
	if err := d.fits(schema, value, o.ID); err != nil {
		return fmt.Errorf("%w in %s", err, body)
	}
	return nil
}

// Named checks a value against a schema of the document by its name.
func (d Document) Named(name string, body []byte) error {
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return d.fits(map[string]any{"$ref": "#/components/schemas/" + name}, value, name)
}

// fits checks a value against a schema: the part of JSON schema that the document uses. A keyword that it does not know
// is an error, so that nothing stays unchecked in silence.
func (d Document) fits(schema map[string]any, value any, at string) error {
	for word, of := range schema {
		var err error
		switch word {
		case "$ref":
			err = d.ref(of.(string), value, at)
		case "type":
			err = fitsType(of, value, at)
		case "format":
			err = fitsFormat(of.(string), value, at)
		case "enum":
			if !slices.Contains(of.([]any), value) {
				err = fmt.Errorf("%s is %v, not one of %v", at, value, of)
			}
		case "anyOf":
			for _, one := range of.([]any) {
				if err = d.fits(one.(map[string]any), value, at); err == nil {
					break
				}
			}
		case "allOf":
			for _, one := range of.([]any) {
				if err = d.fits(one.(map[string]any), value, at); err != nil {
					break
				}
			}
		case "items":
			list, _ := value.([]any)
			for n, v := range list {
				if err = d.fits(of.(map[string]any), v, fmt.Sprintf("%s[%d]", at, n)); err != nil {
					break
				}
			}
		case "properties", "additionalProperties", "required":
			err = d.object(word, schema, value, at)
		case "description":
		default:
			err = fmt.Errorf("%s: the keyword %s is not known", at, word)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (d Document) ref(to string, value any, at string) error {
	components, _ := d["components"].(map[string]any)
	schemas, _ := components["schemas"].(map[string]any)
	schema, ok := schemas[strings.TrimPrefix(to, "#/components/schemas/")].(map[string]any)
	if !ok {
		return fmt.Errorf("%s: %s is missing", at, to)
	}
	return d.fits(schema, value, at)
}

func (d Document) object(word string, schema map[string]any, value any, at string) error {
	object, ok := value.(map[string]any)
	if !ok {
		return nil // its type says so
	}
	properties, _ := schema["properties"].(map[string]any)
	switch word {
	case "required":
		for _, name := range schema["required"].([]any) {
			if _, there := object[name.(string)]; !there {
				return fmt.Errorf("%s lacks %s", at, name)
			}
		}
	case "properties":
		for name, of := range properties {
			if v, there := object[name]; there {
				if err := d.fits(of.(map[string]any), v, at+"."+name); err != nil {
					return err
				}
			}
		}
	case "additionalProperties":
		for name, v := range object {
			if _, known := properties[name]; known {
				continue
			}
			of, allowed := schema[word].(map[string]any)
			if !allowed {
				return fmt.Errorf("%s has %s, which is not in the document", at, name)
			}
			if err := d.fits(of, v, at+"."+name); err != nil {
				return err
			}
		}
	}
	return nil
}

func fitsType(of, value any, at string) error {
	var types []any
	switch t := of.(type) {
	case string:
		types = []any{t}
	case []any:
		types = t
	}
	number, isNumber := value.(float64)
	is := map[string]bool{"null": value == nil, "number": isNumber, "integer": isNumber && number == float64(int64(number))}
	switch value.(type) {
	case string:
		is["string"] = true
	case bool:
		is["boolean"] = true
	case []any:
		is["array"] = true
	case map[string]any:
		is["object"] = true
	}
	for _, t := range types {
		if is[t.(string)] {
			return nil
		}
	}
	return fmt.Errorf("%s is %v, not of type %v", at, value, of)
}

func fitsFormat(format string, value any, at string) error {
	text, ok := value.(string)
	if !ok || format != "date-time" {
		return nil // null, or nothing to check
	}
	if _, err := time.Parse(time.RFC3339Nano, text); err != nil {
		return fmt.Errorf("%s: %w", at, err)
	}
	return nil
}
