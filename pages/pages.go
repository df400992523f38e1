// Package pages is what operators see in a browser, what their programs ask, and what their monitoring asks: the mailboxes with their
// cursors, the latest decisions, an API with the same, /healthz and /readyz. What it changes is one thing: it asks for resyncs, by a
// form and by the API.
//
// The page is made on the server and works without script; a few lines of script fetch its middle again every two seconds. Nothing is
// loaded from elsewhere. There is no login: who reaches the address may ask. What keeps other sites in the operator's own browser from
// it stands in guard.go; probes and metrics, which tell of nobody, answer whatever they are called.
package pages

import (
	"context"
	"embed"
	"errors"
	"html/template"
	"iter"
	"net/http"
	"strings"
	"time"
)

// Row is one mailbox.
type Row struct {
	Mailbox, State, Reason string
	Swept, Changed         time.Time
	Generation             int
	WindowStart, WindowEnd time.Time
	Retrying, Held         int
	Link                   string
}

// List is one of the arrays that the API gives.
type List string

// The arrays that `syncd mailboxes`, `syncd status` and `syncd cursors` print with --json.
const (
	Mailboxes List = "mailboxes"
	Status    List = "status"
	Cursors   List = "cursors"
)

// Source is where pages and API get what they show, and whom they ask.
type Source interface {
	// Rows gives the mailboxes that the page shows, or just the one that is named; more is how many it leaves out.
	Rows(ctx context.Context, name string) (rows []Row, more int, err error)
	// List gives the elements of an array, of the mailboxes that are named by address or directory id, or of all.
	List(ctx context.Context, list List, names []string) iter.Seq2[any, error]
	// Resync asks for resyncs of the mailboxes that are named, or where none is of all, which are spread over time. accept carries out
	// the removals that are held. Where there is an error, what it gives was asked for all the same.
	Resync(ctx context.Context, names []string, accept bool) ([]Request, error)
	// Ready says whether work can be done, and if not, why.
	Ready(ctx context.Context) error
}

// NotEnrolled is an error of a [Source]: somebody named a mailbox that is not enrolled.
type NotEnrolled struct{ Err error }

func (e NotEnrolled) Error() string { return e.Err.Error() }

func (e NotEnrolled) Unwrap() error { return e.Err }

// Warner is a source that says what will go wrong although work can be done; /readyz shows it behind "ready".
type Warner interface {
	Warnings(ctx context.Context) []string
}

// Site is what there is at the address.
type Site struct {
	Title   string
	Source  Source
	Journal *Journal
	Names   []string // by which it may be called, besides IP addresses, localhost and the machine's own name
}

//go:embed page.html confirm.html page.css page.js
var files embed.FS

// Handler serves it.
func (s Site) Handler() http.Handler {
	inner := http.NewServeMux()
	inner.Handle("GET /page.css", http.FileServerFS(files))
	inner.Handle("GET /page.js", http.FileServerFS(files))
	forms := forms{s, template.Must(template.New("").Funcs(template.FuncMap{"ago": ago, "date": date, "clock": clock}).ParseFS(files, "*.html"))}
	inner.HandleFunc("GET /{$}", forms.page)
	inner.HandleFunc("GET /resync", forms.confirm)
	inner.HandleFunc("POST /resync", forms.resync)
	inner.Handle("/api/", api{s}.handler())
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", s.ready)
	mux.Handle("/", newGuard(s.Names, inner))
	return secured(mux)
}

func (s Site) ready(w http.ResponseWriter, r *http.Request) {
	if err := s.Source.Ready(r.Context()); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ready\n"))
	if source, ok := s.Source.(Warner); ok {
		for _, warning := range source.Warnings(r.Context()) {
			_, _ = w.Write([]byte(warning + "\n"))
		}
	}
}

// secured keeps the pages from being framed, sniffed, or made to load or send anything elsewhere.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// fail says what is wrong, to programs as JSON.
func fail(w http.ResponseWriter, r *http.Request, status int, err error) {
	if strings.HasPrefix(r.URL.Path, "/api/") {
		writeJSON(w, status, map[string]string{"error": err.Error()})
		return
	}
	http.Error(w, err.Error(), status)
}

// statusOf is the status for an error of a source.
func statusOf(err error) int {
	if errors.As(err, new(NotEnrolled)) {
		return http.StatusNotFound
	}
	return http.StatusServiceUnavailable
}
