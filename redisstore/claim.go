package redisstore

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"syncd/delta"
)

// Claim is one mailbox's memory, held under a lease. It is used by one goroutine; another may write empty batches beside it, to
// prolong the lease.
type Claim struct {
	store *Store
	id    string
	keys  []string
	lease string                    // "" for a claim that only reads
	until atomic.Pointer[time.Time] // when the lease ends for sure
	left  atomic.Bool               // the lease was given up

	cursor   delta.Cursor
	written  written // of the cursor
	waiting  []delta.Waiting
	held     []string
	accepted []string
	resync   *delta.Resync
	broken   bool
}

// Cursor is the cursor as it was when the mailbox was claimed.
func (c *Claim) Cursor() delta.Cursor { return c.cursor }

// Waiting are the events that wait for another try, soonest first; not more than a sweep can take.
func (c *Claim) Waiting() []delta.Waiting { return c.waiting }

// HeldRemovals are the ids of the events whose removal waits for an operator.
func (c *Claim) HeldRemovals() []string { return c.held }

// Resync is the request to serve, nil if there is none.
func (c *Claim) Resync() *delta.Resync { return c.resync }

// Accepted are those of HeldRemovals that were held when the operator accepted what is held. The request to serve may be
// older than that: one that failed half-way stands, and one may arrive twice.
func (c *Claim) Accepted() []string { return c.accepted }

// mostWaiting bounds how many waiting events a claim reads.
const mostWaiting = 1000

// Claim takes a mailbox's lease. Where another holds it the error is [delta.ErrLeased].
func (s *Store) Claim(ctx context.Context, m delta.Mailbox) (*Claim, error) {
	asked := time.Now()
	c := s.claimCall(m)
	return s.claimed(m, c.keys, asked, c.run(ctx, s.rdb))
}

// ClaimAll is Claim for many mailboxes at the price of one. For each there is a claim or an error.
func (s *Store) ClaimAll(ctx context.Context, mailboxes []delta.Mailbox) ([]*Claim, []error) {
	calls := make([]call, len(mailboxes))
	for i, m := range mailboxes {
		calls[i] = s.claimCall(m)
	}
	asked := time.Now()
	claims, errs := make([]*Claim, len(mailboxes)), make([]error, len(mailboxes))
	for i, answer := range runAll(ctx, s.rdb, calls) {
		claims[i], errs[i] = s.claimed(mailboxes[i], calls[i].keys, asked, answer)
	}
	return claims, errs
}

func (s *Store) claimCall(m delta.Mailbox) call {
	return call{claimScript, s.schema.all(m.ID), []any{s.newOwner(), s.serverTTL().Milliseconds(), mostWaiting - 1}}
}

// claimed reads the answer to a claim that was sent at asked.
func (s *Store) claimed(m delta.Mailbox, keys []string, asked time.Time, cmd *redis.Cmd) (*Claim, error) {
	c := &Claim{store: s, id: m.ID, keys: keys}
	answer, err := cmd.Result()
	if err != nil {
		return nil, fmt.Errorf("claiming a mailbox: %w", err)
	}
	var waiting, held []redis.Z
	var request string
	parts, more := answer.([]any)
	switch {
	case len(parts) == 2:
		return nil, fmt.Errorf("%w: %v", delta.ErrLeased, parts[1])
	case len(parts) == 4:
		answer, waiting, held = parts[0], scored(parts[1]), scored(parts[2])
		request, _ = parts[3].(string)
	case more:
		return nil, fmt.Errorf("claiming a mailbox: an answer of %d parts", len(parts))
	}
	text, _ := answer.(string)
	var cursor written
	if c.lease, cursor, err = writtenAs(text); err != nil {
		return nil, fmt.Errorf("claiming a mailbox: %w", err)
	}
	c.holdFrom(asked)
	c.take(cursor, waiting, held, request)
	ended := c.written.fence
	if !c.written.some {
		ended = "0" // nobody has come to an end yet
	}
	c.broken = c.follows(ended)
	return c, nil
}

// fenceField of a cursor is the fencing token of the sweep that wrote it last of all it did.
const fenceField = "fence"

// token is the claim's fencing token.
func (c *Claim) token() string { return c.lease[strings.LastIndexByte(c.lease, ' ')+1:] }

// follows reports whether somebody had the mailbox between the sweep that ended with a fencing token and this claim.
func (c *Claim) follows(ended string) bool {
	before, err := strconv.ParseInt(ended, 10, 64)
	now, err2 := strconv.ParseInt(c.token(), 10, 64)
	return err != nil || err2 != nil || now != before+1
}

// Broken reports that the sweep before this one did not come to its end: its process died, or lost the lease and may be at work
// still.
func (c *Claim) Broken() bool { return c.broken }

