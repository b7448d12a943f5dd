package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"sort"
	"strings"
)

// wholeVariable is a value that is one environment variable and nothing else.
var wholeVariable = regexp.MustCompile(`^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$`)

// wholePassword is the same for the two MySQL passwords, whose variable may have any name.
var wholePassword = regexp.MustCompile(`^\$\{(.*)\}$`)

// escapedVariable is how a value that really is ${...} is written: $${...}.
var escapedVariable = regexp.MustCompile(`^\$\$\{.*\}$`)

// expandsLater names the keys whose variables are read after their credentials files.
func expandsLater(key string) bool {
	return key == "MySQLOrchestratorPassword" || key == "MySQLTopologyPassword"
}

// isHook reports whether a key's entries go to a shell, which expands variables itself, recovery's own among them.
func isHook(key string) bool { return strings.HasSuffix(key, "Processes") }

// expandText replaces a value ${NAME} by the environment variable; it complains when that is not set.
func (l *loader) expandText(key, value string) string {
	if escapedVariable.MatchString(value) {
		return value[1:]
	}
	m := wholeVariable.FindStringSubmatch(value)
	if m == nil {
		return value
	}
	content, ok := l.opts.Env(m[1])
	if !ok {
		l.found.fail(&Error{File: l.file, Key: key,
			Problem: fmt.Sprintf("environment variable %s is not set", m[1]),
			Remedy:  fmt.Sprintf("set %s for the service, or write the value itself ($${%s} stands for the text ${%s})", m[1], m[1], m[1])})
		return value
	}
	return content
}

// expandValue does so in a freshly decoded value of any type.
func (l *loader) expandValue(key string, v reflect.Value) {
	if expandsLater(key) || isHook(key) {
		return
	}
	switch value := v.Addr().Interface().(type) {
	case *string:
		*value = l.expandText(key, *value)
	case *[]string:
		for i, entry := range *value {
			(*value)[i] = l.expandText(key, entry)
		}
	case *map[string]string:
		for _, name := range sortedKeys(*value) {
			(*value)[name] = l.expandText(key, (*value)[name])
		}
	}
}

// expandPassword treats the two MySQL passwords: a variable that is not set leaves the password empty, as it always did.
func (l *loader) expandPassword(key, value string) string {
	if escapedVariable.MatchString(value) {
		return value[1:]
	}
	m := wholePassword.FindStringSubmatch(value)
	if m == nil {
		if strings.Contains(value, "${") && strings.Contains(value, "}") {
			l.found.warn(Warning{File: l.file, Key: key, Kind: DoubtfulValue,
				Text:   "contains ${...} among other text and is taken as it is; only a value that is ${NAME} as a whole is replaced",
				Remedy: "write ${NAME} alone, and put the whole password into that variable"})
		}
		return value
	}
	content, ok := l.opts.Env(m[1])
	if !ok {
		l.found.warn(Warning{File: l.file, Key: key, Kind: DoubtfulValue,
			Text:   fmt.Sprintf("environment variable %s is not set, so the password is empty", m[1]),
			Remedy: fmt.Sprintf("set %s for the service", m[1])})
	}
	return content
}

// variablesIn are the variables that a value as written names, by which it is replaced.
func variablesIn(key string, raw json.RawMessage) []string {
	if isHook(key) {
		return nil
	}
	var texts []string
	var one string
	var many map[string]string
	switch {
	case json.Unmarshal(raw, &one) == nil:
		texts = []string{one}
	case json.Unmarshal(raw, &texts) == nil:
	case json.Unmarshal(raw, &many) == nil:
		for _, name := range sortedKeys(many) {
			texts = append(texts, many[name])
		}
	}
	whole := wholeVariable
	if expandsLater(key) {
		whole = wholePassword
	}
	var names []string
	for _, text := range texts {
		if m := whole.FindStringSubmatch(text); m != nil {
			names = append(names, m[1])
		}
	}
	return names
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
