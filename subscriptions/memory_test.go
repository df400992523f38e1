package subscriptions

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"
)

// memory is a store within the test, shared by the keepers in it.
type memory struct {
	mu      sync.Mutex
	due     map[string]time.Time // guarded by mu
	all     map[string]Record    // guarded by mu
	leaving map[string]bool      // guarded by mu
	down    bool                 // guarded by mu
	takes   int                  // guarded by mu
}

func newMemory() *memory {
	m := &memory{}
	m.clear()
	return m
}

// clear loses everything, as a Redis that was emptied.
func (m *memory) clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.due, m.all, m.leaving = map[string]time.Time{}, map[string]Record{}, map[string]bool{}
}

var errDown = errors.New("down")

func (m *memory) enter() (leave func(), err error) {
	m.mu.Lock()
	if m.down {
		m.mu.Unlock()
		return nil, errDown
	}
	return m.mu.Unlock, nil
}

func (m *memory) TakeSubscriptions(_ context.Context, n int, hold time.Duration) (due []Due, next time.Duration, err error) {
	leave, err := m.enter()
	if err != nil {
		return nil, 0, err
	}
	defer leave()
	m.takes++
	next = -1
	now := time.Now()
	held := now.Add(hold)
	for id, at := range m.due {
		switch in := at.Sub(now); {
		case in <= 0 && len(due) < n:
			due = append(due, Due{Mailbox: id, Record: m.all[id], Leaves: m.leaving[id], Claim: strconv.FormatInt(held.UnixNano(), 10)})
			m.due[id] = held
		case next < 0 || in < next:
			next = max(0, in)
		}
	}
	return due, next, nil
}

func (m *memory) PutSubscriptions(_ context.Context, done []Return) error {
	leave, err := m.enter()
	if err != nil {
		return err
	}
	defer leave()
	for _, r := range done {
		if r.Gone {
			delete(m.due, r.Mailbox)
			delete(m.all, r.Mailbox)
			delete(m.leaving, r.Mailbox)
			continue
		}
		m.all[r.Mailbox] = r.Record
		if is := m.due[r.Mailbox]; strconv.FormatInt(is.UnixNano(), 10) == r.Claim || is.After(r.At) {
			m.due[r.Mailbox] = r.At
		}
	}
	return nil
}

func (m *memory) SubscriptionKeys(context.Context) (ids []string, err error) {
	leave, err := m.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	for id := range m.due {
		ids = append(ids, id)
	}
	return ids, nil
}

func (m *memory) AddSubscriptions(_ context.Context, ids []string, first func(string) time.Duration) error {
	leave, err := m.enter()
	if err != nil {
		return err
	}
	defer leave()
	for _, id := range ids {
		if _, there := m.due[id]; !there {
			m.due[id] = time.Now().Add(first(id))
		}
	}
	return nil
}

func (m *memory) LeaveSubscriptions(_ context.Context, ids []string) error {
	leave, err := m.enter()
	if err != nil {
		return err
	}
	defer leave()
	for _, id := range ids {
		m.due[id], m.leaving[id] = time.Now(), true
	}
	return nil
}

func (m *memory) HastenElsewhere(_ context.Context, to string) error {
	leave, err := m.enter()
	if err != nil {
		return err
	}
	defer leave()
	for id, r := range m.all {
		if r.ID != "" && r.To != to {
			m.due[id] = time.Now()
		}
	}
	return nil
}

// hasten has mailboxes looked at now, as word of a subscription's end does.
func (m *memory) hasten(ids ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range ids {
		m.due[id] = time.Now()
	}
}

// of is what is known of a mailbox.
func (m *memory) of(id string) Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.all[id]
}