// Peek reads a mailbox's memory without a lease, for a dry run. The claim refuses to write.
func (s *Store) Peek(ctx context.Context, m delta.Mailbox) (*Claim, error) {
	c := &Claim{store: s, id: m.ID, keys: s.schema.all(m.ID)}
	pipe := s.rdb.Pipeline()
	cursor := pipe.HGetAll(ctx, c.keys[keyCursor-1])
	waiting := pipe.ZRangeWithScores(ctx, c.keys[keyRetry-1], 0, mostWaiting-1)
	held := pipe.ZRangeWithScores(ctx, c.keys[keyHeld-1], 0, -1)
	resync := pipe.Get(ctx, c.keys[keyResync-1])
	_, _ = pipe.Exec(ctx) // each command has its own error
	for _, command := range []redis.Cmder{cursor, waiting, held, resync} {
		if err := command.Err(); err != nil && !errors.Is(err, redis.Nil) {
			return nil, fmt.Errorf("reading a mailbox: %w", err)
		}
	}
	c.take(writtenIn(cursor.Val()), waiting.Val(), held.Val(), resync.Val())
	return c, nil
}

// take takes over what was read. A damaged cursor is a lost one: the mailbox gets a full round, which costs no mail.
func (c *Claim) take(cursor written, waiting, held []redis.Z, request string) {
	var err error
	c.written = cursor
	if c.cursor, err = decodeCursor(&c.written.value); err != nil {
		c.store.log.Warn().Err(err).Str("mailbox", c.id).Msg("cursor is damaged: full round")
	}
	for _, z := range waiting {
		c.waiting = append(c.waiting, delta.Waiting{ID: fmt.Sprint(z.Member), At: time.Unix(int64(z.Score), 0)})
	}
	c.resync = delta.ParseResync(request)
	accepting := acceptTime(request)
	for _, z := range held {
		id := fmt.Sprint(z.Member)
		c.held = append(c.held, id)
		if math.Floor(z.Score*1000) <= accepting {
			c.accepted = append(c.accepted, id)
		}
	}
}

// Write carries out a batch, if the lease still holds; else the error is [delta.ErrLeaseLost]. It prolongs the lease. A batch
// that gives up the lease, and whose answer got lost, was carried out although the error is ErrLeaseLost.
func (c *Claim) Write(ctx context.Context, b delta.Batch) error {
	if c.lease == "" {
		return errors.New("writing to a mailbox that was only looked at")
	}
	asked := time.Now()
	var has written
	if b.Cursor != nil { // else it is not this goroutine's to look at
		has = c.written
	}
	commands := commandsOf(b, c.token(), &has)
	write := call{fencedScript, c.keys, commands.arguments(&c.lease, c.store.serverTTL().Milliseconds())}
	var answer *redis.Cmd
	if b.GiveUp { // nobody waits for it
		answer = c.store.gathered.run(ctx, c.store.rdb, write)
	} else {
		answer = write.run(ctx, c.store.rdb)
	}
	done, err := answer.Int()
	if err != nil {
		if b.Cursor != nil {
			c.written.known = false
		}
		return fmt.Errorf("writing to the store: %w", err)
	}
	if done == 0 {
		return delta.ErrLeaseLost
	}
	if b.Cursor != nil {
		c.written = has
	}
	if b.GiveUp {
		c.left.Store(true)
	} else {
		c.holdFrom(asked)
	}
	return nil
}

// Holds returns [delta.ErrLeaseLost] once the lease may have passed to another. It asks nobody, so that a process that
// slept through its lease notices before its next effect.
func (c *Claim) Holds() error {
	until := c.until.Load()
	if until == nil || c.left.Load() || passed(*until, time.Now()) {
		return delta.ErrLeaseLost
	}
	return nil
}

// passed reports whether now is not before until by either clock: a machine that was suspended may find that its monotonic
// clock stood still, and one whose wall clock was set that only the other can be trusted.
func passed(until, now time.Time) bool {
	return !now.Before(until) || !now.Round(0).Before(until.Round(0))
}

// LeaseTTL is how long the lease lasts from each write.
func (c *Claim) LeaseTTL() time.Duration { return c.store.leaseTTL }

// holdFrom notes that the lease was prolonged by a request that was sent at asked. Where two were under way it lasts from the
// later one: the server got that at the earliest when it was sent.
func (c *Claim) holdFrom(asked time.Time) {
	until := asked.Add(c.store.leaseTTL)
	for {
		before := c.until.Load()
		if before != nil && !until.After(*before) || c.until.CompareAndSwap(before, &until) {
			return
		}
	}
}

// scored reads members and scores as a script returns them, in turn.
func scored(v any) []redis.Z {
	pairs := stringSlice(v)
	out := make([]redis.Z, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		score, err := strconv.ParseFloat(pairs[i+1], 64)
		if err == nil { // Redis knows no other scores
			out = append(out, redis.Z{Member: pairs[i], Score: score})
		}
	}
	return out
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
