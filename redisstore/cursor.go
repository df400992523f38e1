package redisstore

import (
	"fmt"
	"strconv"
	"time"

	"syncd/delta"
)

// encodeCursor writes a cursor as the fields of its hash. Zero times are empty.
func encodeCursor(c delta.Cursor) map[string]string {
	return map[string]string{
		"address": c.Address, "link": c.Link,
		"window_start": stamp(c.WindowStart), "window_end": stamp(c.WindowEnd), "generation": strconv.Itoa(c.Generation),
		"swept_at": stamp(c.SweptAt), "changed_at": stamp(c.ChangedAt), "next_at": stamp(c.NextAt),
		"orphans_at": stamp(c.OrphansAt), "state": string(c.State), "reason": string(c.Reason), "host": c.Host, "language": c.Language,
	}
}

// decodeCursor reads the fields of a cursor's hash. Operators edit it by hand, so every member may be missing; one that
// cannot be read is an error that names it.
func decodeCursor(fields map[string]string) (delta.Cursor, error) {
	c := delta.Cursor{
		Address: fields["address"], Link: fields["link"], State: delta.State(fields["state"]),
		Reason: delta.Reason(fields["reason"]), Host: fields["host"], Language: fields["language"],
	}
	if c.State == "" {
		c.State = delta.New
	}
	for name, into := range map[string]*time.Time{
		"window_start": &c.WindowStart, "window_end": &c.WindowEnd, "swept_at": &c.SweptAt,
		"changed_at": &c.ChangedAt, "next_at": &c.NextAt, "orphans_at": &c.OrphansAt,
	} {
		if fields[name] == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339, fields[name])
		if err != nil {
			return c, fmt.Errorf("cursor field %s is not a time in RFC 3339: %q", name, fields[name])
		}
		*into = t
	}
	if s := fields["generation"]; s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			return c, fmt.Errorf("cursor field generation is not a number: %q", s)
		}
		c.Generation = n
	}
	return c, nil
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
