package redisstore

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"syncd/delta"
)

// always is how many fields every cursor has, empty ones too, so that what reads them finds them; the others are there once they
// say something. A field takes some 70 bytes of Redis though it is empty.
const always = 10

// encodeCursor writes a cursor as the fields of its hash, names and values in turn, those first that are always there. Zero times
// are empty.
func encodeCursor(c delta.Cursor) []string {
	return []string{
		"address", c.Address, "state", string(c.State), "reason", string(c.Reason), "swept_at", stamp(c.SweptAt),
		"changed_at", stamp(c.ChangedAt), "next_at", stamp(notBefore(c.NextAt)), "generation", strconv.Itoa(c.Generation),
		"window_start", stamp(c.WindowStart), "window_end", stamp(c.WindowEnd), "link", c.Link,
		"orphans_at", stamp(c.OrphansAt), "empty_since", stamp(c.EmptySince), "view_until", stamp(c.ViewUntil), "host", c.Host, "language", c.Language,
		"starts", string(c.Starts),
	}
}

// decodeCursor reads the fields of a cursor's hash. Operators edit it by hand, so every member may be missing. Where one cannot
// be read the error names it, and the cursor is without it and without link: the next round is a full one.
func decodeCursor(fields map[string]string) (delta.Cursor, error) {
	c := delta.Cursor{
		Address: fields["address"], Link: fields["link"], State: delta.State(fields["state"]),
		Reason: delta.Reason(fields["reason"]), Host: fields["host"], Language: fields["language"],
		Starts: delta.Times(fields["starts"]),
	}
	if c.State == "" {
		c.State = delta.New
	}
	var errs []error
	for name, into := range map[string]*time.Time{
		"window_start": &c.WindowStart, "window_end": &c.WindowEnd, "swept_at": &c.SweptAt,
		"changed_at": &c.ChangedAt, "next_at": &c.NextAt, "orphans_at": &c.OrphansAt, "view_until": &c.ViewUntil, "empty_since": &c.EmptySince,
	} {
		if fields[name] == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339, fields[name])
		if err != nil {
			errs = append(errs, fmt.Errorf("cursor field %s is not a time in RFC 3339: %q", name, fields[name]))
			continue
		}
		*into = t
	}
	if s := fields["generation"]; s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			errs = append(errs, fmt.Errorf("cursor field generation is not a number: %q", s))
		}
		c.Generation = n
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
