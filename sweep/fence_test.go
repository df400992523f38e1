package sweep_test

import (
	"context"
	"sync"
	"testing"

	"syncd/delta"
	"syncd/redisstore"
	"syncd/sweep"
)

// fence watches that nobody writes to a mailbox whose lease has passed to another (P9).
type fence struct {
	t      testing.TB
	mu     sync.Mutex
	claims map[string]int // mailbox → how often it was claimed; guarded by mu
}

// claim claims a mailbox of a store, one at a time so that the order of claims is known.
func (f *fence) claim(ctx context.Context, store *redisstore.Store, m delta.Mailbox) (sweep.Memory, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	memory, err := store.Claim(ctx, m)
	if err != nil {
		return nil, err
	}
	if f.claims == nil {
		f.claims = map[string]int{}
	}
	f.claims[m.ID]++
	return &fenced{Memory: memory, fence: f, mailbox: m.ID, claim: f.claims[m.ID]}, nil
}

func (f *fence) latest(mailbox string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.claims[mailbox]
}

// fenced is a claim under watch.
type fenced struct {
	sweep.Memory
	fence   *fence
	mailbox string
	claim   int
}

func (m *fenced) Write(ctx context.Context, b delta.Batch) error {
	stale := m.fence.latest(m.mailbox) != m.claim
	err := m.Memory.Write(ctx, b)
	if stale && err == nil {
		m.fence.t.Errorf("P9: claim %d of a mailbox wrote to the store after claim %d had begun", m.claim, m.fence.latest(m.mailbox))
	}
	return err
}
