package redisstore

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"github.com/rs/zerolog"
)

// Store is syncd's memory in one Redis.
type Store struct {
	rdb      redis.UniversalClient
	schema   schema
	leaseTTL time.Duration
	process  string // names this process in leases, for operators
	embedded *Embedded
}

// Options are how to reach and use a Redis.
type Options struct {
	// URL is "embedded", or redis://, rediss://, unix://. Several hosts as ?addr= make a cluster, ?master_name= a Sentinel.
	URL      string
	Prefix   string        // of all keys; "syncd:" by default
	LeaseTTL time.Duration // of a mailbox's lease
	StateDir string        // where the embedded store lives
	// Serve makes this process the embedded store's daemon: no other one may be. Without it a running daemon's is used.
	Serve bool
	// ReadOnly keeps an embedded store from being written back.
	ReadOnly bool
	Roots    *x509.CertPool // further trusted roots for rediss://
	Log      zerolog.Logger
}

// Open connects to Redis and checks that it keeps what it is given.
func Open(ctx context.Context, o Options) (*Store, error) {
	s := New(nil, o)
	redis.SetLogger(redisLog{o.Log})
	var err error
	if o.URL == "embedded" {
		s.rdb, s.embedded, err = openEmbedded(ctx, o)
	} else {
		s.rdb, err = connect(o)
	}
	if err != nil {
		return nil, err
	}
	if err := s.check(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// New makes a store of a connection that is there already.
func New(rdb redis.UniversalClient, o Options) *Store {
	return &Store{rdb: rdb, schema: schema{cmp.Or(o.Prefix, "syncd:")}, leaseTTL: o.LeaseTTL, process: processName()}
}

// Close ends the connection; an embedded store is written to its file.
func (s *Store) Close() error {
	err := s.rdb.Close()
	if s.embedded != nil {
		err = errors.Join(err, s.embedded.Close())
	}
	return err
}

// Ping asks whether Redis answers.
func (s *Store) Ping(ctx context.Context) error { return s.rdb.Ping(ctx).Err() }

func connect(o Options) (redis.UniversalClient, error) {
	u, err := url.Parse(o.URL)
	if err != nil {
		return nil, fmt.Errorf("redis_url is not an address: %w", errors.Unwrap(err)) // the outer text holds the password
	}
	query := u.Query()
	noNotices := &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	switch {
	case query.Has("master_name"):
		opts, err := redis.ParseFailoverURL(o.URL)
		if err != nil {
			return nil, fmt.Errorf("redis_url: %w", err)
		}
		opts.TLSConfig = withRoots(opts.TLSConfig, o.Roots)
		return redis.NewFailoverClient(opts), nil
	case query.Has("addr"):
		opts, err := redis.ParseClusterURL(o.URL)
		if err != nil {
			return nil, fmt.Errorf("redis_url: %w", err)
		}
		opts.TLSConfig, opts.MaintNotificationsConfig = withRoots(opts.TLSConfig, o.Roots), noNotices
		return redis.NewClusterClient(opts), nil
	default:
		opts, err := redis.ParseURL(o.URL)
		if err != nil {
			return nil, fmt.Errorf("redis_url: %w", err)
		}
		opts.TLSConfig, opts.MaintNotificationsConfig = withRoots(opts.TLSConfig, o.Roots), noNotices
		return redis.NewClient(opts), nil
	}
}

func withRoots(c *tls.Config, roots *x509.CertPool) *tls.Config {
	if c != nil && roots != nil {
		c = c.Clone()
		c.RootCAs = roots
	}
	return c
}

// PolicyError says that Redis may throw away keys.
type PolicyError struct{ Policy string }

func (e *PolicyError) Error() string {
	return fmt.Sprintf("redis evicts keys (maxmemory-policy %s): set it to noeviction", e.Policy)
}

// check refuses a Redis that does not answer, or that would throw keys away.
func (s *Store) check(ctx context.Context) error {
	if err := s.Ping(ctx); err != nil {
		return fmt.Errorf("reaching redis: %w", err)
	}
	if policy := s.evictionPolicy(ctx); policy != "" && policy != "noeviction" {
		return &PolicyError{Policy: policy}
	}
	return nil
}

// evictionPolicy is "" where Redis does not tell: CONFIG is often forbidden, and the embedded store has none.
func (s *Store) evictionPolicy(ctx context.Context) string {
	if values, err := s.rdb.ConfigGet(ctx, "maxmemory-policy").Result(); err == nil {
		return values["maxmemory-policy"]
	}
	info, err := s.rdb.Info(ctx, "memory").Result()
	if err != nil {
		return ""
	}
	for line := range strings.Lines(info) {
		if policy, ok := strings.CutPrefix(strings.TrimSpace(line), "maxmemory_policy:"); ok {
			return policy
		}
	}
	return ""
}

func processName() string {
	host, _ := os.Hostname()
	return fmt.Sprintf("%s/%d", strings.ReplaceAll(host, " ", "_"), os.Getpid())
}

// newOwner names one claim and no other.
func (s *Store) newOwner() string { return s.process + "/" + rand.Text()[:10] }

// redisLog passes go-redis's own lines to our log.
type redisLog struct{ log zerolog.Logger }

func (l redisLog) Printf(_ context.Context, format string, v ...any) {
	l.log.Debug().Str("from", "redis").Msgf(format, v...)
}
