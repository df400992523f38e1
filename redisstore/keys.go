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
//	syncd:{syncd:mailboxes}:changed hash  of that list: epoch, a random word that stays while it is the same list and goes where Redis
//	                            is emptied; change, another one whenever somebody is enrolled or unenrolled. Who changes the list by
//	                            hand need not write it
//	syncd:{syncd:mailboxes}:aliases hash  other address by which somebody asked for an enrolled mailbox → its directory id
//	syncd:{M}:cursor    hash    address, link, window_start, window_end, generation, swept_at, changed_at, state, reason,
//	                            next_at; where they say something also orphans_at, empty_since, view_until, host, language; times RFC 3339;
//	                            a link of "" asks for a full round;
//	                            starts: when the next meetings begin, Unix times; fence: the fencing token of the sweep that ended last
//	                            Of a mailbox that was withdrawn it is kept for an hour, with that reason
//	syncd:{M}:cursors   list    "<time> <link>" of the last three links, newest first, for roll-back by hand
//	syncd:{M}:events    hash    event id → record as JSON (delta.Record)
//	syncd:{M}:retry     zset    event id → Unix time of the next try
//	syncd:{M}:held      zset    event id, or "meeting:ID" of one without an event → Unix time, by Redis's clock, since when its removal is held
//	syncd:{M}:resync    string  the resync request to serve next, "<stream id>"; "<stream id> accept-removals <stream id>" where
//	                            one of the requests, the one named last, accepts what was held when it was made; likewise
//	                            " rewrite <stream id>" where one wants the join details to be written anew
//	syncd:{M}:lease     string  "<owner> <fencing token>", expires
//	syncd:{M}:fence     string  the last fencing token; grows with every claim
//	syncd:due:N         zset    mailbox → Unix time at which it is due, by Redis's clock; N from 0 to 15
//	syncd:full:N        zset    likewise, of mailboxes that get a full round: they yield to the others
//	syncd:quota:graph:D string  requests to Graph on day D (yyyy-mm-dd, UTC), where a budget is set; expires
//	syncd:key           string  "<fingerprint of the key file> <tenant>" whose marks are in the calendars; a process with others is refused
//	syncd:since         string  since when this Redis is in use; where it is missing Redis was emptied
//	syncd:quota:{D}     string  calls that made a meeting, or failed to, on day D by UTC (yyyy-mm-dd); kept for two days
//	syncd:quota:{D}:M   string  of these, such for mailbox M
//	syncd:quota:{D}:refused, syncd:quota:{D}:M:refused   string  Webex itself refused; expires after an hour
//	syncd:hints         stream  one entry a hint: mailbox; capped
//	syncd:{subscriptions}:due      zset    mailbox → Unix time at which its Graph subscription is looked at, by Redis's clock
//	syncd:{subscriptions}:all      hash    mailbox → what is known of its subscription, as JSON (subscriptions.Record)
//	syncd:{subscriptions}:leaving  zset    mailbox → since when its subscription is to be given up
//	syncd:{subscriptions}:heard    hash    mailbox → when a hint for it came last
//	syncd:{subscriptions}:read     string  when some daemon could last read notifications; expires
//	syncd:eventhub:H    hash    of the consumer group H, "namespace/hub/group" of an event hub: "owner P" and "checkpoint P" of each partition P
//	syncd:resync        stream  one entry a request: mailbox, options
//	syncd:resync:all    stream  likewise, of requests that are spread over time
//	syncd:webex:next_at string  until when Webex wants to be left alone; expires then
//	syncd:directory:next_at string until when Graph wants its directory to be left alone; expires then
//	syncd:webex:token   string  the rotated Webex refresh token, encrypted
//	syncd:webex:refresh hash    expires: when it dies if nobody uses it; refused: that Webex does not take it
//	syncd:webex:refreshing string  the daemon that refreshes it now; expires
//	syncd:signins       hash    directory id → the sign-in of that mailbox's owner, encrypted, with address and time in clear; one without
//	                            "sealed" was taken back; version: grows when somebody signs in or is forgotten
//
// A damaged record or cursor counts as lost. A record of a later version is left alone.
//
// # Leases
//
// Every write to a mailbox's keys runs in a script that first compares the lease with the writer's own owner and token. A
// daemon that lost its lease, however late it notices, changes nothing.
package redisstore

import (
	"strconv"
	"strings"
	"time"

	"syncd/schedules"
)

// schema builds the names of keys. No other code does.
type schema struct{ prefix string }

func (s schema) mailboxes() string { return s.prefix + "mailboxes" }

// changed names the mark of the list of mailboxes; both share a slot.
func (s schema) changed() string { return s.prefix + "{" + s.mailboxes() + "}:changed" }

// aliases names the other addresses of the enrolled mailboxes; likewise.
func (s schema) aliases() string { return s.prefix + "{" + s.mailboxes() + "}:aliases" }

func (s schema) hints() string           { return s.prefix + "hints" }
func (s schema) resync() string          { return s.prefix + "resync" }
func (s schema) resyncAll() string       { return s.prefix + "resync:all" }
func (s schema) webexToken() string      { return s.prefix + "webex:token" }
func (s schema) nextAt(of string) string { return s.prefix + of + ":next_at" }
func (s schema) webexRefresh() string    { return s.prefix + "webex:refresh" }
func (s schema) webexRefreshing() string { return s.prefix + "webex:refreshing" }
func (s schema) signIns() string         { return s.prefix + "signins" }

// subscriptions names a key of all subscriptions; they share a slot.
func (s schema) subscriptions(name string) string { return s.prefix + "{subscriptions}:" + name }

// eventHub names what is kept of a consumer group of an event hub.
func (s schema) eventHub(name string) string { return s.prefix + "eventhub:" + name }

func (s schema) since() string { return s.prefix + "since" }
func (s schema) key() string   { return s.prefix + "key" }

// graphQuota names the count of a day.
func (s schema) graphQuota(t time.Time) string {
	return s.prefix + "quota:graph:" + t.UTC().Format(time.DateOnly)
}

// due names a set of the queue.
func (s schema) due(lane schedules.Lane, shard int) string {
	name := "due:"
	if lane == schedules.Full {
		name = "full:"
	}
	return s.prefix + name + strconv.Itoa(shard)
}

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
	front := s.of(mailbox, "")
	text := front + strings.Join(mailboxKeys, front) // in one piece, of which each key is a part
	keys := make([]string, len(mailboxKeys))
	for i, name := range mailboxKeys {
		n := len(front) + len(name)
		keys[i], text = text[:n], text[n:]
	}
	return keys
}
