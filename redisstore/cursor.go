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

// valuesOf are the values of a cursor. A time that stands already where it belongs is not written anew.
func valuesOf(c *delta.Cursor, has *cursorValues) cursorValues {
	return cursorValues{
		c.Address, string(c.State), string(c.Reason), stampAs(c.SweptAt, has[3]), stampAs(c.ChangedAt, has[4]), stampAs(notBefore(c.NextAt), has[5]), strconv.Itoa(c.Generation),
		stampAs(c.WindowStart, has[7]), stampAs(c.WindowEnd, has[8]), c.Link,
		stampAs(c.OrphansAt, has[10]), stampAs(c.EmptySince, has[11]), stampAs(c.ViewUntil, has[12]), c.Host, c.Language, string(c.Starts),
	}
}

// encodeCursor writes a cursor as HSET takes it: names and values in turn.
func encodeCursor(c delta.Cursor) []string {
	var fields []string
	for i, value := range valuesOf(&c, &cursorValues{}) {
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

// writtenAs is what it gave, behind the lease: of all these texts the lengths, as numbers of three bytes, and then the texts. A field
// that is not there has the longest of lengths. Most sweeps find nothing, and this costs a client a third of what it costs to read an
// array of values.
func writtenAs(answer string) (lease string, w written, err error) {
	const of, texts, absent = 3, 1 + len(cursorNames) + 1, 0xffffff
	if len(answer) < of*texts {
		return "", w, fmt.Errorf("an answer of %d bytes", len(answer))
	}
	lengths, rest := answer[:of*texts], answer[of*texts:]
	w.known = true
	for i := range texts {
		n := int(lengths[of*i])<<16 | int(lengths[of*i+1])<<8 | int(lengths[of*i+2])
		if n == absent {
			continue
		}
		if n > len(rest) {
			return "", w, errors.New("an answer that was cut off")
		}
		text := rest[:n]
		rest = rest[n:]
		switch i {
		case 0:
			lease = text
		case texts - 1:
			w.fence, w.some = text, true
		default:
			w.value[i-1], w.there[i-1], w.some = text, true, true
		}
	}
	return lease, w, nil
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

func stamp(t time.Time) string { return stampAs(t, "") }

// stampAs is the stamp of a time; as it is here where it is the same.
func stampAs(t time.Time, here string) string {
	if t.IsZero() {
		return ""
	}
	var room [len(time.RFC3339)]byte
	text := t.UTC().AppendFormat(room[:0], time.RFC3339)
	if string(text) == here {
		return here
	}
	return string(text)
}
