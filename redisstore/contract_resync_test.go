package redisstore

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"syncd/delta"
	"syncd/redisstore/redistest"
)

func zed(score float64, member string) redis.Z { return redis.Z{Score: score, Member: member} }

// ask puts a request into the stream as an operator does by hand.
func (r *rig) ask(values ...string) {
	r.Helper()
	if err := r.rdb.XAdd(r.Context(), &redis.XAddArgs{Stream: r.prefix + "resync", Values: values}).Err(); err != nil {
		r.Fatal(err)
	}
}

// take takes the requests of the stream, which is to be empty then.
func (r *rig) take(enrolled ...delta.Mailbox) (asked []delta.Mailbox, unknown []string) {
	r.Helper()
	asked, unknown, err := r.store.TakeResyncs(r.Context(), NamesOf(enrolled))
	if err != nil {
		r.Fatal(err)
	}
	if n := r.rdb.XLen(r.Context(), r.prefix+"resync").Val(); n != 0 {
		r.Errorf("%d requests are left", n)
	}
	return asked, unknown
}

// A field is no yes by being there.
func resyncWithWords(r *rig) {
	for word, yes := range map[string]bool{
		"yes": true, " YES\n": true, "true": true, "1": true, "on": true, "no": false, "No": false, "false": false, "0": false, "off": false, "": false, "maybe": false,
	} {
		m := r.mailbox()
		r.ask("mailbox", m.Address, "accept-removals", word, "rewrite", "no")
		r.take(m)
		c := r.claim(r.store, m)
		if request := c.Resync(); request == nil || request.Accept != yes || request.Rewrite {
			r.Errorf("accept-removals %q, rewrite no: the mailbox has %+v", word, request)
		}
		r.write(c, delta.Batch{Served: c.Resync(), GiveUp: true})
	}
}

func resyncByHand(r *rig) {
	a, b := r.mailbox(), r.mailbox()
	b.ID = strings.ToUpper(b.ID)
	for _, m := range []delta.Mailbox{a, b} {
		for _, name := range []string{m.Address, strings.ToUpper(m.Address), "  " + m.Address + "\n", m.ID, strings.ToUpper(m.ID), strings.ToLower(m.ID)} {
			r.ask("mailbox", name)
			asked, unknown := r.take(a, b)
			if !slices.Equal(asked, []delta.Mailbox{m}) || len(unknown) != 0 {
				r.Errorf("asked for %q: %v, unknown %q", name, asked, unknown)
			}
			c := r.claim(r.store, m)
			if request := c.Resync(); request == nil || request.Accept {
				r.Errorf("asked for %q: the mailbox has %+v", name, request)
			}
			r.write(c, delta.Batch{Served: c.Resync(), GiveUp: true})
		}
	}
	for _, values := range [][]string{{"mailbox", "nobody@example.com"}, {"mailbox", ""}, {"mail", a.Address}, {"x", "y", "mailbox", " "}} {
		r.ask(values...)
		if asked, unknown := r.take(a, b); len(asked) != 0 || len(unknown) != 1 {
			r.Errorf("asked with %q: %v, unknown %q", values, asked, unknown)
		}
	}
	if r.cli != nil {
		redistest.CLI(r, append(slices.Clone(r.cli), "XADD", r.prefix+"resync", "*", "mailbox", a.Address, "accept-removals", "yes")...)
		asked, _ := r.take(a, b)
		if c := r.claim(r.store, a); !slices.Equal(asked, []delta.Mailbox{a}) || c.Resync() == nil || !c.Resync().Accept {
			r.Errorf("asked with redis-cli: %v, the mailbox has %+v", asked, c.Resync())
		}
	}
}

// The daemon's list of mailboxes may be half a minute old.
func resyncOfNewcomer(r *rig) {
	m := r.mailbox()
	if err := r.store.Enroll(r.Context(), m); err != nil {
		r.Fatal(err)
	}
	r.ask("mailbox", m.Address)
	r.ask("mailbox", "nobody@example.com")
	asked, unknown := r.take()
	if !slices.Equal(asked, []delta.Mailbox{m}) || !slices.Equal(unknown, []string{"nobody@example.com"}) {
		r.Errorf("asked for %v, unknown %q", asked, unknown)
	}
	if c := r.claim(r.store, m); c.Resync() == nil {
		r.Error("the request did not arrive")
	}
}

// A mailbox that was not found yet gets a full round as soon as it is.
func resyncWithoutID(r *rig) {
	m := delta.Mailbox{Address: r.mailbox().Address}
	r.ask("mailbox", m.Address)
	r.ask("no", "mailbox")
	if asked, unknown := r.take(m); !slices.Equal(asked, []delta.Mailbox{m}) || len(unknown) != 1 {
		r.Errorf("asked for %v, unknown %q", asked, unknown)
	}
	if keys := r.rdb.Exists(r.Context(), r.prefix+"{}:resync", r.prefix+"{"+m.Address+"}:resync").Val(); keys != 0 {
		r.Error("the request was put where nobody looks")
	}
}

