package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

const (
	// pingAfter is how long nothing may come over a connection before it is asked for a sign of life. A firewall that forgot it drops
	// what it carries without a word, and all requests to a vendor share one.
	pingAfter = 15 * time.Second
	// pingWait is how long that sign may take before the connection is given up.
	pingWait = 15 * time.Second
)

// newTransport is the one pool of connections to both vendors. Proxies come from HTTPS_PROXY and NO_PROXY. With one that looks into TLS
// and speaks only HTTP/1.1, each sweep under way has a connection, which is kept for the next.
func newTransport(c *Config) (*http.Transport, error) {
	roots, err := roots(c)
	if err != nil {
		return nil, err
	}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 15 * time.Second}).DialContext,
		TLSClientConfig:       &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:     true,
		HTTP2:                 &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingWait},
		MaxIdleConnsPerHost:   c.SweepsAtOnce,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   15 * time.Second,
		ResponseHeaderTimeout: time.Minute,
	}, nil
}

// roots are the machine's trusted roots and the operator's. nil stands for the machine's alone.
func roots(c *Config) (*x509.CertPool, error) {
	if c.CAFile == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("ca_file: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("ca_file %s holds no certificate in PEM", c.CAFile)
	}
	return pool, nil
}
