package simulator

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Service is one of the three that answer.
type Service string

const (
	Entra Service = "entra"
	Graph Service = "graph"
	Webex Service = "webex"
)

// maxBody is the largest request that Graph takes (microsoft-graph.md 3).
const maxBody = 4 << 20

// call is one request on its way through a service.
type call struct {
	Request
	w       *World
	r       *http.Request
	body    []byte
	root    string // scheme and host that the caller used
	box     *Mailbox
	host    string // Webex: e-mail of the host on whose behalf
	app     string // OAuth client that the token was given to
	account string // e-mail of the person a token stands for; "" = the application
	scope   string // what a Retry-After binds
}

// answer is what a service says.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a *answer) set(key, value string) *answer {
	if a.header == nil {
		a.header = http.Header{}
	}
	a.header.Set(key, value)
	return a
}

// service names a call (no side effects) and gives back how to do it.
type service struct {
	w     *World
	name  Service
	route func(*call) func() *answer
	batch int64 // the batch that the requests belong to
}

// ServeHTTP takes a request through all steps: name it, count it, look for a fault, run hooks, do it, answer.
func (s service) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	c := &call{w: s.w, r: r, root: "https://" + r.Host}
	c.Service, c.Method, c.At, c.Batch = s.name, r.Method, s.w.now(), s.batch
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		panic(http.ErrAbortHandler) // the caller went away
	}
	c.body = body
	do := s.route(c)
	t := &s.w.traffic
	fault := t.begin(c)
	t.run(t.before, c.Request)
	a := c.attempt(fault, do)
	if a != nil {
		c.Status = a.status
		if a.header.Get("Date") == "" {
			a.set("Date", s.w.now().UTC().Format(http.TimeFormat))
		}
	}
	c.Took = s.w.now().Sub(c.At)
	t.end(c, a)
	t.run(t.after, c.Request)
	send(rw, r, fault, a)
}

// attempt does the call, or what the fault does instead; nil is no answer at all.
func (c *call) attempt(f *Fault, do func() *answer) *answer {
	if f == nil {
		return do()
	}
	if f.delay > 0 && !wait(c.r.Context(), f.delay) {
		return nil
	}
	var done *answer
	if f.applied {
		done = do()
	}
	if f.linger > 0 && !wait(c.r.Context(), f.linger) {
		return nil
	}
	return f.make(c, done)
}

// wait is false when the caller went away first.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// send writes the answer, or cuts the connection.
func send(rw http.ResponseWriter, r *http.Request, f *Fault, a *answer) {
	if a == nil || r.Context().Err() != nil {
		panic(http.ErrAbortHandler)
	}
	for key, values := range a.header {
		rw.Header()[key] = values
	}
	if a.status != http.StatusNoContent && a.status != http.StatusNotModified {
		rw.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	rw.WriteHeader(a.status)
	if f != nil && f.cut {
		_, _ = rw.Write(a.body[:len(a.body)/2])
		_ = http.NewResponseController(rw).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = rw.Write(a.body)
}

// inProcess is an http.RoundTripper that calls the services without a network.
type inProcess struct{ w *World }

// Addresses of the services for Transport. A host that is none of them is foreign, and asking it is a violation.
const (
	GraphURL   = "https://graph.simulator.test"
	LoginURL   = "https://login.simulator.test"
	WebexURL   = "https://webex.simulator.test/v1"
	ForeignURL = "https://graph.foreign.test"
)

// Transport serves GraphURL, LoginURL and WebexURL within the process: no goroutines, no sockets, fit for testing/synctest.
func (w *World) Transport() http.RoundTripper { return inProcess{w} }

// RoundTrip calls the handler in place. A cut connection is an error, or a body that ends too early.
func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	defer r.Body.Close()
	var h http.Handler
	switch "https://" + r.URL.Host {
	case GraphURL:
		h = t.w.Graph()
	case LoginURL:
		h = t.w.Entra()
	case "https://webex.simulator.test":
		h = t.w.Webex()
	default:
		h = t.w.Foreign()
	}
	in := r.Clone(r.Context())
	in.Host = cmp.Or(r.Host, r.URL.Host)
	in.RequestURI = r.URL.RequestURI()
	rec := &recorder{header: http.Header{}}
	rec.serve(h, in)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if rec.status == 0 {
		return nil, fmt.Errorf("simulator: connection cut: %w", io.ErrUnexpectedEOF)
	}
	res := &http.Response{
		Status: strconv.Itoa(rec.status) + " " + http.StatusText(rec.status), StatusCode: rec.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: rec.header, Request: r, ContentLength: -1,
		Body: io.NopCloser(&rec.body),
	}
	if n, err := strconv.ParseInt(rec.header.Get("Content-Length"), 10, 64); err == nil {
		res.ContentLength = n
	}
	if rec.aborted {
		res.Body = io.NopCloser(io.MultiReader(&rec.body, cutReader{}))
	}
	return res, nil
}

// recorder is an http.ResponseWriter that keeps what a handler wrote before it was cut.
type recorder struct {
	header  http.Header
	status  int
	body    bytes.Buffer
	aborted bool
}

func (r *recorder) Header() http.Header { return r.header }
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}
func (r *recorder) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(b)
}

func (r *recorder) serve(h http.Handler, in *http.Request) {
	defer func() {
		if p := recover(); p == http.ErrAbortHandler {
			r.aborted = true
		} else if p != nil {
			panic(p)
		}
	}()
	h.ServeHTTP(r, in)
}

type cutReader struct{}

func (cutReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