func resyncServed(r *rig) {
	ctx := r.Context()
	m := r.mailbox()
	ids := []string{must[string](r)(r.store.RequestResync(ctx, m.Address, false))}
	r.take(m)
	c := r.claim(r.store, m)
	if c.Resync() == nil || c.Resync().ID != ids[0] {
		r.Fatalf("request: %+v", c.Resync())
	}
	// Another comes while the first is served.
	ids = append(ids, must[string](r)(r.store.RequestResync(ctx, m.Address, false)))
	r.take(m)
	r.write(c, delta.Batch{Served: c.Resync()})
	c = r.again(c, m)
	if c.Resync() == nil || c.Resync().ID != ids[1] {
		r.Fatalf("the request that came meanwhile: %+v, want %s", c.Resync(), ids[1])
	}
	r.write(c, delta.Batch{Served: c.Resync()})
	if c = r.again(c, m); c.Resync() != nil {
		r.Errorf("served, and there again: %+v", c.Resync())
	}
}

func resyncFlood(r *rig) {
	m := r.mailbox()
	pipe := r.rdb.Pipeline()
	for i := range 2500 {
		values := []string{"mailbox", m.Address}
		if i == 1700 {
			values = append(values, "accept-removals", "1")
		}
		pipe.XAdd(r.Context(), &redis.XAddArgs{Stream: r.prefix + "resync", Values: values})
	}
	if _, err := pipe.Exec(r.Context()); err != nil {
		r.Fatal(err)
	}
	if asked, _ := r.take(m); !slices.Equal(asked, []delta.Mailbox{m}) {
		r.Errorf("asked for %d mailboxes", len(asked))
	}
	if c := r.claim(r.store, m); c.Resync() == nil || !c.Resync().Accept {
		r.Errorf("request: %+v", c.Resync())
	}
}

// A daemon that is slow, or was frozen, passes on what another passed on long ago.
func resyncTakenTwice(r *rig) {
	ctx := r.Context()
	m := r.mailbox()
	id := must[string](r)(r.store.RequestResync(ctx, m.Address, true))
	r.take(m)
	c := r.claim(r.store, m)
	r.write(c, delta.Batch{Served: c.Resync()})
	r.tick()
	r.write(c, delta.Batch{Hold: []string{"held later"}, GiveUp: true})
	if err := r.store.deliver(ctx, map[delta.Mailbox]request{m: {id: id, accept: id}}); err != nil {
		r.Fatal(err)
	}
	if c = r.claim(r.store, m); len(c.Accepted()) != 0 {
		r.Errorf("a request from before accepts %v", c.Accepted())
	}
}

func acceptsWhatWasHeld(r *rig) {
	ctx := r.Context()
	m := r.mailbox()
	c := r.claim(r.store, m)
	r.write(c, delta.Batch{Hold: []string{"before"}, GiveUp: true})
	r.tick()
	accept := must[string](r)(r.store.RequestResync(ctx, m.Address, true))
	r.take(m)
	r.tick()
	plain := must[string](r)(r.store.RequestResync(ctx, m.Address, false))
	r.take(m)
	c = r.claim(r.store, m)
	r.write(c, delta.Batch{Hold: []string{"after"}})
	c = r.again(c, m)
	if len(c.HeldRemovals()) != 2 || !slices.Equal(c.Accepted(), []string{"before"}) {
		r.Errorf("held %v, of these accepted %v", c.HeldRemovals(), c.Accepted())
	}
	if request := c.Resync(); request == nil || request.ID != plain || !request.Accept {
		r.Errorf("two requests came to %+v", request)
	}
	// A sweep that began before the second request serves the first, and with it the accepting.
	r.write(c, delta.Batch{Served: &delta.Resync{ID: accept, Accept: true}})
	c = r.again(c, m)
	if request := c.Resync(); request == nil || request.ID != plain || request.Accept || len(c.Accepted()) != 0 {
		r.Errorf("after the first was served: %+v, accepted %v", request, c.Accepted())
	}
}

// tick waits until the server's clock shows another millisecond, the unit of a stream's ids.
func (r *rig) tick() {
	r.Helper()
	now := func() int64 { return must[time.Time](r)(r.rdb.Time(r.Context()).Result()).UnixMilli() }
	before := now()
	redistest.Eventually(r, "the clock goes on", func() error {
		if now() == before {
			return errors.New("not yet")
		}
		return nil
	})
}
