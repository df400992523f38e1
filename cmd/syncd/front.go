package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

// front is the operator's HTTP. It answers before there is a daemon: alive, and not ready.
type front struct {
	server  *http.Server
	handler atomic.Pointer[http.Handler]
	done    sync.WaitGroup
}

// newFront answers on a listener.
func newFront(listener net.Listener, log zerolog.Logger) *front {
	f := &front{}
	starting := http.NewServeMux()
	starting.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	starting.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "starting: redis does not answer", http.StatusServiceUnavailable)
	})
	f.show(starting)
	f.server = &http.Server{
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*f.handler.Load()).ServeHTTP(w, r) }),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	f.done.Go(func() {
		if err := f.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error().Err(err).Msg("the pages are down")
		}
	})
	return f
}

// show puts another handler in place.
func (f *front) show(h http.Handler) { f.handler.Store(&h) }

// close finishes what is being answered.
func (f *front) close() {
	closing, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := f.server.Shutdown(closing); err != nil {
		_ = f.server.Close()
	}
	f.done.Wait()
}
