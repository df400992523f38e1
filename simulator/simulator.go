// Package simulator is a small Microsoft 365 (Entra and the Graph calendar) and a small Webex, in memory, behind real HTTP.
//
// A World holds both. People edit calendars through Mailbox, the program under test talks HTTP, and Check says afterwards
// whether the promises made to those people were kept. The package knows the vendors' documents and nothing of the program:
// it imports none of our packages, and has its own idea of keywords, of what an event asks for, and of what a join block is
// (the one run of words that a client added to what a person typed).
//
// # How it is built
//
// One mutex guards the world. Events are immutable once stored: a change stores a new one, so that pages are written to the
// wire without the lock and a reader never sees half an edit. Each mailbox keeps a log of changed items; a delta state is a
// place in that log, so an idle round costs nothing and a round of one change costs one item, at any size of calendar.
//
// Every request goes through the same steps (call.go): it is named and counted, faults are looked up, hooks run, the call is
// done, and the answer is sent, lost, cut or replaced. The same handlers serve TCP (Start) and the process itself
// (Transport), where testing/synctest can stand still around them: no goroutine, no timer and no clock but time.Now.
//
// # Where the references are silent
//
// These are choices of this package; a tenant may differ. calendarView/delta refuses query options that it does not support, and
// gives ten items a page unless told otherwise. A path names a mailbox by id, user name or primary address, not by an alias. A
// PATCH of extended properties alone is silent, and occurrences show those of their master (both are Quirks). A new hour or
// pattern wipes out the exceptions of a series in the calendar, a new length or end does not. A cancelled event stays with its
// organiser as isCancelled, a deleted one goes. In short months Outlook takes the last day, Webex none. Webex answers 404 for an
// unknown hostEmail and 429 without Retry-After when the daily quota is used up; with current=true it lists occurrences in place
// of series; occurrences that it cancels because the series changed fall back to the rule.
//
// # What is random
//
// Ids, tokens, the order of pages and every quirk come from Options.Seed, with a generator per mailbox: mailboxes may be
// swept in any order and still see the same answers.
package simulator

import (
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// Options are what a World is made with. The zero value is a good world.
type Options struct {
	Seed   uint64           // of everything random
	Now    func() time.Time // the clock; nil = time.Now
	Tenant string           // directory id of the Entra tenant; "" = made from the seed
	Site   string           // Webex site, the first label of its host; "" = "example"

	TokenLife time.Duration // of Entra access tokens, at least 10 min; 0 = 3599 s
	CodeLife  time.Duration // of device codes; 0 = 15 min
	Exchange  Harshness     // how much HTML is rewritten on its way in
	Quirks    Quirks        // how odd the vendors are; changeable later with SetQuirks
	LogLimit  int           // requests kept by Requests; 0 = 1,000,000
}

// World is one tenant and one Webex organisation. All methods are safe for concurrent use.
type World struct {
	opt Options

	mu            sync.Mutex
	rng           *rand.Rand               // guarded by mu
	quirks        Quirks                   // guarded by mu
	mailboxes     []*Mailbox               // guarded by mu; in the order they were added
	names         map[string]*Mailbox      // guarded by mu; directory id, user name, address, alias (lower case) → mailbox
	version       int64                    // guarded by mu; grows with each change of any item
	mails         []Mail                   // guarded by mu
	groups        map[string][]string      // guarded by mu; group id → addresses
	lists         []group                  // guarded by mu; groups with an address of their own
	subscriptions []*subscription          // guarded by mu
	outbox        []Notification           // guarded by mu; not taken yet
	notified      chan struct{}            // holds one when there is something in outbox
	webhooks      *http.Client             // guarded by mu; reaches the webhooks that are subscribed with; nil reaches none
	written       map[string]bool          // guarded by mu; Webex links that the client wrote into events
	misuse        []error                  // guarded by mu; wrong use of this package by a test
	apps          map[string]*app          // guarded by mu; client id → Entra application
	tokens        map[string]*token        // guarded by mu; access token → what it is for
	webex         *site                    // guarded by mu
	devices       map[string]*deviceSignIn // guarded by mu; device code → sign-in under way
	userRefresh   map[string]*deviceSignIn // guarded by mu; refresh token of a person → whose
	foreign       string                   // guarded by mu; root URL of the host that nobody should talk to

	traffic traffic
	audit   audit
}

// New makes an empty world.
func New(opt Options) *World {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Site == "" {
		opt.Site = "example"
	}
	if opt.TokenLife == 0 {
		opt.TokenLife = 3599 * time.Second
	}
	if opt.CodeLife == 0 {
		opt.CodeLife = 15 * time.Minute
	}
	if opt.LogLimit == 0 {
		opt.LogLimit = 1_000_000
	}
	w := &World{
		opt: opt, quirks: opt.Quirks,
		rng:     newRand(opt.Seed, "world"),
		names:   map[string]*Mailbox{},
		apps:    map[string]*app{},
		tokens:  map[string]*token{},
		devices: map[string]*deviceSignIn{}, userRefresh: map[string]*deviceSignIn{},
		written: map[string]bool{}, groups: map[string][]string{},
		foreign: ForeignURL, notified: make(chan struct{}, 1),
	}
	if w.opt.Exchange == Varied {
		w.opt.Exchange = Harshness(w.rng.IntN(int(Varied)))
	}
	if w.opt.Tenant == "" {
		w.opt.Tenant = guid(w.rng)
	}
	w.webex = newSite(w)
	w.traffic.init(opt.Seed)
	return w
}

// Tenant is the directory id of the Entra tenant.
func (w *World) Tenant() string { return w.opt.Tenant }

// SetQuirks changes how odd the vendors are from now on.
func (w *World) SetQuirks(change func(*Quirks)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.quirks)
}

func (w *World) now() time.Time { return w.opt.Now() }

// newRand makes the generator for one named part of a world.
func newRand(seed uint64, name string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(name))
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}
