package graph

import (
	"fmt"
	"net/url"
	"strings"

	"syncd/delta"
	"syncd/rest"
)

// The collections of a mailbox that links lead on in.
const (
	rounds = "calendarView/delta"
	view   = "calendarView"
	events = "events"
)

// follow takes a link from an answer, or from the store, if it leads to the configured root and to a collection of this
// mailbox.
func (c *Calendar) follow(link, collection string) (*url.URL, error) {
	u, segments, err := c.client.rest.Follow(link)
	if err != nil {
		return nil, err
	}
	if !c.within(segments, collection) {
		return nil, fmt.Errorf("%w: to another mailbox or resource", delta.ErrForeign)
	}
	return u, nil
}

// onward is follow for a link that came in the answer to another one, which was followed to u.
func (c *Calendar) onward(u *url.URL, followed, link, collection string) (*url.URL, error) {
	if next, ok := rest.Onward(u, followed, link); ok {
		return next, nil
	}
	return c.follow(link, collection)
}

// within reports whether a path is that of a collection of this mailbox. Graph writes users/ID and users('ID'), with the id or the
// address that was asked with, and function names with or without brackets and namespace.
func (c *Calendar) within(path []string, collection string) bool {
	if len(path) > 1 && sameASCII(path[0], "users") && c.named(path[1]) {
		path = path[2:]
	} else if key, ok := cutKey(path[0]); ok && c.named(key) {
		path = path[1:]
	} else {
		return false
	}
	if len(path) > 1 && sameASCII(path[0], "calendar") {
		path = path[1:]
	}
	name, isRound := strings.CutSuffix(collection, "/delta")
	if len(path) == 0 || !sameASCII(path[0], name) {
		return false
	}
	if isRound {
		return len(path) == 2 && isDelta(path[1])
	}
	return len(path) == 1
}

// named reports whether a name is one that this mailbox was asked for by. Neither ids nor addresses tell letter case apart.
func (c *Calendar) named(name string) bool {
	return c.box.ID != "" && sameASCII(name, c.box.ID) || c.box.Address != "" && sameASCII(name, c.box.Address)
}

// sameASCII compares without case, for ASCII alone: Unicode has letters that fold to others.
func sameASCII(a, b string) bool {
	fold := func(ch byte) byte {
		if 'A' <= ch && ch <= 'Z' {
			return ch + 'a' - 'A'
		}
		return ch
	}
	for i := range min(len(a), len(b)) {
		if fold(a[i]) != fold(b[i]) {
			return false
		}
	}
	return len(a) == len(b)
}

// cutKey takes the key out of users('key'), in which an apostrophe is doubled.
func cutKey(segment string) (key string, ok bool) {
	const before, after = "users('", "')"
	if len(segment) <= len(before)+len(after) || !sameASCII(segment[:len(before)], before) || !strings.HasSuffix(segment, after) {
		return "", false
	}
	return strings.ReplaceAll(segment[len(before):len(segment)-len(after)], "''", "'"), true
}

func isDelta(segment string) bool {
	name, arguments, called := strings.Cut(segment, "(")
	if called && !strings.HasSuffix(arguments, ")") {
		return false
	}
	return sameASCII(name, "delta") || sameASCII(name, "microsoft.graph.delta")
}
