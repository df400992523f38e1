package rest

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// requestTimeout bounds a request with its whole answer.
const requestTimeout = 90 * time.Second

// HTTP is a client for libraries that want one. It follows no redirect and takes no answer of more than so many bytes, counted
// after decompression.
func HTTP(transport http.RoundTripper, most int64) *http.Client {
	return &http.Client{
		Transport: guarded(transport, most), Timeout: requestTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// guard bounds answers. It takes Location away from redirects: http.Client would read it before it asks whether to follow, and
// quote it in an error where it is no address.
type guard struct {
	http.RoundTripper
	most int64
}

func guarded(transport http.RoundTripper, most int64) guard {
	if transport == nil {
		transport = http.DefaultTransport
	}
	return guard{transport, most}
}

func (g guard) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := g.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if response.StatusCode >= 300 && response.StatusCode < 400 {
		response.Header.Del("Location")
	}
	response.Body = &bounded{response.Body, g.most}
	return response, nil
}

// CloseIdleConnections is looked for by http.Client too.
func (g guard) CloseIdleConnections() {
	if t, ok := g.RoundTripper.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// Plain is an error whose text was written here and quotes nothing.
type Plain string

func (p Plain) Error() string { return string(p) }

// Cause says why a request failed, as far as that can be said without quoting addresses or what a server sent.
func Cause(err error) error {
	var (
		plain       Plain
		certificate *tls.CertificateVerificationError
		alert       tls.AlertError
		lookup      *net.DNSError
		operation   *net.OpError
		timeout     interface{ Timeout() bool }
		syntax      *jsontext.SyntacticError
		meaning     *jsonv2.SemanticError
	)
	switch {
	case errors.As(err, &plain):
		return plain
	case errors.As(err, &certificate):
		return certificate
	case errors.As(err, &alert):
		return alert
	case errors.As(err, &lookup):
		return lookup
	case errors.As(err, &timeout) && timeout.Timeout():
		return Plain("no answer in time")
	case errors.As(err, &operation):
		return operation
	case noTLS(err):
		return Plain("no TLS is spoken there")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return Plain("answer breaks off")
	case errors.As(err, &syntax), errors.As(err, &meaning):
		return Plain("answer is not the JSON that was due")
	case strings.Contains(err.Error(), "invalid proxy address"): // with its password
		return Plain("HTTPS_PROXY is no address")
	case proxyRefusal(err) != "":
		return Plain("the proxy answers: " + proxyRefusal(err))
	}
	return Plain("connection or answer broken")
}

// neverSent reports an error that came before anything could be asked.
func neverSent(err error) bool {
	var operation *net.OpError
	if errors.As(err, &operation) && (operation.Op == "dial" || operation.Op == "proxyconnect") {
		return true
	}
	return errors.As(err, new(*net.DNSError)) || errors.As(err, new(*tls.CertificateVerificationError)) ||
		noTLS(err) || proxyRefusal(err) != ""
}

// noTLS reports a server that answered the handshake in plain HTTP. http.Client has an error of its own for it.
func noTLS(err error) bool {
	var record tls.RecordHeaderError
	return errors.As(err, &record) && string(record.RecordHeader[:]) == "HTTP/" || errors.Is(err, http.ErrSchemeMismatch)
}

// proxyRefusal is the text of a proxy's status line, if that is what err is: net/http gives nothing else.
func proxyRefusal(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	for status := 400; status < 600; status++ {
		if text := http.StatusText(status); text != "" && text == err.Error() {
			return text
		}
	}
	return ""
}
