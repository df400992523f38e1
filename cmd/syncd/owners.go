package main

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"syncd/delta"
	"syncd/graph"
	"syncd/redisstore"
	"syncd/vault"
)

// owners are the mailboxes whose owners have signed in: each is served with its owner's token, and with that only.
type owners struct {
	vault.SignIns
	store      *redisstore.Store
	credential graph.Credential
	calendars  *graph.Client
	doors      doors

	mu      sync.Mutex
	looked  time.Time                     // guarded by mu
	version string                        // of what is known; guarded by mu
	ever    bool                          // somebody was signed in at some time; guarded by mu
	known   map[string]string             // directory id → address; guarded by mu
	tokens  map[string]*graph.OwnerTokens // by directory id; guarded by mu
}

// ownersLook is how long after a sign-in a daemon may not have heard of it.
const ownersLook = time.Second

// signIns is where they are kept.
func signIns(c *Config, key *vault.Key, store *redisstore.Store, readOnly bool) vault.SignIns {
	return vault.SignIns{Key: key, Shared: store, Dir: filepath.Join(c.StateDir, "signins"), ReadOnly: readOnly}
}

// look learns who signed in, or was forgotten, since the last look. Where that fails, the others need not try for a while.
func (o *owners) look(ctx context.Context) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if time.Since(o.looked) < ownersLook {
		return nil
	}
	o.looked = time.Now()
	version, err := o.store.SignInsVersion(ctx)
	if err != nil {
		return err
	}
	if o.known == nil || version != o.version {
		known, ever, err := o.Known(ctx)
		if err != nil {
			return err
		}
		o.known, o.ever, o.tokens = known, ever, map[string]*graph.OwnerTokens{}
	}
	o.version = version
	return nil
}

// open gives a mailbox's calendar, as its owner where he is signed in.
func (o *owners) open(m delta.Mailbox) *graph.Calendar {
	o.mu.Lock()
	defer o.mu.Unlock()
	id := strings.ToLower(m.ID)
	if _, ok := o.known[id]; !ok {
		return o.calendars.Calendar(m)
	}
	tokens := o.tokens[id]
	if tokens == nil {
		tokens = graph.NewOwnerTokens(o.credential, id, o)
		o.tokens[id] = tokens
	}
	return o.calendars.Owned(m, tokens)
}

// mailboxes are those of all who are signed in.
func (o *owners) mailboxes() (all []delta.Mailbox) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for id, address := range o.known {
		all = append(all, delta.Mailbox{ID: id, Address: address})
	}
	return all
}

// find looks a mailbox up by any of its addresses or its directory id, and gives it under its primary address. Who is signed in is known,
// the others are in the directory.
func (o *owners) find(ctx context.Context, name string) (delta.Mailbox, error) {
	for _, m := range o.mailboxes() {
		if strings.EqualFold(m.Address, name) || strings.EqualFold(m.ID, name) {
			return m, nil
		}
	}
	if err := o.doors.closed(time.Now()); err != nil {
		return delta.Mailbox{}, err
	}
	m, primary, err := o.calendars.User(ctx, name)
	o.doors.heard(err, time.Now())
	m.Address = cmp.Or(primary, m.Address)
	return m, err
}

// doors remembers that the directory refuses the application, whoever is asked for: then nobody is, for a while.
type doors struct {
	mu      sync.Mutex
	refused int       // look-ups since the last that was not; guarded by mu
	err     error     // of the last one; guarded by mu
	until   time.Time // guarded by mu
}

const (
	doorsLeast = 5 // refusals in a row that are more than one person's
	doorsPause = time.Minute
)

func (d *doors) closed(now time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if now.Before(d.until) {
		return d.err
	}
	return nil
}

func (d *doors) heard(err error, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !errors.Is(err, delta.ErrCredentials) || errors.Is(err, delta.ErrSignIn) {
		d.refused = 0
		return
	}
	if d.refused, d.err = d.refused+1, err; d.refused >= doorsLeast {
		d.until = now.Add(doorsPause)
	}
}

// check refuses a configuration in which nobody could be served.
func (o *owners) check() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.credential.Certificate == "" && !o.ever {
		return errNoCertificate()
	}
	return nil
}
