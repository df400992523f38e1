package redisstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"syncd/delta"
)

// Claim is one mailbox's memory, held under a lease. It is used by one goroutine; Renew may run beside it.
type Claim struct {
	store *Store
	id    string
	keys  []string
	lease string                    // "" for a claim that only reads
	until atomic.Pointer[time.Time] // when the lease ends for sure, by this machine's monotonic clock

	cursor  delta.Cursor
	waiting []delta.Waiting
	held    []string
	resync  *delta.Resync
}

// Cursor is the cursor as it was when the mailbox was claimed.
func (c *Claim) Cursor() delta.Cursor { return c.cursor }

// Waiting are the events that wait for another try, soonest first; not more than a sweep can take.
func (c *Claim) Waiting() []delta.Waiting { return c.waiting }

// HeldRemovals are the ids of the events whose removal waits for an operator.
func (c *Claim) HeldRemovals() []string { return c.held }

// Resync is the request to serve, nil if there is none.
func (c *Claim) Resync() *delta.Resync { return c.resync }

// mostWaiting bounds how many waiting events a claim reads.
const mostWaiting = 1000

// Claim takes a mailbox's lease. Where another holds it the error is [delta.ErrLeased].
func (s *Store) Claim(ctx context.Context, m delta.Mailbox) (*Claim, error) {
	c := &Claim{store: s, id: m.ID, keys: s.schema.all(m.ID)}
	asked := time.Now()
	answer, err := claimScript.Run(ctx, s.rdb, c.keys, s.newOwner(), s.leaseTTL.Milliseconds(), mostWaiting-1).Slice()
	if err != nil {
		return nil, fmt.Errorf("claiming a mailbox: %w", err)
	}
	if answer[0] == nil {
		return nil, fmt.Errorf("%w: %v", delta.ErrLeased, answer[1])
	}
	c.lease, _ = answer[0].(string)
	c.holdFrom(asked)
	return c, c.read(answer[1], answer[2], answer[3], answer[4])
}

// Peek reads a mailbox's memory without a lease, for a dry run. The claim refuses to write.
func (s *Store) Peek(ctx context.Context, m delta.Mailbox) (*Claim, error) {
	c := &Claim{store: s, id: m.ID, keys: s.schema.all(m.ID)}
	pipe := s.rdb.Pipeline()
	cursor := pipe.HGetAll(ctx, c.keys[keyCursor-1])
	waiting := pipe.ZRangeWithScores(ctx, c.keys[keyRetry-1], 0, mostWaiting-1)
	held := pipe.ZRange(ctx, c.keys[keyHeld-1], 0, -1)
	resync := pipe.Get(ctx, c.keys[keyResync-1])
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return nil, fmt.Errorf("reading a mailbox: %w", err)
	}
	var err error
	if c.cursor, err = decodeCursor(cursor.Val()); err != nil {
		return nil, err
	}
	for _, z := range waiting.Val() {
		c.waiting = append(c.waiting, delta.Waiting{ID: fmt.Sprint(z.Member), At: time.Unix(int64(z.Score), 0)})
	}
	c.held, c.resync = held.Val(), delta.ParseResync(resync.Val())
	return c, nil
}

func (c *Claim) read(cursor, waiting, held, resync any) (err error) {
	if c.cursor, err = decodeCursor(stringMap(cursor)); err != nil {
		return err
	}
	pairs := stringSlice(waiting)
	for i := 0; i+1 < len(pairs); i += 2 {
		score, err := strconv.ParseFloat(pairs[i+1], 64)
		if err != nil {
			return fmt.Errorf("retry time of an event is no number: %q", pairs[i+1])
		}
		c.waiting = append(c.waiting, delta.Waiting{ID: pairs[i], At: time.Unix(int64(score), 0)})
	}
	c.held = stringSlice(held)
	request, _ := resync.(string)
	c.resync = delta.ParseResync(request)
	return nil
}

// Records reads the records of some events; ids without one are absent. A damaged record counts as lost.
func (c *Claim) Records(ctx context.Context, ids []string) (map[string]delta.Record, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	values, err := c.store.rdb.HMGet(ctx, c.keys[keyEvents-1], ids...).Result()
	if err != nil {
		return nil, fmt.Errorf("reading records: %w", err)
	}
	records := make(map[string]delta.Record, len(ids))
	for i, value := range values {
		if raw, ok := value.(string); ok {
			if err := c.decode(records, ids[i], raw); err != nil {
				return nil, err
			}
		}
	}
	return records, nil
}

// AllRecords reads the records of all events of the mailbox.
func (c *Claim) AllRecords(ctx context.Context) (map[string]delta.Record, error) {
	values, err := c.store.rdb.HGetAll(ctx, c.keys[keyEvents-1]).Result()
	if err != nil {
		return nil, fmt.Errorf("reading all records: %w", err)
	}
	records := make(map[string]delta.Record, len(values))
	for id, raw := range values {
		if err := c.decode(records, id, raw); err != nil {
			return nil, err
		}
	}
	return records, nil
}

func (c *Claim) decode(into map[string]delta.Record, id, raw string) error {
	record, err := delta.DecodeRecord(raw)
	if errors.Is(err, delta.ErrNewer) {
		return fmt.Errorf("record of an event: %w", err)
	}
	if err == nil {
		into[id] = record
	}
	return nil
}

// Write carries out a batch, if the lease still holds; else the error is [delta.ErrLeaseLost]. It prolongs the lease.
func (c *Claim) Write(ctx context.Context, b delta.Batch) error {
	if c.lease == "" {
		return errors.New("writing to a mailbox that was only looked at")
	}
	asked := time.Now()
	commands, err := json.Marshal(commandsOf(b, asked))
	if err != nil {
		return fmt.Errorf("encoding a write: %w", err)
	}
	done, err := fencedScript.Run(ctx, c.store.rdb, c.keys, c.lease, c.store.leaseTTL.Milliseconds(), commands).Int()
	if err != nil {
		return fmt.Errorf("writing to the store: %w", err)
	}
	if done == 0 {
		return delta.ErrLeaseLost
	}
	c.holdFrom(asked)
	return nil
}

// Holds returns [delta.ErrLeaseLost] once the lease may have passed to another. It asks nobody, so that a process that
// slept through its lease notices before its next effect.
func (c *Claim) Holds() error {
	if until := c.until.Load(); until == nil || !time.Now().Before(*until) {
		return delta.ErrLeaseLost
	}
	return nil
}

// LeaseTTL is how long the lease lasts from each write.
func (c *Claim) LeaseTTL() time.Duration { return c.store.leaseTTL }

func (c *Claim) holdFrom(asked time.Time) {
	until := asked.Add(c.store.leaseTTL)
	c.until.Store(&until)
}

func stringSlice(v any) []string {
	items, _ := v.([]any)
	out := make([]string, 0, len(items))
	for _, item := range items {
		if s, ok := item.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// stringMap reads a hash as a script returns it: names and values in turn, or a map on later protocols.
func stringMap(v any) map[string]string {
	out := map[string]string{}
	if m, ok := v.(map[any]any); ok {
		for name, value := range m {
			out[fmt.Sprint(name)] = fmt.Sprint(value)
		}
		return out
	}
	items := stringSlice(v)
	for i := 0; i+1 < len(items); i += 2 {
		out[items[i]] = items[i+1]
	}
	return out
}
