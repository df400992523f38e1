package simulator

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Mailbox is a person or a room of the directory, with one calendar. Its methods are what its owner does in a calendar client.
type Mailbox struct {
	w       *World
	id      string // directory id
	name    string
	created time.Time
	born    string // the address that it was made with

	// all below guarded by w.mu
	address   string // primary SMTP address
	upn       string
	aliases   []string
	zone      string
	language  string
	purpose   string // user, room, equipment, shared
	comments  bool   // a room keeps the body of what it accepts
	status    mailboxStatus
	noWebex   bool
	webexMail string // address of the Webex account; "" = the primary address
	noRoom    bool
	rng       *rand.Rand
	stamp     stamp
	order     []string          // keys of items in the order of their making, deleted ones included
	items     map[string]*item  // key → item
	copies    map[string]string // iCalUId → key, of what others organise
	log       []change          // the place in it is what delta states remember
	rounds    syncStates
	belated   []ref // what the next round says is removed, and is not
	view      viewCache
	made      map[string]string // transactionId → key
	stories   map[ref]*story    // what the audit remembers of an event
	served    map[string]int64  // key → version that a client has read last
	gone      map[string]*item  // key → last version of a deleted series
	outage    *outage
	withdrawn bool // the operator takes everything out again
}

// change is one line of a mailbox's log.
type change struct {
	key string
	at  time.Time
}

type mailboxStatus int

const (
	statusOK mailboxStatus = iota
	statusDenied
	statusUnlicensed
	statusGone
)

// MailboxOption is a property of a new mailbox.
type MailboxOption func(*Mailbox)

// WithID sets the directory id (a GUID).
func WithID(id string) MailboxOption { return func(m *Mailbox) { m.id = strings.ToLower(id) } }

// WithName sets the display name.
func WithName(name string) MailboxOption { return func(m *Mailbox) { m.name = name } }

// WithUPN sets a user principal name that differs from the address.
func WithUPN(upn string) MailboxOption { return func(m *Mailbox) { m.upn = upn } }

// WithAliases adds further addresses of the mailbox.
func WithAliases(addresses ...string) MailboxOption {
	return func(m *Mailbox) { m.aliases = append(m.aliases, addresses...) }
}

// WithLanguage sets mailboxSettings.language.locale, for example nl-NL.
func WithLanguage(locale string) MailboxOption { return func(m *Mailbox) { m.language = locale } }

// WithZone sets the time zone of the mailbox, by Windows or IANA name.
func WithZone(zone string) MailboxOption { return func(m *Mailbox) { m.zone = zone } }

// AsRoom makes a room, which strips the body of what it accepts unless keepComments (webex.md 1.8), and has no Webex account.
func AsRoom(keepComments bool) MailboxOption {
	return func(m *Mailbox) { m.purpose, m.comments, m.noWebex = "room", keepComments, true }
}

// WithoutWebex is a person whom Webex does not know.
func WithoutWebex() MailboxOption { return func(m *Mailbox) { m.noWebex = true } }

// WithWebexEmail is a person whom Webex knows by another of the mailbox's addresses: an alias or the user name.
func WithWebexEmail(address string) MailboxOption {
	return func(m *Mailbox) { m.webexMail = address }
}

// WithoutPersonalRoom is a person whose Personal Room is switched off: asking for it answers 403.
func WithoutPersonalRoom() MailboxOption { return func(m *Mailbox) { m.noRoom = true } }

// AddMailbox adds a person (or a room) with an empty calendar, and a Webex account with a Personal Room unless told otherwise.
func (w *World) AddMailbox(address string, options ...MailboxOption) *Mailbox {
	w.mu.Lock()
	defer w.mu.Unlock()
	seed := "mailbox " + strings.ToLower(address)
	for _, before := range w.mailboxes { // another person who has the address now
		if before.born == strings.ToLower(address) {
			seed += " again"
		}
	}
	rng := newRand(w.opt.Seed, seed)
	m := &Mailbox{
		w: w, born: strings.ToLower(address), address: address, upn: address, name: nameOf(address), zone: "UTC", language: "en-US", purpose: "user",
		rng: rng, stamp: newStamp(rng), id: guid(rng), created: w.now(),
		items: map[string]*item{}, copies: map[string]string{}, made: map[string]string{}, stories: map[ref]*story{}, served: map[string]int64{},
		gone: map[string]*item{},
	}
	for _, option := range options {
		option(m)
	}
	m.zone = w.knownZone(m.zone)
	w.mailboxes = append(w.mailboxes, m)
	for _, name := range append([]string{m.id, m.address, m.upn}, m.aliases...) {
		w.names[strings.ToLower(name)] = m
	}
	if !m.noWebex {
		w.webex.addUser(cmp.Or(m.webexMail, m.address), m.name, !m.noRoom)
	}
	return m
}

