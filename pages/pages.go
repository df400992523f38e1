// Package pages is what operators see in a browser, and what their monitoring asks: the mailboxes with their cursors, the latest
// decisions, /healthz and /readyz. It shows and changes nothing.
//
// The page is made on the server; a few lines of script fetch its middle again every two seconds. Nothing is loaded from
// elsewhere.
package pages

import (
	"bytes"
	"context"
	"embed"
	"html/template"
	"net/http"
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

// Source is where the page gets what it shows.
type Source interface {
	// Rows lists the mailboxes.
	Rows(ctx context.Context) ([]Row, error)
	// Ready says whether work can be done, and if not, why.
	Ready(ctx context.Context) error
}

// Warner is a source that says what will go wrong although work can be done; /readyz shows it behind "ready".
type Warner interface {
	Warnings(ctx context.Context) []string
}

//go:embed page.html page.css page.js
var files embed.FS

// Handler serves the pages.
func Handler(title string, source Source, journal *Journal) http.Handler {
	page := template.Must(template.New("page.html").Funcs(template.FuncMap{"ago": ago, "date": date}).ParseFS(files, "page.html"))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := source.Ready(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("ready\n"))
		if s, ok := source.(Warner); ok {
			for _, warning := range s.Warnings(r.Context()) {
				_, _ = w.Write([]byte(warning + "\n"))
			}
		}
	})
	mux.Handle("GET /page.css", http.FileServerFS(files))
	mux.Handle("GET /page.js", http.FileServerFS(files))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		rows, err := source.Rows(r.Context())
		var out bytes.Buffer
		if err == nil {
			err = page.Execute(&out, map[string]any{"Title": title, "Rows": rows, "Lines": journal.Latest(), "Now": time.Now()})
		}
		if err != nil {
			http.Error(w, "the store does not answer: "+err.Error(), http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = out.WriteTo(w)
	})
	return secured(mux)
}

// secured keeps the pages from being framed, sniffed, or made to load anything from elsewhere.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func ago(now, t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return now.Sub(t).Round(time.Second).String() + " ago"
}

func date(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.Format(time.DateOnly)
}
