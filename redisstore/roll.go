package redisstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"syncd/delta"
)

// mark is what the list of the enrolled mailboxes was like at some time. Whoever enrolls or unenrolls writes another change with it,
// in one script. The epoch stays for as long as the list is the same one; a Redis that was emptied gets another. Both are random, so
// that none comes again when the last writes are lost.
type mark struct {
	epoch, change string
	size          int64
}

// Fields of the key that holds it.
const epochField, changeField = "epoch", "change"

// lookedAt asks for a mark, with whatever else a pipeline asks.
type lookedAt struct {
	words *redis.SliceCmd
	size  *redis.IntCmd
}

func (s *Store) lookAt(ctx context.Context, p redis.Pipeliner) lookedAt {
	return lookedAt{p.HMGet(ctx, s.schema.changed(), epochField, changeField), p.HLen(ctx, s.schema.mailboxes())}
}

func (l lookedAt) mark() mark {
	m := mark{size: l.size.Val()}
	if words := l.words.Val(); len(words) == 2 {
		m.epoch, _ = words[0].(string)
		m.change, _ = words[1].(string)
	}
	return m
}

// ErrEmptied says that the list of mailboxes is not the one that was read before: Redis was emptied since.
var ErrEmptied = errors.New("the list of mailboxes was lost")

// Roll is who is enrolled, as one daemon knows it. The list is read only when it has changed. What was changed by hand shows in
// its length; where it does not, another id under an address say, it is seen when the list is read anyway, the seldomer the longer
// it is. One goroutine uses it.
type Roll struct {
	store *Store
	as    mark
	read  time.Time // when it was read; zero for never
	known []delta.Mailbox
}

// Roll gives the list of who is enrolled; nothing is read yet.
func (s *Store) Roll() *Roll { return &Roll{store: s} }

// readsFor is for how long a list is good that does not seem to change, for each mailbox: 10 minutes for 1,000,000. To read it takes
// some 5 µs of a daemon's processor time, and 1 µs of Redis's, for each.
const readsFor = 600 * time.Microsecond

// Look gives who is enrolled, as [Store.Mailboxes] does, and whether that was read now. The slice is the same until it is read again,
// and nobody may change it. Where the list was lost since the last look the error is [ErrEmptied], until [Roll.Restore].
func (r *Roll) Look(ctx context.Context) (mailboxes []delta.Mailbox, fresh bool, err error) {
	now, err := r.store.mark(ctx)
	if err != nil {
		return r.known, false, err
	}
	if r.other(now) {
		return r.known, false, ErrEmptied
	}
	good := min(time.Duration(now.size)*readsFor, time.Hour)
	if !r.read.IsZero() && now == r.as && time.Since(r.read) < good {
		return r.known, false, nil
	}
	found, as, err := r.store.readAll(ctx)
	switch {
	case err != nil:
		return r.known, false, fmt.Errorf("reading the enrolled mailboxes: %w", err)
	case r.other(as):
		return r.known, false, ErrEmptied
	}
	found = once(found)
	r.as, r.read = as, time.Now()
	if slices.Equal(found, r.known) {
		return r.known, false, nil
	}
	r.known = found
	return r.known, true, nil
}

// other reports that a mark is of another list than the one that is known.
func (r *Roll) other(now mark) bool { return r.as.epoch != "" && now.epoch != r.as.epoch }

// Lost reports that the list is not the one that was read before.
func (r *Roll) Lost(ctx context.Context) (bool, error) {
	now, err := r.store.mark(ctx)
	return err == nil && r.other(now), err
}

// Restore enrolls all that are known, and whoever else is on the list stays. The next look reads it.
func (r *Roll) Restore(ctx context.Context) error {
	epoch, err := r.store.enrollAll(ctx, r.known)
	if err != nil {
		return err
	}
	r.as, r.read = mark{epoch: epoch}, time.Time{}
	return nil
}

