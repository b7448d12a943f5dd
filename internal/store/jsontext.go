package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"orchestrator/internal/topology"
)

// asciiJSON is v as JSON without characters beyond ASCII, because most columns of the MySQL schema cannot hold them.
func asciiJSON(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", err
	}
	text := strings.TrimSuffix(b.String(), "\n")
	if isASCII(text) {
		return text, nil
	}
	var out strings.Builder
	for _, r := range text {
		switch {
		case r < 0x7f:
			out.WriteRune(r)
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			fmt.Fprintf(&out, `\u%04x\u%04x`, hi, lo)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return out.String(), nil
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// quoteError is the form of the error columns: JSON text, `""` for none.
func quoteError(text string) string {
	if text == "" {
		return `""`
	}
	quoted, err := asciiJSON(text)
	if err != nil {
		return strconv.QuoteToASCII(text)
	}
	return quoted
}

// unquoteError reads an error column that anybody may have written: JSON text, Go text, or the bare message.
func unquoteError(text string) string {
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, `"`) {
		return text
	}
	var plain string
	if json.Unmarshal([]byte(text), &plain) == nil {
		return plain
	}
	if plain, err := strconv.Unquote(text); err == nil {
		return plain
	}
	return strings.Trim(text, `"`)
}

// keysJSON is the form of the columns that list servers: [{"Hostname":"h","Port":1}].
func keysJSON(keys []topology.Key) string {
	var b strings.Builder
	b.WriteByte('[')
	for i, k := range keys {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`{"Hostname":` + quoteError(k.Hostname) + `,"Port":` + strconv.Itoa(k.Port) + `}`)
	}
	b.WriteByte(']')
	return b.String()
}

// parseKeysJSON reads what keysJSON wrote, or a list that another program wrote: with escaped quotes, with ports as
// text, or as host:port,host:port. What cannot be read is left out.
func parseKeysJSON(text string) []topology.Key {
	text = strings.TrimSpace(text)
	if text == "" || text == "[]" || text == "null" || text == `""` {
		return nil
	}
	for _, candidate := range []string{text, strings.ReplaceAll(text, `\"`, `"`), unquoteError(text)} {
		var list []struct {
			Hostname string
			Port     json.Number
		}
		if json.Unmarshal([]byte(candidate), &list) != nil {
			continue
		}
		keys := make([]topology.Key, 0, len(list))
		for _, k := range list {
			port, err := strconv.Atoi(k.Port.String())
			if k.Hostname != "" && err == nil {
				keys = append(keys, topology.Key{Hostname: k.Hostname, Port: port})
			}
		}
		return keys
	}
	keys, _ := topology.ParseKeys(strings.Trim(text, `"[]`), 0) // what cannot be read is left out
	return slices.DeleteFunc(keys, func(k topology.Key) bool { return k.Port == 0 })
}
