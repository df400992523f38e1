package redisstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// WebexToken is the sealed Webex token; "" for none.
func (s *Store) WebexToken(ctx context.Context) (string, error) {
	sealed, err := s.rdb.Get(ctx, s.schema.webexToken()).Result()
	if errors.Is(err, redis.Nil) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading the Webex token: %w", err)
	}
	return sealed, nil
}

// SetWebexToken stores the sealed Webex token.
func (s *Store) SetWebexToken(ctx context.Context, sealed string) error {
	if err := s.rdb.Set(ctx, s.schema.webexToken(), sealed, 0).Err(); err != nil {
		return fmt.Errorf("storing the Webex token: %w", err)
	}
	return nil
}

// swapTokenScript replaces a value by another one.
//
//	KEYS  the Webex token
//	ARGV  what it is, "" for none; what it is to be
var swapTokenScript = redis.NewScript(`
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1
`)

// SwapWebexToken replaces the sealed Webex token, and reports false where it is not what was given as was, "" for none.
func (s *Store) SwapWebexToken(ctx context.Context, was, now string) (bool, error) {
	n, err := swapTokenScript.Run(ctx, s.rdb, []string{s.schema.webexToken()}, was, now).Int()
	if err != nil {
		return false, fmt.Errorf("storing the Webex token: %w", err)
	}
	return n == 1, nil
}

// unlockScript gives a lock back, if it is still its holder's.
var unlockScript = redis.NewScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`)

// LockWebexToken takes the turn to refresh the Webex token, for most at the longest. ok is false where another daemon has it.
func (s *Store) LockWebexToken(ctx context.Context, most time.Duration) (unlock func(), ok bool, err error) {
	holder := s.process + "/" + rand.Text()
	answer, err := s.rdb.SetArgs(ctx, s.schema.webexRefreshing(), holder, redis.SetArgs{Mode: "NX", TTL: most}).Result()
	if errors.Is(err, redis.Nil) {
		return nil, false, nil
	}
	if err != nil || answer != "OK" {
		return nil, false, fmt.Errorf("locking the Webex token: %w", err)
	}
	return func() {
		// What cannot be unlocked expires.
		_ = unlockScript.Run(context.WithoutCancel(ctx), s.rdb, []string{s.schema.webexRefreshing()}, holder).Err()
	}, true, nil
}

// WebexRefresh is what operators see of the Webex refresh token.
type WebexRefresh struct {
	Expires time.Time // when it dies if it is not used; zero while unknown
	Refused bool      // by Webex: nothing works until an operator acts
}

// NoteWebexRefresh notes it.
func (s *Store) NoteWebexRefresh(ctx context.Context, r WebexRefresh) error {
	refused := ""
	if r.Refused {
		refused = "yes"
	}
	if err := s.rdb.HSet(ctx, s.schema.webexRefresh(), "expires", stamp(r.Expires), "refused", refused).Err(); err != nil {
		return fmt.Errorf("noting the Webex refresh token: %w", err)
	}
	return nil
}

// WebexRefresh reads it.
func (s *Store) WebexRefresh(ctx context.Context) (WebexRefresh, error) {
	fields, err := s.rdb.HGetAll(ctx, s.schema.webexRefresh()).Result()
	if err != nil {
		return WebexRefresh{}, fmt.Errorf("reading about the Webex refresh token: %w", err)
	}
	expires, _ := time.Parse(time.RFC3339, fields["expires"]) // zero where it is not known
	return WebexRefresh{Expires: expires, Refused: fields["refused"] != ""}, nil
}
