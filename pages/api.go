package pages

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// api is what programs ask. All of it is JSON, errors too: {"error": "what is wrong"}.
type api struct{ Site }

const (
	// mostBody is how long a request's body may be.
	mostBody = 1 << 20
	// mostNames is how many mailboxes one request may name. Who has more means all, or asks twice.
	mostNames = 1000
)

func (a api) handler() http.Handler {
	mux := http.NewServeMux()
	for _, list := range []List{Mailboxes, Status, Cursors} {
		mux.HandleFunc("/api/"+string(list), only(http.MethodGet, func(w http.ResponseWriter, r *http.Request) { a.list(w, r, list) }))
	}
	mux.HandleFunc("/api/decisions", only(http.MethodGet, a.decisions))
	mux.HandleFunc("/api/resync", only(http.MethodPost, a.resync))
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, r, http.StatusNotFound, fmt.Errorf("there is no %s: there are /api/mailboxes, /api/status, /api/cursors, /api/decisions and /api/resync", r.URL.Path))
	})
	return mux
}

// only lets one method through.
func only(method string, next http.HandlerFunc) http.HandlerFunc {
	allowed := []string{method}
	if method == http.MethodGet {
		allowed = append(allowed, http.MethodHead)
	}
	return func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(allowed, r.Method) {
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			fail(w, r, http.StatusMethodNotAllowed, fmt.Errorf("%s takes %s, not %s", r.URL.Path, method, r.Method))
			return
		}
		next(w, r)
	}
}

// list gives an array. However long, it is never in memory as a whole.
func (a api) list(w http.ResponseWriter, r *http.Request, list List) {
	var names []string
	query, err := url.ParseQuery(r.URL.RawQuery)
	for name, values := range query {
		if name != "mailbox" || list == Mailboxes {
			err = errors.Join(err, fmt.Errorf("%s takes no %q", r.URL.Path, name))
		}
		names = values
	}
	if err = errors.Join(err, checkNames(names)); err != nil {
		fail(w, r, http.StatusBadRequest, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	sent := &sink{ResponseWriter: w}
	out := bufio.NewWriterSize(sent, 64<<10)
	if err = writeArray(out, a.Source.List(r.Context(), list, names)); err == nil {
		err = out.Flush()
	}
	switch {
	case err != nil && sent.begun:
		panic(http.ErrAbortHandler) // net/http's way to break off, so that nobody takes a part for the whole
	case err != nil:
		fail(w, r, statusOf(err), err)
	}
}

// sink knows whether anything was sent.
type sink struct {
	http.ResponseWriter
	begun bool
}

func (s *sink) Write(p []byte) (int, error) {
	s.begun = true
	return s.ResponseWriter.Write(p)
}

// writeArray writes what [json.Encoder] would write of a slice.
func writeArray(w io.Writer, items iter.Seq2[any, error]) error {
	before := "["
	for item, err := range items {
		if err != nil {
			return err
		}
		raw, err := json.Marshal(item)
		if err != nil {
			return fmt.Errorf("writing JSON: %w", err)
		}
		if _, err := io.WriteString(w, before); err != nil {
			return err
		}
		if _, err := w.Write(raw); err != nil {
			return err
		}
		before = ","
	}
	if before == "[" {
		before = "[]\n"
	} else {
		before = "]\n"
	}
	_, err := io.WriteString(w, before)
	return err
}

func (a api) decisions(w http.ResponseWriter, r *http.Request) {
	if r.URL.RawQuery != "" {
		fail(w, r, http.StatusBadRequest, fmt.Errorf("%s takes no parameters", r.URL.Path))
		return
	}
	writeJSON(w, http.StatusOK, append([]Line{}, a.Journal.Latest()...))
}

// asking is the body of a request for resyncs.
type asking struct {
	Mailboxes []string `json:"mailboxes"` // addresses or directory ids
	All       bool     `json:"all"`
	Accept    bool     `json:"accept_removals"`
}

// asked is the answer to one.
type asked struct {
	Requests []Request `json:"requests"`
	Accept   bool      `json:"accept_removals"`
	Spread   bool      `json:"spread"` // over time
}

func (a api) resync(w http.ResponseWriter, r *http.Request) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		fail(w, r, http.StatusUnsupportedMediaType, fmt.Errorf("want Content-Type: application/json, not %q", r.Header.Get("Content-Type")))
		return
	}
	want, err := readAsking(http.MaxBytesReader(w, r.Body, mostBody))
	switch {
	case errors.As(err, new(*http.MaxBytesError)):
		fail(w, r, http.StatusRequestEntityTooLarge, fmt.Errorf("a body may have %d bytes", mostBody))
		return
	case err != nil:
		fail(w, r, http.StatusBadRequest, err)
		return
	}
	requests, err := a.Source.Resync(r.Context(), want.Mailboxes, want.Accept)
	a.Journal.ask(requests, want.Accept, time.Now())
	if err != nil {
		fail(w, r, statusOf(err), err)
		return
	}
	writeJSON(w, http.StatusAccepted, asked{append([]Request{}, requests...), want.Accept, want.All})
}

// readAsking reads a body, and refuses what it could only half understand.
func readAsking(body io.Reader) (want asking, err error) {
	in := json.NewDecoder(body)
	in.DisallowUnknownFields()
	if err := in.Decode(&want); err != nil {
		return want, fmt.Errorf(`want JSON such as {"mailboxes": ["ada@example.com"]}: %w`, err)
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return want, errors.Join(errors.New("want one JSON object, and nothing behind it"), err)
	}
	switch {
	case want.All && len(want.Mailboxes) > 0:
		return want, errors.New(`say "all" or name "mailboxes", not both`)
	case !want.All && len(want.Mailboxes) == 0:
		return want, errors.New(`which mailboxes? Name them in "mailboxes", or say "all": true`)
	}
	return want, checkNames(want.Mailboxes)
}

func checkNames(names []string) error {
	switch {
	case len(names) > mostNames:
		return fmt.Errorf("%d mailboxes are named: at most %d may be", len(names), mostNames)
	case slices.Contains(names, ""):
		return errors.New("the name of a mailbox is empty")
	}
	return nil
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // whoever asked is gone
}
