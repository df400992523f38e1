package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"syncd/delta"
	"syncd/redisstore"
	"syncd/rest"
)

// Ready implements [pages.Source]: it says what keeps sweeps from doing their work, all of it, a line each. That Redis takes writes is
// tried; the rest is what the sweeps of this daemon met, which go on trying.
func (d *daemon) Ready(ctx context.Context) error {
	const patience = 2 * time.Second // who asks has little more
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := d.writable(ctx)
	if err == nil {
		err = d.runner.Trouble()
	}
	if errors.Is(err, redisstore.ErrDown) {
		return errors.Join(err, d.refused()) // and what is in Redis is not known
	}
	_, webex := webexTrouble(ctx, d.config, d.store)
	return errors.Join(err, d.owns(ctx), webex, d.refused())
}

// writable asks whether the timetable takes writes.
func (d *daemon) writable(ctx context.Context) error {
	err := d.queue.Writable(ctx)
	if err == nil || errors.Is(err, redisstore.ErrDown) || errors.Is(err, redisstore.ErrNoWrites) {
		return err
	}
	return fmt.Errorf("the timetable does not answer: %w", err)
}

// refused says that Entra, or everybody's mailbox, refuses the application.
func (d *daemon) refused() error {
	if err := d.entra.refusal(); err != nil {
		return fmt.Errorf("credentials: Entra or Graph refuses the application: %w: see `syncd doctor`", err)
	}
	if err := d.sweeper.Refused(); err != nil {
		return fmt.Errorf("%s: %w", delta.ApplicationRefused, err)
	}
	return nil
}

// entra are the application's tokens. It knows whether the application is refused: from the moment when Entra gives it no token, or Graph
// takes none that is fresh, until a sweep with one went well. That a token is there says nothing: it may be one that Graph refuses.
type entra struct {
	rest.Tokens
	refused atomic.Pointer[error]
}

// Token implements [rest.Tokens].
func (e *entra) Token(ctx context.Context, refused string) (string, error) {
	token, err := e.Tokens.Token(ctx, refused)
	if errors.Is(err, delta.ErrCredentials) {
		e.refused.Store(&err)
	}
	return token, err
}

// lets notes that the application is let in.
func (e *entra) lets() { e.refused.Store(nil) }

func (e *entra) refusal() error {
	if err := e.refused.Load(); err != nil {
		return *err
	}
	return nil
}

// signedIn reports whether a mailbox is served with its owner's own permission.
func (o *owners) signedIn(m delta.Mailbox) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, ok := o.known[strings.ToLower(m.ID)]
	return ok
}
