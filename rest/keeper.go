package rest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"syncd/delta"
)

// Token is an access token and the times that matter to it, by our own clock.
type Token struct {
	Value   string
	Renew   time.Time // from then on a new one is asked for
	Expires time.Time // until then it works, as far as is known
}

// Keeper keeps one token for many callers. One renewal serves all who wait for it, and so does its failure: for some seconds,
// or until the Retry-After that came with it, nobody asks again. A token that is due, but works still, is used meanwhile.
type Keeper struct {
	renew func(ctx context.Context, refused string) (Token, error)
	warn  func(error)
	turn  chan struct{} // holds one while somebody renews

	mu      sync.Mutex
	have    Token     // guarded by mu
	failed  error     // guarded by mu; of the last renewal
	until   time.Time // guarded by mu; no renewal before
	quiet   time.Time // guarded by mu; nor before this, while the token works
	refusal time.Time // guarded by mu; of the last renewal because of a refused token
}

// NewKeeper makes a keeper. renew gets a token that is not the refused one; its errors are of the kinds of package delta. warn,
// which may be nil, is told of a failed renewal while the old token still works, and nobody else notices.
func NewKeeper(renew func(ctx context.Context, refused string) (Token, error), warn func(error)) *Keeper {
	return &Keeper{renew: renew, warn: warn, turn: make(chan struct{}, 1)}
}

const (
	failurePause = 5 * time.Second
	// How long a token that works is used before its renewal is tried again, after trouble and after a refusal.
	quietTrouble, quietRefusal = time.Minute, 10 * time.Minute
	// refusalPause is how far apart renewals are that come of refused tokens. A vendor that refuses fresh tokens refuses the
	// next one too.
	refusalPause = 10 * time.Second
)

// Token implements [Tokens].
func (k *Keeper) Token(ctx context.Context, refused string) (string, error) {
	token, works, err := k.ready(refused)
	if token != "" || err != nil {
		return token, err
	}
	select {
	case k.turn <- struct{}{}:
	default:
		if works != "" {
			return works, nil
		}
		select {
		case k.turn <- struct{}{}:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	defer func() { <-k.turn }()
	if token, _, err = k.ready(refused); token != "" || err != nil {
		return token, err
	}
	fresh, err := k.ask(ctx, refused)
	return k.took(ctx, refused, fresh, err)
}

// ready gives the token, or the failure that still holds, or neither where a renewal is due; works is a token that would do.
func (k *Keeper) ready(refused string) (token, works string, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	if k.have.Value != "" && k.have.Value != refused && now.Before(k.have.Expires) {
		works = k.have.Value
	}
	switch {
	case works != "" && (now.Before(k.have.Renew) || now.Before(k.quiet)):
		return works, works, nil
	case now.Before(k.until):
		return "", "", k.failed
	case refused != "" && refused == k.have.Value && now.Sub(k.refusal) < refusalPause:
		return "", "", fmt.Errorf("%w: a fresh token is refused too", delta.ErrCredentials)
	}
	return "", works, nil
}

// ask renews, more than once where the trouble may pass.
func (k *Keeper) ask(ctx context.Context, refused string) (Token, error) {
	for try := 0; ; try++ {
		fresh, err := k.renew(ctx, refused)
		if err == nil || ctx.Err() != nil || !errors.Is(err, delta.ErrTrouble) || try == maxRepeats-1 {
			return fresh, err
		}
		wait := firstWait<<try/2 + rand.N(firstWait<<try)
		var later *delta.LaterError
		if errors.As(err, &later) {
			if wait = time.Until(later.At); wait > Patience {
				return fresh, err
			}
		}
		if err := Wait(ctx, wait); err != nil {
			return fresh, err
		}
	}
}

// took notes how a renewal ended.
func (k *Keeper) took(ctx context.Context, refused string, fresh Token, err error) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	switch {
	case err == nil:
		if refused != "" && refused == k.have.Value {
			k.refusal = now
		}
		k.have, k.failed, k.until, k.quiet = fresh, nil, time.Time{}, time.Time{}
		return fresh.Value, nil
	case ctx.Err() != nil: // the caller's trouble, not the vendor's
		return "", err
	}
	k.failed, k.until, k.quiet = err, now.Add(failurePause), now.Add(quietTrouble)
	if errors.Is(err, delta.ErrCredentials) {
		k.quiet = now.Add(quietRefusal)
	}
	var later *delta.LaterError
	if errors.As(err, &later) && later.At.After(k.until) {
		k.until, k.quiet = later.At, later.At
	}
	if k.have.Value == "" || k.have.Value == refused || !now.Before(k.have.Expires) {
		return "", err
	}
	if k.warn != nil {
		k.warn(err)
	}
	return k.have.Value, nil
}
