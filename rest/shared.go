package rest

import (
	"context"
	"fmt"
	"time"

	"syncd/delta"
)

// Pauses is where all processes see until when a scope is to be left alone.
type Pauses interface {
	Pause(ctx context.Context, scope string) (until time.Time, err error)
	SetPause(ctx context.Context, scope string, until time.Time) error
}

// shared is a scope whose Retry-After binds other processes too.
type shared struct {
	scope string
	with  Pauses
}

// Share has the Retry-After of a scope bind all processes. It is called before the first request.
func (c *Client) Share(scope string, with Pauses) { c.shared = shared{scope, with} }

// heed closes the gate of a shared scope for as long as another process was told.
func (c *Client) heed(ctx context.Context, scope string) error {
	if c.shared.with == nil || scope != c.shared.scope {
		return nil
	}
	until, err := c.shared.with.Pause(ctx, scope)
	if err != nil {
		return fmt.Errorf("%w: %w", delta.ErrUnclear, err)
	}
	if until.After(time.Now()) {
		c.gates.close(scope, until, delta.ErrThrottled)
	}
	return nil
}

func (c *Client) tell(ctx context.Context, scope string, until time.Time) error {
	if c.shared.with == nil || scope != c.shared.scope {
		return nil
	}
	return c.shared.with.SetPause(ctx, scope, until)
}
