package rest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"syncd/delta"
)

// gates remember until when a vendor wants to be left alone, by scope. Every sweep, and every goroutine of one, is held back by
// what any of them was told.
type gates struct {
	mu     sync.Mutex
	closed map[string]gate // guarded by mu; only scopes that were throttled of late
}

type gate struct {
	until time.Time
	why   error // one of package delta's kinds
}

// close keeps a scope's requests back until a time.
func (g *gates) close(scope string, until time.Time, why error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	for other, gate := range g.closed {
		if !gate.until.After(now) {
			delete(g.closed, other)
		}
	}
	if g.closed == nil {
		g.closed = map[string]gate{}
	}
	if until.After(g.closed[scope].until) {
		g.closed[scope] = gate{until, why}
	}
}

// pass waits until the scope may be asked. Where that takes longer than [Patience] it does not wait.
func (g *gates) pass(ctx context.Context, scope string) error {
	for began := time.Now(); ; {
		g.mu.Lock()
		gate := g.closed[scope]
		g.mu.Unlock()
		if !gate.until.After(time.Now()) {
			return nil
		}
		if gate.until.Sub(began) > Patience {
			return &delta.LaterError{At: gate.until, Err: fmt.Errorf("%w: not asked before Retry-After", gate.why)}
		}
		if err := Wait(ctx, time.Until(gate.until)); err != nil {
			return err
		}
	}
}
