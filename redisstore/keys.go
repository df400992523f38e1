// Package redisstore keeps what syncd remembers, in Redis, so that a person with redis-cli can read it.
//
// Losing any of it loses nothing for good: what it says of an event stands also in the event's mark and in the tag of its
// meeting. Its job is to make a sweep cheap and to keep two daemons out of each other's way.
//
// # Keys
//
// {M} is a mailbox's directory id in braces, so that one mailbox's keys share a slot of a cluster. The prefix "syncd:" can
// be changed by configuration.
//
//	syncd:mailboxes     hash    address → directory id of what is enrolled
//	syncd:{M}:cursor    hash    address, link, window_start, window_end, generation, swept_at, changed_at, state, reason,
//	                            next_at, orphans_at, empty_since, view_until, host, language; times RFC 3339; a link of "" asks for a full round.
//	                            Of a mailbox that was withdrawn it is kept for an hour, with that reason
//	syncd:{M}:cursors   list    "<time> <link>" of the last five links, newest first, for roll-back by hand
//	syncd:{M}:events    hash    event id → record as JSON (delta.Record)
//	syncd:{M}:retry     zset    event id → Unix time of the next try
//	syncd:{M}:held      zset    event id → Unix time, by Redis's clock, since when its removal is held
//	syncd:{M}:resync    string  the resync request to serve next, "<stream id>"; "<stream id> accept-removals <stream id>" where
//	                            one of the requests, the one named last, accepts what was held when it was made; likewise
//	                            " rewrite <stream id>" where one wants the join details to be written anew
//	syncd:{M}:lease     string  "<owner> <fencing token>", expires
//	syncd:{M}:fence     string  the last fencing token; grows with every claim
//	syncd:quota:{D}     string  calls that made a meeting, or failed to, on day D by UTC (yyyy-mm-dd); kept for two days
//	syncd:quota:{D}:M   string  of these, such for mailbox M
//	syncd:quota:{D}:refused, syncd:quota:{D}:M:refused   string  Webex itself refused; expires after an hour
//	syncd:resync        stream  one entry a request: mailbox, options
//	syncd:webex:next_at string  until when Webex wants to be left alone; expires then
//	syncd:webex:token   string  the rotated Webex refresh token, encrypted
//	syncd:webex:refresh hash    expires: when it dies if nobody uses it; refused: that Webex does not take it
//	syncd:webex:refreshing string  the daemon that refreshes it now; expires
//
// A damaged record or cursor counts as lost. A record of a later version is left alone.
//
// # Leases
//
// Every write to a mailbox's keys runs in a script that first compares the lease with the writer's own owner and token. A
// daemon that lost its lease, however late it notices, changes nothing.
package redisstore

// schema builds the names of keys. No other code does.
type schema struct{ prefix string }

func (s schema) mailboxes() string       { return s.prefix + "mailboxes" }
func (s schema) resync() string          { return s.prefix + "resync" }
func (s schema) webexToken() string      { return s.prefix + "webex:token" }
func (s schema) webexRefresh() string    { return s.prefix + "webex:refresh" }
func (s schema) webexRefreshing() string { return s.prefix + "webex:refreshing" }
func (s schema) webexNextAt() string     { return s.prefix + "webex:next_at" }

// of names a key of one mailbox.
func (s schema) of(mailbox, name string) string { return s.prefix + "{" + mailbox + "}:" + name }

// The keys of a mailbox, in the order in which every script gets them.
var mailboxKeys = []string{"lease", "fence", "cursor", "cursors", "events", "retry", "held", "resync"}

// mailboxKinds are their types, in the same order.
var mailboxKinds = []string{"string", "string", "hash", "list", "hash", "zset", "zset", "string"}

const (
	keyLease = iota + 1 // Lua counts from one
	keyFence
	keyCursor
	keyCursors
	keyEvents
	keyRetry
	keyHeld
	keyResync
)

func (s schema) all(mailbox string) []string {
	keys := make([]string, len(mailboxKeys))
	for i, name := range mailboxKeys {
		keys[i] = s.of(mailbox, name)
	}
	return keys
}
