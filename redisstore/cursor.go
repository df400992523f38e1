package redisstore

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"syncd/delta"
)

// always is how many fields every cursor has, empty ones too, so that what reads them finds them; the others are there once they
// say something. A field takes some 70 bytes of Redis though it is empty.
const always = 10

// cursorNames are the fields of a cursor's hash, those first that are always there.
var cursorNames = [...]string{
	"address", "state", "reason", "swept_at", "changed_at", "next_at", "generation", "window_start", "window_end", "link",
	"orphans_at", "empty_since", "view_until", "host", "language", "starts",
}

// cursorValues are a cursor's fields, in the order of their names. Zero times are empty.
type cursorValues [len(cursorNames)]string

func valuesOf(c *delta.Cursor) cursorValues {
	return cursorValues{
		c.Address, string(c.State), string(c.Reason), stamp(c.SweptAt), stamp(c.ChangedAt), stamp(notBefore(c.NextAt)), strconv.Itoa(c.Generation),
		stamp(c.WindowStart), stamp(c.WindowEnd), c.Link,
		stamp(c.OrphansAt), stamp(c.EmptySince), stamp(c.ViewUntil), c.Host, c.Language, string(c.Starts),
	}
}

// encodeCursor writes a cursor as HSET takes it: names and values in turn.
func encodeCursor(c delta.Cursor) []string {
	var fields []string
	for i, value := range valuesOf(&c) {
		fields = append(fields, cursorNames[i], value)
	}
	return fields
}

// written is what the store has of a cursor.
type written struct {
	known bool // else the rest says nothing
	some  bool // there is a cursor
	there [len(cursorNames)]bool
	value cursorValues
	fence string // see [fenceField]
}

// writtenIn is what a whole hash says.
func writtenIn(hash map[string]string) written {
	w := written{known: true, some: len(hash) > 0, fence: hash[fenceField]}
	for i, name := range cursorNames {
		w.value[i], w.there[i] = hash[name]
	}
	return w
}

// readCursor is the Lua that reads a cursor's fields without their names, for [writtenAs].
var readCursor = "redis.call('HMGET', KEYS[3], '" + strings.Join(cursorNames[:], "', '") + "', '" + fenceField + "')"

// writtenAs is what it gave.
func writtenAs(answer any) written {
	w := written{known: true}
	values, _ := answer.([]any)
	for i, v := range values {
		value, there := v.(string)
		w.some = w.some || there
		if i < len(cursorNames) {
			w.value[i], w.there[i] = value, there
		} else {
			w.fence = value
		}
	}
	return w
}

// decodeCursor reads the fields of a cursor's hash. Operators edit it by hand, so every member may be missing. Where one cannot
// be read the error names it, and the cursor is without it and without link: the next round is a full one.
func decodeCursor(values *cursorValues) (delta.Cursor, error) {
	var c delta.Cursor
	var errs []error
	for i, into := range [len(cursorNames)]any{
		&c.Address, &c.State, &c.Reason, &c.SweptAt, &c.ChangedAt, &c.NextAt, &c.Generation, &c.WindowStart, &c.WindowEnd, &c.Link,
		&c.OrphansAt, &c.EmptySince, &c.ViewUntil, &c.Host, &c.Language, &c.Starts,
	} {
		s := values[i]
		if s == "" {
			continue
		}
		switch into := into.(type) {
		case *string:
			*into = s
		case *delta.State:
			*into = delta.State(s)
		case *delta.Reason:
			*into = delta.Reason(s)
		case *delta.Times:
			*into = delta.Times(s)
		case *time.Time:
			t, err := time.Parse(time.RFC3339, s)
			if err != nil {
				errs = append(errs, fmt.Errorf("cursor field %s is not a time in RFC 3339: %q", cursorNames[i], s))
			}
			*into = t
		case *int:
			n, err := strconv.Atoi(s)
			if err != nil {
				errs = append(errs, fmt.Errorf("cursor field %s is not a number: %q", cursorNames[i], s))
			}
			*into = n
		}
	}
	if c.State == "" {
		c.State = delta.New
	}
	if len(errs) > 0 {
		c.Link = ""
	}
	return c, errors.Join(errs...)
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
