package hints

import (
	"io"
	"net/http"
)

// Webhook answers Graph where the world can reach it (change-notifications-delivery-webhooks.md): it echoes validation tokens, which
// proves that somebody is there, and takes notifications in. It answers at once, whatever becomes of them, since Graph gives up on
// slow listeners; and it answers strangers like Graph, so that they learn nothing.
type Webhook struct {
	Ours  Ours
	Add   func(Notices)
	Count func(n Notices, unreadable bool) // may be nil
	// busy holds one for each request under way.
	busy chan struct{}
}

// NewWebhook makes one.
func NewWebhook(ours Ours, add func(Notices), count func(n Notices, unreadable bool)) *Webhook {
	return &Webhook{Ours: ours, Add: add, Count: count, busy: make(chan struct{}, atOnce)}
}

const (
	atOnce       = 64      // requests
	longestToken = 4 << 10 // Graph's have some hundreds of characters
	longestBody  = 1 << 20 // without resource data a notification has about one kilobyte
)

// ServeHTTP implements [http.Handler].
func (h *Webhook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "POST only", http.StatusMethodNotAllowed)
		return
	}
	select {
	case h.busy <- struct{}{}:
		defer func() { <-h.busy }()
	default:
		w.Header().Set("Retry-After", "10")
		http.Error(w, "busy", http.StatusServiceUnavailable) // Graph comes again
		return
	}
	if token := r.URL.Query().Get("validationToken"); token != "" {
		if len(token) > longestToken {
			http.Error(w, "too long", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, token)
		return
	}
	h.take(w, r)
}

func (h *Webhook) take(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, longestBody))
	var n Notices
	if err == nil {
		n, err = Read(body, h.Ours)
	}
	if h.Count != nil {
		h.Count(n, err != nil)
	}
	if err != nil {
		http.Error(w, "want a list of notifications", http.StatusBadRequest)
		return
	}
	h.Add(n)
	w.WriteHeader(http.StatusAccepted)
}
