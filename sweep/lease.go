package sweep

import (
	"context"
	"errors"
	"sync"
	"time"

	"syncd/delta"
)

// claim takes the lease, and waits for it as long as Patience says.
func (s *Sweeper) claim(ctx context.Context, m delta.Mailbox) (Memory, error) {
	const tries = 20
	for try := 0; ; try++ {
		memory, err := s.Claim(ctx, m)
		if !errors.Is(err, delta.ErrLeased) || try >= tries || s.Patience == 0 {
			return memory, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(s.Patience / tries):
		}
	}
}

// keepLease keeps the lease alive until ctx ends, and ends ctx when the lease is lost or cannot be proven any more. Most sweeps
// are over before it has to do anything. stop, called once ctx has ended, waits for it.
func keepLease(ctx context.Context, cancel context.CancelCauseFunc, memory Memory) (stop func()) {
	var renewing sync.WaitGroup
	renewing.Add(1)
	every := memory.LeaseTTL() / 3
	timer := time.AfterFunc(every, func() {
		defer renewing.Done()
		renew(ctx, cancel, memory, every)
	})
	return func() {
		if !timer.Stop() {
			renewing.Wait()
		}
	}
}

func renew(ctx context.Context, cancel context.CancelCauseFunc, memory Memory, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for ctx.Err() == nil {
		err := memory.Write(ctx, delta.Batch{})
		if errors.Is(err, delta.ErrLeaseLost) || memory.Holds() != nil {
			cancel(delta.ErrLeaseLost)
			return
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}
