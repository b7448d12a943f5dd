package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// member is one key of a document with its value as written, and the line on which the key stands.
type member struct {
	name  string
	value json.RawMessage
	line  int
}

// document is the first JSON value of a file.
type document struct {
	members  []member
	trailing bool   // other text follows
	remedy   string // with an error: what to do about it
}

// readDocument splits a file into its members, in order, repeated ones too. The value null is an empty document.
func readDocument(data []byte) (document, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	var first json.RawMessage
	if err := decoder.Decode(&first); err != nil {
		return describeSyntax(data, err)
	}
	doc := document{trailing: len(bytes.TrimSpace(data[decoder.InputOffset():])) > 0}
	lead := data[:int(decoder.InputOffset())-len(first)] // what stands before the value
	if string(first) == "null" {
		return doc, nil
	}
	if first[0] != '{' {
		return document{remedy: `write one object: { "Key": value, ... }`}, errors.New("does not hold a JSON object")
	}
	members, err := splitObject(first, 1+bytes.Count(lead, []byte("\n")))
	if err != nil {
		return document{}, err
	}
	doc.members = members
	return doc, nil
}

// splitObject splits an object that begins on the given line.
func splitObject(object []byte, line int) ([]member, error) {
	decoder := json.NewDecoder(bytes.NewReader(object))
	if _, err := decoder.Token(); err != nil {
		return nil, fmt.Errorf("read object: %w", err)
	}
	var members []member
	counted := int64(0) // up to where lines were counted
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, fmt.Errorf("read key: %w", err)
		}
		line += bytes.Count(object[counted:decoder.InputOffset()], []byte("\n"))
		counted = decoder.InputOffset()
		name, _ := token.(string) // the decoder lets nothing else stand before a colon
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, fmt.Errorf("read value of %s: %w", name, err)
		}
		members = append(members, member{name: name, value: value, line: line})
	}
	return members, nil
}

// describeSyntax says where a document stops being JSON.
func describeSyntax(data []byte, err error) (document, error) {
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.EOF):
		return document{remedy: "write {} for a configuration of defaults"}, errors.New("is empty")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return document{remedy: "close the open brackets, braces and quotes"}, errors.New("ends in the middle of a value")
	case errors.As(err, &syntax):
		line, column := position(data, syntax.Offset)
		remedy := "JSON has no comments, no comma after the last entry, and double quotes around names and texts"
		if bytes.HasPrefix(data, []byte("\xef\xbb\xbf")) {
			remedy = "save the file without a byte order mark"
		}
		return document{remedy: remedy}, fmt.Errorf("is not JSON at line %d, column %d: %w", line, column, err)
	}
	return document{}, fmt.Errorf("is not JSON: %w", err)
}

// position turns the number of bytes read into line and column of the last of them, both counted from 1.
func position(data []byte, offset int64) (line, column int) {
	before := data[:max(0, min(offset-1, int64(len(data))))]
	return bytes.Count(before, []byte("\n")) + 1, len(before) - bytes.LastIndexByte(before, '\n')
}
