package rest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"syncd/delta"
)

const (
	// maxPage bounds an answer after decompression. A page of 200 events with large bodies has some 6 MB, but Graph does not split a series.
	maxPage = 64 << 20
	// maxJSON bounds an answer that is read as a whole.
	maxJSON = 8 << 20
)

const errTooLarge = Plain("answer is too large")

// bounded fails where more comes than was expected, and does not pretend that it ended there.
type bounded struct {
	io.ReadCloser
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if int64(n) > b.left {
		return int(b.left), errTooLarge
	}
	b.left -= int64(n)
	return n, err
}

// Lenient reads what the vendors really send: texts are cut in the middle of characters. Names that come twice are refused.
var Lenient = jsontext.AllowInvalidUTF8(true)

// JSON decodes an answer of one small object into v.
func JSON[T any](v *T) func(http.Header, io.Reader) error {
	return func(_ http.Header, body io.Reader) error {
		raw, err := io.ReadAll(&bounded{io.NopCloser(body), maxJSON})
		if err != nil {
			return err
		}
		if k := jsontext.Value(raw).Kind(); k != '{' {
			return Plain("answer is no JSON object")
		}
		var fresh T
		if err := jsonv2.Unmarshal(raw, &fresh, Lenient); err != nil {
			return err
		}
		*v = fresh
		return nil
	}
}

// read reads a 2xx answer to its end: it counts when it is there as a whole.
func read(response *http.Response, decode func(http.Header, io.Reader) error) error {
	isJSON := isJSON(response.Header.Get("Content-Type"))
	if decode == nil {
		n, err := io.Copy(io.Discard, response.Body)
		if err == nil && n > 0 && !isJSON { // some proxy's page: nothing was done
			return errNotJSON
		}
		return err
	}
	if !isJSON {
		return errNotJSON
	}
	if err := decode(response.Header, response.Body); err != nil {
		return err
	}
	n, err := io.Copy(io.Discard, response.Body)
	if err == nil && n > 0 {
		return Plain("answer goes on after its end")
	}
	return err
}

const errNotJSON = Plain("answer is not JSON")

// isJSON reports a media type such as application/json or application/problem+json.
func isJSON(contentType string) bool {
	if plain, _, _ := strings.Cut(contentType, ";"); plain == "application/json" {
		return true
	}
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		return false
	}
	_, sub, _ := strings.Cut(media, "/")
	return sub == "json" || strings.HasSuffix(sub, "+json")
}

// lost is the error of a request whose answer did not arrive whole. A write that was stopped on its way may have been done.
func (c *Client) lost(ctx context.Context, method string, err error) error {
	stopped := ctx.Err()
	switch {
	case stopped != nil && method == http.MethodGet:
		return stopped
	case stopped != nil:
		return fmt.Errorf("%w: %w", delta.ErrUnclear, stopped)
	case neverSent(err):
		return fmt.Errorf("%w: %s cannot be reached: %w", delta.ErrTrouble, c.vendor, Cause(err))
	}
	return fmt.Errorf("%w: %s: %w", delta.ErrUnclear, c.vendor, Cause(err))
}
