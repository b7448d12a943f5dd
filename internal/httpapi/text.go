package httpapi

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// texts write answers as JSON. A compressor takes most of a megabyte, so they are used again.
type texts struct{ compressors sync.Pool }

func newTexts() *texts {
	return &texts{sync.Pool{New: func() any {
		z, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
		if err != nil {
			panic(err) // the level is a constant of the package itself
		}
		return z
	}}}
}

// text is an answer as it is sent. It may be sent to many.
type text struct {
	plain      []byte
	compressed func() []byte // compressed the first time that somebody wants it so
}

func (w *texts) of(body any) (*text, error) {
	plain, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("write the answer as JSON: %w", err)
	}
	return &text{plain, sync.OnceValue(func() []byte { return w.compress(plain) })}, nil
}

func (w *texts) compress(plain []byte) []byte {
	z := w.compressors.Get().(*gzip.Writer)
	defer w.compressors.Put(z)
	var b bytes.Buffer
	z.Reset(&b)
	// Writing to a buffer cannot fail.
	_, _ = z.Write(plain)
	_ = z.Close()
	return b.Bytes()
}

// acceptsGzip says whether the request allows gzip; `gzip;q=0` does not.
func acceptsGzip(r *http.Request) bool {
	for coding := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		name, params, _ := strings.Cut(coding, ";")
		name = strings.TrimSpace(name)
		weight := strings.ReplaceAll(params, " ", "")
		if name == "gzip" && weight != "q=0" && !strings.HasPrefix(weight, "q=0.000") && weight != "q=0.0" && weight != "q=0.00" {
			return true
		}
	}
	return false
}
