package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"

	"syncd/delta"
	"syncd/graph"
	"syncd/redisstore"
	"syncd/rest"
	"syncd/sweep"
	"syncd/vault"
	"syncd/webex"
)

// load reads the configuration and makes the logger.
func (s *surroundings) load() (*Config, zerolog.Logger, error) {
	c, _, err := loadConfig(s.file, s.environ)
	if err != nil {
		return nil, zerolog.Nop(), usageError{err}
	}
	return c, s.logger(c), nil
}

func (s *surroundings) logger(c *Config) zerolog.Logger {
	console := c.LogFormat == "console"
	if f, ok := s.err.(*os.File); ok && c.LogFormat == "" {
		info, err := f.Stat()
		console = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	out := s.err
	if console {
		out = zerolog.ConsoleWriter{Out: s.err, TimeFormat: time.TimeOnly}
	}
	return zerolog.New(out).Level(c.LogLevel).With().Timestamp().Logger()
}

// openStore connects to Redis. serve makes this process the embedded store's own.
func (s *surroundings) openStore(c *Config, log zerolog.Logger, serve, readOnly bool) (*redisstore.Store, error) {
	roots, err := roots(c)
	if err != nil {
		return nil, usageError{err}
	}
	store, err := redisstore.Open(s.ctx, redisstore.Options{
		URL: c.RedisURL, Prefix: c.RedisPrefix, LeaseTTL: c.LeaseTTL, StateDir: c.StateDir, Serve: serve, ReadOnly: readOnly,
		Roots: roots, Log: log,
	})
	if err != nil {
		return nil, fmt.Errorf("redis_url: %w", err)
	}
	return store, nil
}

// engine is everything that a sweep needs.
type engine struct {
	config  *Config
	log     zerolog.Logger
	store   *redisstore.Store
	graph   *graph.Client
	owners  *owners
	webex   *webex.Client
	tokens  rest.Tokens // of Webex
	sweeper *sweep.Sweeper
	// throttles counts what Graph refused for being too much.
	throttles *throttles
}

// newEngine wires the parts, from the outside in. A dry run makes no key file.
func (s *surroundings) newEngine(serve, dry bool) (*engine, error) {
	c, log, err := s.load()
	if err != nil {
		return nil, err
	}
	if err := c.checkVendors(); err != nil {
		return nil, usageError{err}
	}
	key, err := openKey(c.KeyFile, dry)
	if err != nil {
		return nil, usageError{err}
	}
	transport, err := newTransport(c)
	if err != nil {
		return nil, usageError{err}
	}
	credential := credential(c, transport, log)
	tokens, err := appTokens(credential)
	if err != nil {
		return nil, usageError{err}
	}
	throttles := &throttles{RoundTripper: transport}
	calendars, err := graph.New(c.GraphURL, throttles, tokens)
	if err != nil {
		return nil, usageError{err}
	}
	keys, err := delta.NewKeys(key.Master(), c.TenantID)
	if err != nil {
		return nil, usageError{err}
	}
	store, err := s.openStore(c, log, serve, dry)
	if err != nil {
		return nil, err
	}
	owners := &owners{SignIns: signIns(c, key, store, dry), store: store, credential: credential, calendars: calendars}
	if err := owners.look(s.ctx); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	if err := owners.check(); err != nil {
		return nil, errors.Join(usageError{err}, store.Close())
	}
	webexTokens := webexTokens(c, key, store, transport, log)
	meetings, err := webex.New(c.WebexURL, transport, webexTokens)
	if err != nil {
		return nil, errors.Join(usageError{err}, store.Close())
	}
	e := &engine{config: c, log: log, store: store, graph: calendars, owners: owners, webex: meetings, tokens: webexTokens, throttles: throttles}
	e.sweeper = &sweep.Sweeper{
		Open:     func(m delta.Mailbox) sweep.Calendar { return owners.open(m) },
		Claim:    func(ctx context.Context, m delta.Mailbox) (sweep.Memory, error) { return store.Claim(ctx, m) },
		Peek:     func(ctx context.Context, m delta.Mailbox) (sweep.Memory, error) { return store.Peek(ctx, m) },
		Meetings: meetings, Pauses: store, Quotas: store, Keys: keys, Limit: c.RemovalLimit,
		Policy: delta.Policy{Webex: c.KeywordWebex, Meet: c.KeywordMeet, Link: c.Location == "link", Parser: c.Parser},
		Behind: c.WindowBehind, Ahead: c.WindowAhead, Language: c.Language, Parts: c.Block,
		Lists: c.Lists.among(calendars), Stopping: s.ctx.Done(), Log: log,
	}
	return e, nil
}

func credential(c *Config, transport http.RoundTripper, log zerolog.Logger) graph.Credential {
	return graph.Credential{
		LoginURL: c.LoginURL, TenantID: c.TenantID, ClientID: c.ClientID, Certificate: c.ClientCertificate,
		GraphURL: c.GraphURL, Transport: transport, Warn: renewalFailed(log, "Microsoft"),
	}
}

// appTokens are the application's. Without a certificate it has none, and serves only those who sign in.
func appTokens(c graph.Credential) (rest.Tokens, error) {
	if c.Certificate == "" {
		return graph.Nobody{}, nil
	}
	return graph.NewAppTokens(c)
}

func openKey(path string, dry bool) (*vault.Key, error) {
	if _, err := os.Stat(path); dry && errors.Is(err, fs.ErrNotExist) {
		return vault.Random()
	}
	return vault.Open(path)
}

// webexVault keeps the tokens, and tells operators of them.
type webexVault struct {
	vault.Tokens
	store *redisstore.Store
}

// NoteToken implements [webex.Vault].
func (v webexVault) NoteToken(ctx context.Context, expires time.Time, refused bool) error {
	return v.store.NoteWebexRefresh(ctx, redisstore.WebexRefresh{Expires: expires, Refused: refused})
}

// unkept is for a dry run before there is a key file: Webex may give another refresh token along with each token, and nothing could
// keep it.
type unkept struct{}

// Token implements [rest.Tokens].
func (unkept) Token(context.Context, string) (string, error) {
	return "", fmt.Errorf("%w: no Webex token is fetched before there is a key file: run `syncd sweep` once, or put the key file in place", delta.ErrCredentials)
}

func webexTokens(c *Config, key *vault.Key, store *redisstore.Store, transport http.RoundTripper, log zerolog.Logger) rest.Tokens {
	if c.WebexToken != "" {
		return webex.FixedToken(c.WebexToken)
	}
	if !key.Kept() {
		return unkept{}
	}
	keeper := vault.Tokens{Key: key, Shared: store, File: filepath.Join(c.StateDir, "webex-token")}
	return webex.NewServiceApp(c.WebexURL, c.WebexClientID, c.WebexClientSecret, c.WebexRefreshToken, transport, webexVault{keeper, store}, renewalFailed(log, "Webex"))
}

// renewalFailed tells the operator of trouble that nobody else notices yet.
func renewalFailed(log zerolog.Logger, vendor string) func(error) {
	return func(err error) {
		log.Warn().Err(err).Str("vendor", vendor).Msg("the access token could not be renewed; the old one still works")
	}
}

// newTransport is the one pool of connections to both vendors. Proxies come from HTTPS_PROXY and NO_PROXY.
func newTransport(c *Config) (*http.Transport, error) {
	roots, err := roots(c)
	if err != nil {
		return nil, err
	}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		TLSClientConfig:       &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   16,
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

func (e *engine) close() error { return e.store.Close() }