// Mailbox finds a mailbox by directory id, user name or address; nil when there is none.
func (w *World) Mailbox(name string) *Mailbox {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.names[strings.ToLower(name)]
}

// webexUser is the Webex account of the mailbox's owner, by any of its addresses; nil when there is none.
func (m *Mailbox) webexUser() *webexUser {
	for _, address := range append([]string{m.address, m.upn}, m.aliases...) {
		if u := m.w.webex.user(address); u != nil {
			return u
		}
	}
	return nil
}

// ID is the directory id.
func (m *Mailbox) ID() string { return m.id }

// Address is the primary address.
func (m *Mailbox) Address() string {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	return m.address
}

// Deny puts the mailbox outside of what the application may touch: 403 ErrorAccessDenied.
func (m *Mailbox) Deny() { m.setStatus(statusDenied) }

// Unlicense takes the mailbox away from the cloud: 404 MailboxNotEnabledForRESTAPI.
func (m *Mailbox) Unlicense() { m.setStatus(statusUnlicensed) }

// Vanish removes the user from the directory: 404 Request_ResourceNotFound.
func (m *Mailbox) Vanish() { m.setStatus(statusGone) }

// Restore undoes Deny, Unlicense and Vanish.
func (m *Mailbox) Restore() { m.setStatus(statusOK) }

func (m *Mailbox) setStatus(s mailboxStatus) {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	m.status = s
}

// SetLanguage changes the language of the mailbox.
func (m *Mailbox) SetLanguage(locale string) {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	m.language = locale
}

// Rename changes the user principal name and the primary address; the old address stays as an alias. The directory id stays.
func (m *Mailbox) Rename(address string) {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	m.aliases = append(m.aliases, m.address)
	m.address, m.upn = address, address
	m.w.names[strings.ToLower(address)] = m
}

// GiveAway takes an address off that a mailbox has besides its primary one, so that another may get it.
func (m *Mailbox) GiveAway(address string) {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	m.aliases = slices.DeleteFunc(m.aliases, func(one string) bool { return strings.EqualFold(one, address) })
	delete(m.w.names, strings.ToLower(address))
}

// store makes a new version of an item and logs the change.
func (m *Mailbox) store(it *item) {
	m.w.version++
	it.version, it.changed = m.w.version, m.w.now()
	kind := "updated"
	if m.items[it.key] == nil {
		kind, it.created = "created", it.changed
		m.order = append(m.order, it.key)
	}
	m.items[it.key] = it
	if !it.mine {
		m.copies[it.uid] = it.key
	}
	m.changed(it.key)
	m.announce(it.key, kind)
}

// changed logs that the item is new, another or gone.
func (m *Mailbox) changed(key string) {
	m.log = append(m.log, change{key, m.w.now()})
}

// remove takes an item out of the calendar.
func (m *Mailbox) remove(key string) {
	it := m.items[key]
	if it == nil {
		return
	}
	delete(m.items, key)
	if it.series() {
		m.gone[key] = it
	}
	if !it.mine {
		delete(m.copies, it.uid)
	}
	m.changed(key)
	m.announce(key, "deleted")
}

// newKey is the key of a new item, every fifth one a twin of the one before (see ids.go).
func (m *Mailbox) newKey() string {
	twin := ""
	if n := len(m.order); n%5 == 4 {
		twin = m.order[n-1]
	}
	return newKey(m.rng, twin)
}

// find reads an id of either form.
func (m *Mailbox) find(id string) (*item, ref, bool) {
	r, ok := m.stamp.ref(id)
	if !ok || m.items[r.key] == nil {
		return nil, r, false
	}
	it := m.items[r.key]
	if r.date != "" && (!it.series() || !it.has(r.date)) {
		return nil, r, false
	}
	return it, r, true
}

// nameOf makes a display name of an address: john.doe@example.com is John Doe.
func nameOf(address string) string {
	local, _, _ := strings.Cut(address, "@")
	words := strings.FieldsFunc(local, func(r rune) bool { return r == '.' || r == '_' || r == '-' })
	for i, word := range words {
		words[i] = strings.ToUpper(word[:1]) + word[1:]
	}
	return strings.Join(words, " ")
}
