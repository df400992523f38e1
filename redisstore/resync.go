package redisstore

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"syncd/delta"
)

// Fields of a request: acceptField carries out what is held, rewriteField writes join details anew.
const acceptField, rewriteField = "accept-removals", "rewrite"

// RequestResync puts a request for a mailbox, an address or directory id, into the stream.
func (s *Store) RequestResync(ctx context.Context, mailbox string, accept bool) (id string, err error) {
	return s.requestOne(ctx, mailbox, options(accept, false))
}

// RequestRewrite likewise asks for a resync that also writes join details anew where they would look different today.
func (s *Store) RequestRewrite(ctx context.Context, mailbox string) (id string, err error) {
	return s.requestOne(ctx, mailbox, options(false, true))
}

func (s *Store) requestOne(ctx context.Context, mailbox string, options []string) (id string, err error) {
	ids, err := s.request(ctx, s.schema.resync(), []string{mailbox}, options)
	if err != nil {
		return "", fmt.Errorf("asking for a resync of %s: %w", mailbox, err)
	}
	return ids[0], nil
}

// RequestResyncs asks for resyncs of many mailboxes, which are served some at a time. ids are the requests, in the same order; where
// there is an error, such as are there all the same.
func (s *Store) RequestResyncs(ctx context.Context, mailboxes []string, accept, rewrite bool) (ids []string, err error) {
	for some := range slices.Chunk(mailboxes, atOnce) {
		more, err := s.request(ctx, s.schema.resyncAll(), some, options(accept, rewrite))
		if err != nil {
			return ids, fmt.Errorf("asking for resyncs: %w", err)
		}
		ids = append(ids, more...)
	}
	return ids, nil
}

// options are the fields of a request.
func options(accept, rewrite bool) (fields []string) {
	if accept {
		fields = append(fields, acceptField)
	}
	if rewrite {
		fields = append(fields, rewriteField)
	}
	return fields
}

func (s *Store) request(ctx context.Context, stream string, mailboxes, options []string) (ids []string, err error) {
	pipe := s.rdb.Pipeline()
	added := make([]*redis.StringCmd, len(mailboxes))
	for i, mailbox := range mailboxes {
		values := []any{"mailbox", mailbox}
		for _, option := range options {
			values = append(values, option, "yes")
		}
		added[i] = pipe.XAdd(ctx, &redis.XAddArgs{Stream: stream, Values: values})
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, err
	}
	for _, a := range added {
		ids = append(ids, a.Val())
	}
	return ids, nil
}

// ResyncsWaiting tells how many requests wait in the streams: such that are served at once, and such that are spread.
func (s *Store) ResyncsWaiting(ctx context.Context) (now, spread int64, err error) {
	pipe := s.rdb.Pipeline()
	first, second := pipe.XLen(ctx, s.schema.resync()), pipe.XLen(ctx, s.schema.resyncAll())
	if _, err := pipe.Exec(ctx); err != nil {
		return 0, 0, fmt.Errorf("counting resync requests: %w", err)
	}
	return first.Val(), second.Val(), nil
}

// request is what several requests for one mailbox come to.
type request struct {
	id      string // of the last one
	accept  string // of the last one that accepts what is held; "" for none
	rewrite string // of the last one that rewrites; "" for none
}

// atOnce is how many requests are taken in one go.
const atOnce = 1000

// TakeResyncs moves the requests of the stream to the mailboxes they are for and returns those mailboxes, and what names
// no enrolled one. A name that is not in enrolled is looked up anew, since that list may be older than the request. A request
// is taken off only after it has arrived; arriving twice does no harm.
func (s *Store) TakeResyncs(ctx context.Context, enrolled Names) (asked []delta.Mailbox, unknown []string, err error) {
	return s.takeResyncs(ctx, s.schema.resync(), enrolled, math.MaxInt)
}

// Names finds the enrolled mailbox of a name, an address or directory id in lower case.
type Names func(name string) (delta.Mailbox, bool)

// TakeSpreadResyncs is TakeResyncs for up to n of the requests that are spread.
func (s *Store) TakeSpreadResyncs(ctx context.Context, enrolled Names, n int) (asked []delta.Mailbox, unknown []string, err error) {
	return s.takeResyncs(ctx, s.schema.resyncAll(), enrolled, n)
}

