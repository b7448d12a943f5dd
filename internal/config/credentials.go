package config

import (
	"bufio"
	"bytes"
	"fmt"
	"strings"
)

// credentials is what the section [client] of an option file says; what it lacks is empty.
type credentials struct {
	user, password string
}

// parseCredentials reads an option file like my.cnf. Lines are "[section]", "name = value", "name" alone, comments
// beginning with # or ;, and "!include..." (which is not followed). Values may stand in single or double quotes and
// hold the escapes \\ \" \' \n \r \t \b \s. Names and sections are compared without regard to letter case.
func parseCredentials(text []byte) (credentials, error) {
	var found credentials
	section := ""
	lines := bufio.NewScanner(bytes.NewReader(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))))
	lines.Buffer(nil, 1<<20)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.ContainsRune("#;!", rune(line[0])) {
			continue
		}
		if line[0] == '[' {
			end := strings.IndexByte(line, ']')
			if end < 0 {
				return credentials{}, fmt.Errorf("line %d: section without ]", number)
			}
			section = strings.ToLower(strings.TrimSpace(line[1:end]))
			continue
		}
		if section != "client" {
			continue
		}
		if err := found.take(line); err != nil {
			return credentials{}, fmt.Errorf("line %d: %w", number, err)
		}
	}
	if err := lines.Err(); err != nil {
		return credentials{}, fmt.Errorf("read lines: %w", err)
	}
	return found, nil
}

func (c *credentials) take(line string) error {
	name, rest, _ := strings.Cut(line, "=")
	var target *string
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "user":
		target = &c.user
	case "password":
		target = &c.password
	default:
		return nil
	}
	value, err := optionValue(strings.TrimSpace(rest))
	if err != nil {
		return fmt.Errorf("%s: %w", strings.TrimSpace(name), err)
	}
	*target = value
	return nil
}

// optionValue reads a value up to its comment. In an unquoted value # begins a comment anywhere, and ; after a space.
// Double quotes may be around the whole value or parts of it, single quotes at its beginning; elsewhere a single quote is
// itself.
func optionValue(text string) (string, error) {
	var out strings.Builder
	keep := 0 // length that trailing spaces may not be trimmed below
	var quote byte
	for i := 0; i < len(text); i++ {
		ch := text[i]
		switch {
		case ch == '\\' && i+1 < len(text):
			i++
			out.WriteString(unescape(text[i]))
			keep = out.Len()
		case quote != 0 && ch == quote:
			quote = 0
			keep = out.Len()
		case quote != 0:
			out.WriteByte(ch)
		case ch == '"', ch == '\'' && i == 0 && strings.LastIndexByte(text, '\'') > 0:
			quote = ch
		case ch == '#', ch == ';' && i > 0 && isSpace(text[i-1]):
			return trimAfter(out.String(), keep), nil
		default:
			out.WriteByte(ch)
		}
	}
	if quote != 0 {
		return "", fmt.Errorf("quote %c is not closed", quote)
	}
	return trimAfter(out.String(), keep), nil
}

func isSpace(ch byte) bool { return ch == ' ' || ch == '\t' }

// trimAfter drops spaces at the end, but none of the first keep bytes.
func trimAfter(s string, keep int) string {
	return s[:keep] + strings.TrimRight(s[keep:], " \t\r")
}

// unescape gives what \ch stands for; an unknown escape is kept as it is written.
func unescape(ch byte) string {
	switch ch {
	case '\\', '"', '\'', '#', ';':
		return string(ch)
	case 'n':
		return "\n"
	case 'r':
		return "\r"
	case 't':
		return "\t"
	case 'b':
		return "\b"
	case 's':
		return " "
	}
	return string([]byte{'\\', ch})
}
