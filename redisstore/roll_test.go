package redisstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"syncd/delta"
	"syncd/redisstore/redistest"
)

// between does something once, after so many pieces of the list were read.
type between struct {
	pieces int
	do     func()
}

func (*between) DialHook(next redis.DialHook) redis.DialHook          { return next }
func (*between) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (h *between) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if slices.ContainsFunc(cmds, func(c redis.Cmder) bool { return c.Name() == "hscan" }) {
			if h.pieces--; h.pieces == -1 {
				h.do()
			}
		}
		return next(ctx, cmds)
	}
}

// after has something done while the list is read.
func after(t *testing.T, s *Store, pieces int, do func()) *between {
	t.Helper()
	h := &between{pieces, do}
	switch rdb := s.rdb.(type) {
	case *redis.Client:
		rdb.AddHook(h)
	case *redis.ClusterClient:
		rdb.OnNewNode(func(node *redis.Client) { node.AddHook(h) })
		if err := rdb.ForEachMaster(t.Context(), func(_ context.Context, node *redis.Client) error { node.AddHook(h); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// many is a list that takes five pieces and more.
const many = 5000

// enrolledMany enrolls many, and gives them in their order.
func enrolledMany(t *testing.T, s *Store) []delta.Mailbox {
	t.Helper()
	var all []delta.Mailbox
	for i := range many {
		all = append(all, benchMailbox(i))
	}
	if _, err := s.enrollAll(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(all, byAddress)
	return all
}

func TestAListIsWholeWhateverHappensWhileItIsRead(t *testing.T) {
	kinds := map[string]func(t *testing.T) kind{"redis": startRedis, "cluster": startCluster}
	for _, c := range []struct {
		name string
		do   func(r *rig) error
		keep int  // of the list, that nobody touches
		lost bool // the list that was known is not there any more
	}{
		{"nothing", func(*rig) error { return nil }, many, false},
		{"others enroll", func(r *rig) error {
			_, err := r.store.enrollAll(r.Context(), slices.Collect(func(yield func(delta.Mailbox) bool) {
				for i := range 3000 {
					if !yield(benchMailbox(many + i)) {
						return
					}
				}
			}))
			return err
		}, many, false},
		{"others unenroll", func(r *rig) error {
			var gone []any
			for i := many / 2; i < many; i++ {
				gone = append(gone, benchMailbox(i).Address)
			}
			return r.store.onList(r.Context(), unenrollScript, gone).Err()
		}, many / 2, false},
		{"one is added by hand and one removed", func(r *rig) error {
			hash := r.prefix + "mailboxes"
			return errors.Join(r.rdb.HSet(r.Context(), hash, "zoe@example.com", "z").Err(), r.rdb.HDel(r.Context(), hash, benchMailbox(many-1).Address).Err())
		}, many - 1, false},
		{"redis is emptied", func(r *rig) error {
			return r.rdb.Del(r.Context(), r.prefix+"mailboxes", r.prefix+"{"+r.prefix+"mailboxes}:changed").Err()
		}, 0, true},
		{"redis is emptied and somebody enrolls", func(r *rig) error {
			err := r.rdb.Del(r.Context(), r.prefix+"mailboxes", r.prefix+"{"+r.prefix+"mailboxes}:changed").Err()
			return errors.Join(err, r.store.Enroll(r.Context(), benchMailbox(7)))
		}, 0, true},
		{"the mark is lost", func(r *rig) error { return r.rdb.Del(r.Context(), r.prefix+"{"+r.prefix+"mailboxes}:changed").Err() }, many, true},
	} {
		for name, start := range kinds {
			t.Run(c.name+", "+name, func(t *testing.T) {
				r := &rig{T: t, kind: start(t), prefix: "syncd:", ttl: time.Minute}
				r.store, r.rdb = r.open(), nil
				r.rdb = r.dial()
				defer r.clear()
				all := enrolledMany(t, r.store)
				reader := r.open()
				known, fresh := reader.Roll(), reader.Roll()
				if found, _ := look(t, known); !slices.Equal(found, all) {
					t.Fatalf("%d of %d were read", len(found), many)
				}
				known.read = time.Time{} // have it read again
				for _, roll := range []*Roll{known, fresh} {
					h := after(t, reader, 2, func() {
						if err := c.do(r); err != nil {
							t.Error(err)
						}
					})
					found, _, err := roll.Look(t.Context())
					if h.pieces >= 0 {
						t.Error("it was not read in pieces")
					}
					h.pieces = -1
					checkThere(t, found, c.keep)
					if want := c.lost && roll == known; errors.Is(err, ErrEmptied) != want || !want && err != nil {
						t.Errorf("error %v, though lost is %v", err, want)
					}
					if c.lost && roll == known && !slices.Equal(found, all) {
						t.Errorf("%d are known after the list was lost", len(found))
					}
					r.clearList()
					enrolledMany(t, r.store)
				}
			})
		}
	}
}

// clearList empties the list but for its epoch.
func (r *rig) clearList() { _ = r.rdb.Del(r.Context(), r.prefix+"mailboxes").Err() }

// checkThere wants the first so many mailboxes on a list.
func checkThere(t *testing.T, found []delta.Mailbox, first int) {
	t.Helper()
	missing := 0
	for i := range first {
		if _, ok := slices.BinarySearchFunc(found, benchMailbox(i), byAddress); !ok {
			missing++
		}
	}
	if missing > 0 {
		t.Errorf("%d of %d that were enrolled all the while are missing", missing, first)
	}
}

func TestAListIsWholeThoughAnotherServerTakesOverWhileItIsRead(t *testing.T) {
	t.Run("sentinel", func(t *testing.T) {
		sentinel := redistest.StartSentinel(t)
		s := openAt(t, sentinel.URL, time.Second)
		all := enrolledMany(t, s)
		replica := redis.NewClient(&redis.Options{Addr: sentinel.Replica.Addr})
		defer replica.Close()
		redistest.Eventually(t, "the replica has it", func() error {
			if n := replica.HLen(t.Context(), "syncd:mailboxes").Val(); n < many {
				return fmt.Errorf("%d", n)
			}
			return nil
		})
		roll := s.Roll()
		after(t, s, 2, sentinel.Master.Kill)
		redistest.Eventually(t, "the list is read", func() error {
			found, _, err := roll.Look(t.Context())
			if err == nil && !slices.Equal(found, all) {
				t.Fatalf("%d of %d were read", len(found), many)
			}
			return err
		})
	})
	t.Run("cluster", func(t *testing.T) {
		cluster := redistest.StartCluster(t, 3, 0)
		s := openAt(t, cluster.URL, time.Second)
		all := enrolledMany(t, s)
		moved := false
		after(t, s, 2, func() {
			slot := strings.TrimSpace(at(t, cluster.Nodes[0], "CLUSTER", "KEYSLOT", "syncd:mailboxes"))
			moved = moveSlot(t, cluster, slot)
		})
		if found, _ := look(t, s.Roll()); !slices.Equal(found, all) || !moved {
			t.Errorf("%d of %d were read, the slot moved: %v", len(found), many, moved)
		}
	})
}

// at asks a node that listens on TCP.
func at(t *testing.T, node *redistest.Server, args ...string) string {
	t.Helper()
	return redistest.CLI(t, append([]string{"-u", node.URL}, args...)...)
}

// moveSlot brings a slot to another node, with what is in it.
func moveSlot(t *testing.T, cluster *redistest.Cluster, slot string) bool {
	t.Helper()
	from := slices.IndexFunc(cluster.Nodes, func(node *redistest.Server) bool {
		return !strings.HasPrefix(at(t, node, "CLUSTER", "COUNTKEYSINSLOT", slot), "0")
	})
	if from < 0 {
		return false
	}
	move(t, cluster.Nodes[from], cluster.Nodes[(from+1)%3], slot)
	return strings.HasPrefix(at(t, cluster.Nodes[from], "CLUSTER", "COUNTKEYSINSLOT", slot), "0")
}

func move(t *testing.T, from, to *redistest.Server, slot string) {
	t.Helper()
	id := func(node *redistest.Server) string { return strings.TrimSpace(at(t, node, "CLUSTER", "MYID")) }
	at(t, to, "CLUSTER", "SETSLOT", slot, "IMPORTING", id(from))
	at(t, from, "CLUSTER", "SETSLOT", slot, "MIGRATING", id(to))
	host, port, err := net.SplitHostPort(to.Addr)
	if err != nil {
		t.Error(err)
	}
	for _, key := range strings.Fields(at(t, from, "CLUSTER", "GETKEYSINSLOT", slot, "100")) {
		at(t, from, "MIGRATE", host, port, key, "0", "10000")
	}
	at(t, to, "CLUSTER", "SETSLOT", slot, "NODE", id(to))
	at(t, from, "CLUSTER", "SETSLOT", slot, "NODE", id(to))
}

func TestALongListIsNotReadAgainWhileItIsTheSame(t *testing.T) {
	server := redistest.Start(t)
	s := openAt(t, server.URL, time.Minute)
	enrolledMany(t, s)
	roll := s.Roll()
	look(t, roll)
	h := after(t, s, 0, func() {})
	for range 3 {
		look(t, roll)
	}
	if h.pieces < 0 {
		t.Error("it was read")
	}
	other, came := openAt(t, server.URL, time.Minute), delta.Mailbox{Address: "zoe@example.com", ID: "z"}
	for _, change := range []func() error{
		func() error {
			return errors.Join(other.Unenroll(t.Context(), benchMailbox(9)), other.Enroll(t.Context(), came))
		}, // as many as before
		func() error { return other.Unenroll(t.Context(), came) },
		func() error { server.CLI("HSET", "syncd:mailboxes", came.Address, came.ID); return nil },
		func() error { server.CLI("HDEL", "syncd:mailboxes", came.Address); return nil },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if _, fresh := look(t, roll); !fresh {
			t.Error("it changed, and was not read")
		}
	}
	// Another id under an address: neither mark nor length shows it.
	server.CLI("HSET", "syncd:mailboxes", benchMailbox(3).Address, "another")
	roll.read = roll.read.Add(-many * readsFor)
	if found, fresh := look(t, roll); !fresh || !slices.Contains(found, delta.Mailbox{Address: benchMailbox(3).Address, ID: "another"}) {
		t.Error("it was not read again in time")
	}
}
