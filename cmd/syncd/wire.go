package main

import (
	"context"
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

// load reads the configuration and makes the logger. What is wrong, and what is missing of the needs, comes in one error.
func (s *surroundings) load(needs ...need) (*Config, zerolog.Logger, error) {
	c, _, err := loadConfig(s.file, s.environ)
	errs := []error{err}
	for _, lacking := range needs {
		errs = append(errs, lacking(c))
	}
	if err := errors.Join(errs...); err != nil {
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
	if s.log != nil {
		out = s.log
	}
	if console {
		out = zerolog.ConsoleWriter{Out: out, TimeFormat: time.TimeOnly}
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
	key     *vault.Key
	graph   *graph.Client
	owners  *owners
	roster  roster
	webex   *webex.Client
	tokens  rest.Tokens // of Webex
	sweeper *sweep.Sweeper
	// throttles counts what Graph refused for being too much, entra knows whether the application is let in.
	throttles *throttles
	entra     *entra
}

// newEngine wires the parts, from the outside in. A dry run makes no key file.
func (s *surroundings) newEngine(serve, dry bool) (*engine, error) {
	c, log, err := s.load(toSweep...)
	if err != nil {
		return nil, err
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
	entra := &entra{Tokens: tokens}
	throttles := &throttles{RoundTripper: transport}
	calendars, err := graph.New(c.GraphURL, throttles, entra)
	if err != nil {
		return nil, usageError{err}
	}
	store, err := s.openStore(c, log, serve, dry)
	if err != nil {
		return nil, err
	}
	key, err := c.keyOf(s.ctx, store, dry)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	keys, err := delta.NewKeys(key.Master(), c.TenantID)
	if err != nil {
		return nil, errors.Join(usageError{err}, store.Close())
	}
	calendars.Share(pauses{store, dry})
	owners := &owners{SignIns: signIns(c, key, store, dry), store: store, credential: credential, calendars: calendars}
	if err := owners.look(s.ctx); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	if err := owners.check(); err != nil {
		return nil, errors.Join(usageError{err}, store.Close())
	}
	webexTokens := webexTokens(c, key, store, transport, log, dry)
	meetings, err := webex.New(c.WebexURL, transport, webexTokens)
	if err != nil {
		return nil, errors.Join(usageError{err}, store.Close())
	}
	meetings.Share(webexPauses{pauses{store, dry}})
	e := &engine{config: c, log: log, store: store, key: key, roster: rosterOf(c, store, log), graph: calendars, owners: owners, webex: meetings, tokens: webexTokens, throttles: throttles, entra: entra}
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

// pauses are those that all processes see. A dry run heeds them, and writes none.
type pauses struct {
	*redisstore.Store
	dry bool
}

// SetPause implements [rest.Pauses].
func (p pauses) SetPause(ctx context.Context, scope string, until time.Time) error {
	if p.dry {
		return nil
	}
	return p.Store.SetPause(ctx, scope, until)
}

// webexPauses tells all processes how long Webex wants to be left alone also where that is waited for in place. Each sweep asks for it
// once by itself, and not each request.
type webexPauses struct{ pauses }

// Pause implements [rest.Pauses].
func (webexPauses) Pause(context.Context, string) (time.Time, error) { return time.Time{}, nil }

// SetPause implements [rest.Pauses].
func (p webexPauses) SetPause(ctx context.Context, _ string, until time.Time) error {
	return p.pauses.SetPause(ctx, sweep.OfWebex, until)
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

func webexTokens(c *Config, key *vault.Key, store *redisstore.Store, transport http.RoundTripper, log zerolog.Logger, readOnly bool) rest.Tokens {
	if c.WebexToken != "" {
		return webex.FixedToken(c.WebexToken)
	}
	if !key.Kept() {
		return unkept{}
	}
	keeper := vault.Tokens{Key: key, Shared: store, File: filepath.Join(c.StateDir, "webex-token"), ReadOnly: readOnly}
	return webex.NewServiceApp(c.WebexURL, c.WebexClientID, c.WebexClientSecret, c.WebexRefreshToken, transport, webexVault{keeper, store}, renewalFailed(log, "Webex"))
}

// renewalFailed tells the operator of trouble that nobody else notices yet.
func renewalFailed(log zerolog.Logger, vendor string) func(error) {
	return func(err error) {
		log.Warn().Err(err).Str("vendor", vendor).Msg("the access token could not be renewed; the old one still works")
	}
}

func (e *engine) close() error { return e.store.Close() }
