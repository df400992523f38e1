package redisstore

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
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
	process  string // names this process in leases, for operators; what follows makes it another than all before
	claims   atomic.Uint64
	embedded *Embedded
	slack    time.Duration // how much longer the server has to keep a lease, since its clock is coarse
	log      zerolog.Logger
	gathered gathered // ends of sweeps
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
		s.slack = embeddedSlack
		s.rdb, s.embedded, err = openEmbedded(ctx, o)
	} else {
		s.rdb, err = connect(o)
	}
	if err != nil {
		return nil, err
	}
	if err := s.check(ctx, o.URL == "embedded"); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// New makes a store of a connection that is there already.
func New(rdb redis.UniversalClient, o Options) *Store {
	return &Store{rdb: rdb, schema: schema{cmp.Or(o.Prefix, "syncd:")}, leaseTTL: o.LeaseTTL, process: processName() + "/" + rand.Text()[:10], log: o.Log}
}

// Close ends the connection; an embedded store is written to its file.
func (s *Store) Close() error {
	err := s.HangUp()
	if errors.Is(err, redis.ErrClosed) {
		err = nil // somebody hung up
	}
	if s.embedded != nil {
		err = errors.Join(err, s.embedded.Close())
	}
	return err
}

// HangUp ends the connection under whoever waits for an answer. go-redis heeds a context's deadline, and not that it is cancelled.
func (s *Store) HangUp() error { return s.rdb.Close() }

// Ping asks whether Redis answers.
func (s *Store) Ping(ctx context.Context) error { return s.rdb.Ping(ctx).Err() }

// plainProtocol has no messages in between, for which go-redis looks before each answer. The URL may say otherwise.
const plainProtocol = 2

// quiet leaves out a subscription that costs a round trip for each connection and that only Redis's own cloud answers.
func quiet() *maintnotifications.Config {
	return &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

func withRoots(c *tls.Config, roots *x509.CertPool) *tls.Config {
	if c != nil && roots != nil {
		c = c.Clone()
		c.RootCAs = roots
	}
	return c
}

func processName() string {
	host, _ := os.Hostname()
	return fmt.Sprintf("%s/%d", strings.ReplaceAll(host, " ", "_"), os.Getpid())
}

// serverTTL is how long the server is to keep a lease.
func (s *Store) serverTTL() time.Duration { return s.leaseTTL + s.slack }

// newOwner names one claim and no other.
func (s *Store) newOwner() string { return s.process + "." + strconv.FormatUint(s.claims.Add(1), 36) }

// redisLog passes go-redis's own lines to our log.
type redisLog struct{ log zerolog.Logger }

func (l redisLog) Printf(_ context.Context, format string, v ...any) {
	l.log.Debug().Str("from", "redis").Msgf(format, v...)
}
