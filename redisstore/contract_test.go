package redisstore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"syncd/delta"
	"syncd/redisstore/redistest"
)

// contract is what every kind of store keeps to. Each part gets a prefix of its own.
var contract = []struct {
	name  string
	check func(r *rig)
}{
	{"an enrolled mailbox is listed, an unenrolled one is not", enrolledIsListed},
	{"a mailbox enrolled under two addresses comes once and goes with both", twoAddresses},
	{"a mailbox called by another address is enrolled under its own, and found by both", calledOtherwise},
	{"who was enrolled before redis was emptied is enrolled again, beside whoever is", recalled},
	{"the list of the enrolled is read when it changed, by whomever", rollIsReadWhenItChanged},
	{"a list that was lost is restored by who knew it", rollIsRestored},
	{"a mailbox that was not found is parked under its address until it is found", parkedUntilFound},
	{"unenrolling forgets everything but the fence", unenrollForgets},
	{"the webex token comes back as it went", webexToken},
	{"the first key that is noted stays, until Redis is emptied", firstKeyStays},
	{"a sign-in replaces just what it is meant to, and says when others are to look", signInsAreSwapped},

	{"a claim is exclusive", claimIsExclusive},
	{"a claim that is sent twice is one claim", claimSentTwice},
	{"a claim reads cursor, waiting and held events and the resync request", claimReads},
	{"a claim reads no more waiting events than a sweep can take, soonest first", claimReadsSoonest},
	{"every claim has a greater fencing token, and the lease expires", fencingTokensGrow},
	{"a claim that only reads takes no lease and writes nothing", peekWritesNothing},
	{"after the lease ran out a claim writes nothing", expiredWritesNothing},
	{"after another took over a claim writes nothing", overtakenWritesNothing},
	{"after giving up a claim writes nothing", givenUpWritesNothing},
	{"writing prolongs the lease", writingProlongs},
	{"a damaged cursor is a full round", damagedCursor},
	{"the ends of many sweeps are written together, each for itself", endedTogether},
	{"of a cursor that is written which moved", onlyWhatMoved},

	{"records come back as they were written", recordsComeBack},
	{"a damaged record is a lost one, one of a later version stays as it is", damagedRecords},
	{"a retry waits until it is settled", retriesWait},
	{"no event is tried again before its time", retriesAreNotEarly},
	{"what is forgotten leaves nothing", forgetLeavesNothing},
	{"held removals keep their first time until they are released", heldKeepsFirstTime},
	{"the last three links are kept, newest first", threeLinks},
	{"the cursor reads like a sentence", cursorReads},
	{"a batch of thousands of records is one write", hugeBatch},
	{"event ids and texts of any kind survive", oddTexts},
	{"a wrong type under a key is an error, and the cursor stays", wrongType},

	{"views show every mailbox, also one whose cursor is damaged", viewsShowAll},
	{"views tell of many mailboxes", viewsOfMany},
	{"a resync asked for by hand arrives, whatever the spelling", resyncByHand},
	{"a field of a request counts by its word, not by being there", resyncWithWords},
	{"a resync of a mailbox enrolled a moment ago arrives", resyncOfNewcomer},
	{"a resync of a mailbox without directory id stays nowhere", resyncWithoutID},
	{"a resync is served once, and a later one is not lost", resyncServed},
	{"two daemons that take the same request do no harm", resyncTakenTwice},
	{"a quota is counted once for all daemons, and no call goes beyond it", quotaIsCounted},
	{"a part of the day's quota is kept for what begins soon", quotaIsShared},
	{"rewriting is served once", rewritesWhatWasAsked},
	{"a withdrawn mailbox says so for an hour, unless it is enrolled again", withdrawnIsRemembered},
	{"accepting holds for what was held when it was asked", acceptsWhatWasHeld},
	{"a thousand requests for one mailbox are one", resyncFlood},

	{"what is due is handed out once", dueOnce},
	{"what is not given back is handed out again", dueAgainAfterHold},
	{"what is given back comes when that says", dueComesWhenPut},
	{"what was hastened while it was worked on comes again", dueHastened},
	{"the queue holds what is enrolled and nothing else", dueFilled},
	{"a server that lost the scripts gets them again", dueAfterScriptsWereLost},
	{"many leases are taken at once, each for itself", claimedAtOnce},
	{"requests are counted by the day", requestsAreCounted},
	{"a redis that was emptied is noticed", emptiedIsNoticed},

	{"hints come once, for each mailbox that they name", hintsComeOnce},
	{"many hints are few names", hintsAreMany},
	{"hints are passed on and noted", hintsAreHeard},
	{"checkpoints are swapped", checkpointsAreSwapped},
	{"subscriptions come when they are due", subscriptionsComeWhenDue},
	{"a subscription that was hastened while it was worked on comes again", subscriptionsHastenedAreNotLost},
	{"the subscription of who leaves goes", subscriptionsOfWhoLeavesGo},
	{"resyncs that are spread are taken some at a time", resyncsAreSpread},
}

func TestContract(t *testing.T) {
	for name, start := range map[string]func(t *testing.T) kind{
		"redis": startRedis, "cluster": startCluster, "embedded": startEmbedded, "embedded from outside": startOutside,
		"sentinel": startSentinel,
	} {
		t.Run(name, func(t *testing.T) {
			k := start(t)
			for i, part := range contract {
				t.Run(part.name, func(t *testing.T) {
					r := &rig{T: t, kind: k, prefix: fmt.Sprintf("t%d:", i), ttl: time.Minute}
					r.store = r.open()
					r.rdb = k.dial()
					defer r.clear()
					part.check(r)
				})
			}
		})
	}
}

// kind is one kind of store.
type kind struct {
	options Options
	dial    func() redis.UniversalClient // as an operator with redis-cli does
	cli     []string                     // how redis-cli reaches it
}