// mark reads what the list is like now.
func (s *Store) mark(ctx context.Context) (mark, error) {
	var looked lookedAt
	_, err := s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		looked = s.lookAt(ctx, p)
		return nil
	})
	if err != nil {
		return mark{}, fmt.Errorf("asking whether the enrolled mailboxes changed: %w", err)
	}
	return looked.mark(), nil
}

// errMoved says that a list was lost, or not all there, while it was read.
var errMoved = errors.New("it was lost or moved meanwhile")

// tries is how often a list is read whose reading fails; a cluster hears of a slot's new home within a moment.
const tries, moment = 3, 200 * time.Millisecond

// readAll reads addresses and ids in pieces, sorted by address, and the mark of the list at the beginning of it. Who was enrolled all
// the while is in it; who came or went meanwhile may be or not.
func (s *Store) readAll(ctx context.Context) (found []delta.Mailbox, as mark, err error) {
	for range tries {
		if found, as, err = s.readOnce(ctx); err == nil || ctx.Err() != nil {
			return found, as, err
		}
		if cluster, ok := s.rdb.(*redis.ClusterClient); ok {
			cluster.ReloadState(ctx) // the slot may have another home
		}
		select {
		case <-ctx.Done():
		case <-time.After(moment):
		}
	}
	return nil, mark{}, err
}

// readOnce reads the list once. HSCAN keeps its promise to a process of Redis: another one, after a failover or in another place of
// a cluster, sorts otherwise, and would leave some out. So all pieces come over one connection, which ends with that process. That the
// list itself was not lost in between its epoch tells; and the number counts as well: there must be as many as there ever were.
func (s *Store) readOnce(ctx context.Context) ([]delta.Mailbox, mark, error) {
	conn, err := s.hold(ctx, s.schema.mailboxes())
	if err != nil {
		return nil, mark{}, err
	}
	defer conn.Close()
	found, cursor, as, err := s.piece(ctx, conn, 0)
	least := as.size
	found = slices.Grow(found, int(as.size))
	for err == nil && cursor != 0 {
		var more []delta.Mailbox
		var now mark
		if more, cursor, now, err = s.piece(ctx, conn, cursor); err != nil {
			break
		}
		if now.epoch != as.epoch || as.epoch == "" && now.size != as.size || now.size == 0 {
			return nil, mark{}, errMoved
		}
		least = min(least, now.size)
		found = append(found, more...)
	}
	if err != nil {
		return nil, mark{}, err
	}
	slices.SortStableFunc(found, byAddress)
	found = slices.CompactFunc(found, func(a, b delta.Mailbox) bool { return a.Address == b.Address }) // some come twice
	if int64(len(found)) < least {
		return nil, mark{}, errMoved
	}
	return found, as, nil
}

// piece reads some of the list, and what the list is like at that very time.
func (s *Store) piece(ctx context.Context, conn *redis.Conn, cursor uint64) (some []delta.Mailbox, next uint64, as mark, err error) {
	var looked lookedAt
	var scan *redis.ScanCmd
	_, err = conn.TxPipelined(ctx, func(p redis.Pipeliner) error {
		looked = s.lookAt(ctx, p)
		scan = p.HScan(ctx, s.schema.mailboxes(), cursor, "", mostAtOnce)
		return nil
	})
	if err != nil {
		return nil, 0, mark{}, err
	}
	pairs, next := scan.Val()
	for i := 0; i+1 < len(pairs); i += 2 {
		some = append(some, delta.Mailbox{Address: pairs[i], ID: pairs[i+1]})
	}
	return some, next, looked.mark(), nil
}

// hold gives a connection to the one server that has a key.
func (s *Store) hold(ctx context.Context, key string) (*redis.Conn, error) {
	switch rdb := s.rdb.(type) {
	case *redis.ClusterClient:
		node, err := rdb.MasterForKey(ctx, key)
		if err != nil {
			return nil, err
		}
		return node.Conn(), nil
	case *redis.Client:
		return rdb.Conn(), nil
	}
	return nil, fmt.Errorf("%T has no connections of its own", s.rdb)
}