func (s *Store) takeResyncs(ctx context.Context, stream string, find Names, n int) (asked []delta.Mailbox, unknown []string, err error) {
	fresh := false
	for ; n > 0; n -= atOnce {
		entries, err := s.rdb.XRangeN(ctx, stream, "-", "+", int64(min(n, atOnce))).Result()
		if err != nil {
			return asked, unknown, fmt.Errorf("reading resync requests: %w", err)
		}
		if len(entries) == 0 {
			return asked, unknown, nil
		}
		if !fresh && slices.ContainsFunc(entries, func(e redis.XMessage) bool { _, ok := find(nameIn(e)); return !ok }) {
			enrolled, err := s.Mailboxes(ctx)
			if err != nil {
				return asked, unknown, err
			}
			find, fresh = find.or(NamesOf(enrolled)), true
		}
		requests, nobodys := s.sortRequests(entries, find)
		unknown = append(unknown, nobodys...)
		if err := s.deliver(ctx, requests); err != nil {
			return asked, unknown, err
		}
		for m := range requests {
			if !slices.Contains(asked, m) {
				asked = append(asked, m)
			}
		}
		if err := s.takeOff(ctx, stream, entries); err != nil {
			return asked, unknown, err
		}
	}
	return asked, unknown, nil
}

func (s *Store) takeOff(ctx context.Context, stream string, entries []redis.XMessage) error {
	ids := make([]string, len(entries))
	for i, e := range entries {
		ids[i] = e.ID
	}
	if err := s.rdb.XDel(ctx, stream, ids...).Err(); err != nil {
		return fmt.Errorf("taking resync requests off: %w", err)
	}
	return nil
}

// deliver puts requests at their mailboxes. A mailbox that was not found yet needs none: its first round will be a full one.
func (s *Store) deliver(ctx context.Context, requests map[delta.Mailbox]request) error {
	pipe := s.rdb.Pipeline()
	for m, r := range requests {
		if m.ID != "" {
			deliverScript.Eval(ctx, pipe, []string{s.schema.of(m.ID, "resync")}, r.id, r.accept, r.rewrite) // EVALSHA has no second try in a pipeline
		}
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("passing on resync requests: %w", err)
	}
	return nil
}

// NamesOf makes a list ready to be looked up.
func NamesOf(enrolled []delta.Mailbox) Names {
	byName := make(map[string]delta.Mailbox, 2*len(enrolled))
	for _, m := range enrolled {
		byName[strings.ToLower(m.Address)], byName[strings.ToLower(m.Key())] = m, m
	}
	return func(name string) (delta.Mailbox, bool) {
		m, ok := byName[name]
		return m, ok
	}
}

// or looks among others for what is not found.
func (n Names) or(others Names) Names {
	return func(name string) (delta.Mailbox, bool) {
		if m, ok := n(name); ok {
			return m, true
		}
		return others(name)
	}
}

// nameIn is how a request names its mailbox.
func nameIn(entry redis.XMessage) string {
	name, _ := entry.Values["mailbox"].(string)
	return strings.ToLower(strings.TrimSpace(name))
}

// sortRequests puts entries together by mailbox.
func (s *Store) sortRequests(entries []redis.XMessage, find Names) (requests map[delta.Mailbox]request, unknown []string) {
	requests = map[delta.Mailbox]request{}
	for _, entry := range entries {
		m, ok := find(nameIn(entry))
		if !ok {
			name, _ := entry.Values["mailbox"].(string)
			unknown = append(unknown, name)
			continue
		}
		r := requests[m]
		r.id = entry.ID
		if s.says(entry, acceptField) {
			r.accept = entry.ID
		}
		if s.says(entry, rewriteField) {
			r.rewrite = entry.ID
		}
		requests[m] = r
	}
	return requests, unknown
}

// says reports whether a field of a request, which somebody may have written by hand, is a yes. What is neither that nor a no is none:
// being asked again costs less than a removal that nobody wanted.
func (s *Store) says(entry redis.XMessage, field string) bool {
	value, there := entry.Values[field].(string)
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "yes", "y", "true", "1", "on":
		return true
	case "no", "n", "false", "0", "off":
		return false
	}
	if there {
		s.log.Warn().Str("request", entry.ID).Str("field", field).Msg("a resync request is taken without this: its value is neither yes nor no")
	}
	return false
}

// acceptTime is when the last of the requests that wait at a mailbox accepted what was held, in milliseconds since 1970: the
// beginning of its id in the stream. Where none did it is before all time.
func acceptTime(waiting string) float64 {
	words := strings.Fields(waiting)
	option := slices.Index(words, acceptField)
	if option < 1 {
		return math.Inf(-1)
	}
	id := words[0]
	if len(words) > option+1 && words[option+1] != rewriteField {
		id = words[option+1]
	}
	ms, _, _ := strings.Cut(id, "-")
	at, err := strconv.ParseInt(ms, 10, 64)
	if err != nil {
		return math.Inf(-1)
	}
	return float64(at)
}
