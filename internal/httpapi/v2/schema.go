package v2

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"
)

// schema is a JSON schema, as far as Go types need it.
type schema map[string]any

// schemas collects the schemas of named struct types, which the document refers to.
type schemas struct {
	named map[string]schema
}

var (
	timeType = reflect.TypeFor[time.Time]()
	rawType  = reflect.TypeFor[json.RawMessage]()
)

// of is the schema of a Go type, as encoding/json writes its values.
func (s *schemas) of(t reflect.Type) schema {
	switch t {
	case timeType:
		return schema{"type": "string", "format": "date-time"}
	case rawType:
		return schema{}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return nullable(s.of(t.Elem()))
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.String:
		return schema{"type": "string"}
	case reflect.Int, reflect.Int64, reflect.Int32, reflect.Uint, reflect.Uint32, reflect.Uint64:
		return schema{"type": "integer"}
	case reflect.Float64:
		return schema{"type": "number"}
	case reflect.Slice:
		return schema{"type": "array", "items": s.of(t.Elem())}
	case reflect.Map:
		return schema{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.Struct:
		return s.ref(t)
	}
	return schema{} // anything
}

func nullable(of schema) schema {
	if t, ok := of["type"].(string); ok {
		of["type"] = []string{t, "null"}
		return of
	}
	if len(of) == 0 {
		return of
	}
	return schema{"anyOf": []schema{of, {"type": "null"}}}
}

// ref describes a struct under its name, once, and refers to that.
func (s *schemas) ref(t reflect.Type) schema {
	name := typeName(t)
	to := schema{"$ref": "#/components/schemas/" + name}
	if _, known := s.named[name]; known {
		return to
	}
	s.named[name] = nil // it may hold itself
	properties, required := schema{}, []string{}
	s.fields(t, properties, &required)
	described := schema{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		slices.Sort(required)
		described["required"] = required
	}
	s.named[name] = described
	return to
}

// fields adds the fields of a struct, those of the structs that it embeds included.
func (s *schemas) fields(t reflect.Type, properties schema, required *[]string) {
	for f := range fieldsOf(t) {
		tag := f.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		if f.Anonymous && name == "" {
			s.fields(f.Type, properties, required)
			continue
		}
		if !f.IsExported() || name == "-" {
			continue
		}
		of := s.of(f.Type)
		if words := f.Tag.Get("enum"); words != "" {
			of["enum"] = strings.Split(words, ",")
		}
		if text := f.Tag.Get("doc"); text != "" {
			if _, isRef := of["$ref"]; isRef {
				of = schema{"allOf": []schema{of}}
			}
			of["description"] = text
		}
		properties[name] = of
		if !strings.Contains(options, "omit") {
			*required = append(*required, name)
		}
	}
}

func fieldsOf(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for n := range t.NumField() {
			if !yield(t.Field(n)) {
				return
			}
		}
	}
}

// typeName is the name of a type, that of a Page with what it is a page of.
func typeName(t reflect.Type) string {
	name, of, generic := strings.Cut(t.Name(), "[")
	if !generic {
		return name
	}
	of = strings.TrimSuffix(of, "]")
	return of[strings.LastIndexByte(of, '.')+1:] + name
}