// rig is what a part of the contract works with.
type rig struct {
	*testing.T
	kind
	prefix string
	ttl    time.Duration
	store  *Store
	rdb    redis.UniversalClient
}

// clear makes place for the next part.
func (r *rig) clear() {
	if one, ok := r.rdb.(*redis.Client); ok {
		_ = one.FlushAll(r.Context()).Err()
	}
	_ = r.rdb.Close()
}

// open opens the store, again as another process would.
func (r *rig) open() *Store {
	r.Helper()
	o := r.options
	o.Prefix, o.LeaseTTL, o.Log = r.prefix, r.ttl, zerolog.Nop()
	s, err := Open(r.Context(), o)
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() {
		if err := s.Close(); err != nil {
			r.Error(err)
		}
	})
	return s
}

func startRedis(t *testing.T) kind {
	server := redistest.Start(t)
	return kind{Options{URL: server.URL}, func() redis.UniversalClient {
		return redis.NewClient(&redis.Options{Network: "unix", Addr: server.Socket})
	}, []string{"-s", server.Socket}}
}

func startCluster(t *testing.T) kind {
	cluster := redistest.StartCluster(t, 3, 0)
	o, err := redis.ParseClusterURL(cluster.URL)
	if err != nil {
		t.Fatal(err)
	}
	return kind{Options{URL: cluster.URL}, func() redis.UniversalClient { return redis.NewClusterClient(o) }, nil}
}

func startSentinel(t *testing.T) kind {
	sentinel := redistest.StartSentinel(t)
	return kind{Options{URL: sentinel.URL}, func() redis.UniversalClient {
		return redis.NewClient(&redis.Options{Addr: sentinel.Master.Addr})
	}, []string{"-u", "redis://" + sentinel.Master.Addr}}
}

// startOutside is an embedded store that another process serves: every store of the test reaches it through the socket.
func startOutside(t *testing.T) kind {
	k := startEmbedded(t)
	daemon := k.options
	daemon.LeaseTTL, daemon.Serve = time.Minute, true
	s, err := Open(t.Context(), daemon)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return k
}

// startEmbedded is an embedded store in the test's own process: the first store of each part serves the others.
func startEmbedded(t *testing.T) kind {
	dir := stateDir(t)
	socket := filepath.Join(dir, "redis.sock")
	return kind{Options{URL: "embedded", StateDir: dir}, func() redis.UniversalClient { return socketClient(socket) }, []string{"-s", socket}}
}

// stateDir is a folder whose name is short enough for a socket in it.
func stateDir(t testing.TB) string {
	dir, err := os.MkdirTemp("", "syncd-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

var lastMailbox atomic.Int64

// mailbox is a mailbox that no other part of the test knows.
func (r *rig) mailbox() delta.Mailbox {
	n := lastMailbox.Add(1)
	return delta.Mailbox{ID: fmt.Sprintf("0e5c4c2c-7f5b-4d7e-9f4a-%012d", n), Address: fmt.Sprintf("alice%d@example.com", n)}
}

// key names a key of a mailbox.
func (r *rig) key(m delta.Mailbox, name string) string { return r.prefix + "{" + m.ID + "}:" + name }

// claim claims a mailbox that nobody has.
func (r *rig) claim(s *Store, m delta.Mailbox) *Claim {
	r.Helper()
	c, err := s.Claim(r.Context(), m)
	if err != nil {
		r.Fatal(err)
	}
	return c
}

// write writes a batch that is to succeed.
func (r *rig) write(c *Claim, b delta.Batch) {
	r.Helper()
	if err := c.Write(r.Context(), b); err != nil {
		r.Fatal(err)
	}
}

// again gives a claim up and claims anew, to see what was written.
func (r *rig) again(c *Claim, m delta.Mailbox) *Claim {
	r.Helper()
	r.write(c, delta.Batch{GiveUp: true})
	return r.claim(r.store, m)
}

// lost checks that a claim writes nothing any more.
func (r *rig) lost(c *Claim, m delta.Mailbox) {
	r.Helper()
	before := r.dump(m)
	record := map[string]delta.Record{"stale": {State: delta.Linked}}
	err := c.Write(r.Context(), delta.Batch{
		Records: record, Hold: []string{"stale"}, Forget: []string{"kept"}, NewLink: true, GiveUp: true,
		Retries: map[string]delta.Retry{"stale2": {Record: delta.Record{State: delta.Intent}, At: time.Now()}},
		Cursor:  &delta.Cursor{Link: "stale"},
	})
	if !errors.Is(err, delta.ErrLeaseLost) {
		r.Errorf("a write without the lease: %v, want ErrLeaseLost", err)
	}
	if after := r.dump(m); after != before {
		r.Errorf("a write without the lease changed\n%s\nto\n%s", before, after)
	}
}

// dump is everything that stands under a mailbox's keys, lease and all.
func (r *rig) dump(m delta.Mailbox) string {
	r.Helper()
	ctx, out := r.Context(), ""
	for _, name := range []string{"lease", "fence", "resync"} {
		out += name + " " + r.rdb.Get(ctx, r.key(m, name)).Val() + "\n"
	}
	for _, name := range []string{"cursor", "events"} {
		out += name + " " + fmt.Sprint(r.rdb.HGetAll(ctx, r.key(m, name)).Val()) + "\n"
	}
	for _, name := range []string{"retry", "held"} {
		out += name + " " + fmt.Sprint(r.rdb.ZRangeWithScores(ctx, r.key(m, name), 0, -1).Val()) + "\n"
	}
	return out + "cursors " + fmt.Sprint(r.rdb.LRange(ctx, r.key(m, "cursors"), 0, -1).Val())
}

// must takes a value that comes without an error.
func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
