package publish

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// answerLimit bounds what is read of an answer.
const answerLimit = 1 << 20

// httpError is an answer other than 200.
type httpError struct {
	status int
	text   string
}

func (e *httpError) Error() string {
	return fmt.Sprintf("answered %d: %s", e.status, firstOf(e.text, http.StatusText(e.status)))
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t = strings.TrimSpace(t); t != "" {
			return t
		}
	}
	return ""
}

// askJSON sends a body, nil for none, and reads the answer into out, which may be nil. An answer other than 200 is an
// httpError, and is read into out as well as it can.
func askJSON(ctx context.Context, client *http.Client, method, url string, header http.Header, body, out any) error {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, url, content)
	if err != nil {
		return err
	}
	for name, values := range header {
		request.Header[name] = values
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }() // it has been read
	text, err := io.ReadAll(io.LimitReader(response.Body, answerLimit))
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		if out != nil {
			_ = json.Unmarshal(text, out) // what it is otherwise is in the error
		}
		return &httpError{response.StatusCode, string(text)}
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("an answer that cannot be read: %w", err)
	}
	return nil
}
