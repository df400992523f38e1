package main

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"syncd/redisstore"
	"syncd/schedules"
	"syncd/vault"
)

// Whose Redis it is. A process with another key, or with another name of the tenant, would not know the join details that it finds there,
// write them all anew and mail everybody; so Redis keeps a fingerprint of the key, and the tenant as it was written.

// fingerprint tells keys apart, and tells nothing of them.
func fingerprint(key *vault.Key) (string, error) {
	const size = 16
	sum, err := hkdf.Expand(sha256.New, key.Master(), "syncd redis 1", size)
	return hex.EncodeToString(sum), err
}

// errOtherKey says that Redis belongs to another key.
var errOtherKey = errors.New("redis belongs to another key")

// otherKey tells the operator what to do about it.
func (c *Config) otherKey(missing bool) error {
	what, lost := "is another key", fmt.Sprintf("delete `%skey` with redis-cli while no daemon runs", c.RedisPrefix)
	if missing {
		what = "is not there"
	}
	if c.RedisURL == "embedded" {
		lost = fmt.Sprintf("let `syncd resync --all --wait` wait in another terminal, and meanwhile `redis-cli -s %s DEL %skey`", filepath.Join(c.StateDir, "redis.sock"), c.RedisPrefix)
	}
	return usageError{fmt.Errorf("%w, %s %s %s: copy the key file from the machine that has it. "+
		"If that key is lost for good: %s; then join details are written anew, which mails everybody invited, and tokens and sign-ins that were kept have to be given anew",
		errOtherKey, both("key_file"), c.KeyFile, what, lost)}
}

// errOtherTenant says that Redis, or the state folder, belongs to another tenant, or to this one under another name.
var errOtherTenant = errors.New("another tenant, or another name of the same")

func (c *Config) otherTenant(was string) error {
	return usageError{fmt.Errorf("%w: %s is %q and was %q, by which all join details that are there are signed: write it as it was; "+
		"another tenant wants a Redis or %s, a %s and a %s of its own", errOtherTenant, both("tenant_id"), c.TenantID, was, both("redis_prefix"), both("state_dir"), both("key_file"))}
}

// tenant is the tenant as it is noted; "" where the configuration does not say it yet.
func (c *Config) tenant() string { return strings.ToLower(c.TenantID) }

// keyOf opens the key file, and sees that Redis belongs to that key. It makes the file only for a Redis that belongs to nobody yet, and
// dry makes and notes nothing.
func (c *Config) keyOf(ctx context.Context, store *redisstore.Store, dry bool) (*vault.Key, error) {
	noted, err := store.Key(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(c.KeyFile); noted != "" && errors.Is(err, fs.ErrNotExist) {
		return nil, c.otherKey(true)
	}
	key, err := openKey(c.KeyFile, dry)
	if err != nil {
		return nil, usageError{err}
	}
	if noted == "" { // new, or emptied
		if was := rosterOf(c, store, zerolog.Nop()).whose(); was != "" && was != c.tenant() {
			return nil, c.otherTenant(was)
		}
	}
	if dry && noted == "" {
		return key, nil
	}
	return key, c.owns(ctx, store, key)
}

// owns sees that Redis belongs to a key. One that belongs to nobody does from then on.
func (c *Config) owns(ctx context.Context, store *redisstore.Store, key *vault.Key) error {
	ours, err := fingerprint(key)
	if err != nil {
		return err
	}
	noted, err := store.NoteKey(ctx, strings.TrimSpace(ours+" "+c.tenant()))
	if err != nil {
		return err
	}
	switch sum, tenant, _ := strings.Cut(noted, " "); {
	case sum != ours:
		return c.otherKey(false)
	case tenant != "" && c.tenant() != "" && tenant != c.tenant():
		return c.otherTenant(tenant)
	}
	return nil
}

// owns sees that Redis belongs to this process's key, also after it was emptied.
func (e *engine) owns(ctx context.Context) error { return e.config.owns(ctx, e.store, e.key) }

// ownQueue is the timetable, which a daemon leaves alone where Redis belongs to another key: it was emptied, and somebody else was
// quicker. It is used from several goroutines.
type ownQueue struct {
	*redisstore.Queue
	owns func(context.Context) error
}

// Take implements [schedules.Queue].
func (q ownQueue) Take(ctx context.Context, lane schedules.Lane, n int, hold time.Duration) (schedules.Taken, error) {
	if err := q.owns(ctx); err != nil {
		return schedules.Taken{}, err
	}
	return q.Queue.Take(ctx, lane, n, hold)
}

// Put implements [schedules.Queue].
func (q ownQueue) Put(ctx context.Context, returns []schedules.Return) error {
	if err := q.owns(ctx); err != nil {
		return err
	}
	return q.Queue.Put(ctx, returns)
}

// Fill implements [schedules.Queue].
func (q ownQueue) Fill(ctx context.Context, mailboxes []string, first func(string) time.Duration) (added, removed int, err error) {
	if err := q.owns(ctx); err != nil {
		return 0, 0, err
	}
	return q.Queue.Fill(ctx, mailboxes, first)
}
