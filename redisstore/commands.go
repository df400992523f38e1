package redisstore

import (
	"slices"
	"time"

	"syncd/delta"
)

// commandsOf turns a batch into what the fenced script carries out: arrays of a command, the number of its key, its arguments.
// Redis does not undo what a script did before it failed, on a key of the wrong type say, so the order counts: the cursor
// moves when all else is written, and the lease ends last. token is the writer's fencing token. Of the cursor only that is written
// which differs from what the store has: moved, names and values in turn.
func commandsOf(b delta.Batch, token string, has map[string]string) (list [][]any, moved []string) {
	c := commands{list: [][]any{}, last: map[int]int{}}
	for id, record := range b.Records {
		c.add("HSET", keyEvents, id, record.Encode())
		c.add("ZREM", keyRetry, id)
	}
	for id, record := range b.Interim {
		c.add("HSET", keyEvents, id, record.Encode())
	}
	for id, retry := range b.Retries {
		c.add("HSET", keyEvents, id, retry.Record.Encode())
		c.add("ZADD", keyRetry, notBefore(retry.At).Unix(), id)
	}
	for _, id := range b.Forget {
		c.add("HDEL", keyEvents, id)
		c.add("ZREM", keyRetry, id)
		c.add("ZREM", keyHeld, id)
	}
	for _, id := range b.Hold {
		c.add("HOLD", keyHeld, id)
	}
	for _, id := range b.Release {
		c.add("ZREM", keyHeld, id)
	}
	if b.Cursor != nil {
		if b.NewLink && b.Cursor.Link != "" {
			entry := stamp(b.Cursor.SweptAt) + " " + b.Cursor.Link
			c.add("LREM", keyCursors, 0, entry) // a batch whose answer got lost is sent again
			c.add("LPUSH", keyCursors, entry)
			c.add("LTRIM", keyCursors, 0, keptLinks-1)
		}
		cursor := encodeCursor(*b.Cursor)
		for i := 0; i < len(cursor); i += 2 {
			name, value := cursor[i], cursor[i+1]
			had, ok := has[name]
			if missing := !ok && has != nil; missing && value == "" && i >= 2*always {
				continue
			}
			if !ok || had != value {
				moved = append(moved, name, value)
			}
		}
		if len(moved) > 0 {
			args := make([]any, len(moved))
			for i, s := range moved {
				args[i] = s
			}
			c.add("HSET", keyCursor, args...)
		}
	}
	if b.Served != nil {
		c.add("SERVED", keyResync, b.Served.ID)
	}
	if b.GiveUp {
		if b.Cursor != nil {
			c.add("HSET", keyCursor, fenceField, token)
		}
		c.add("DEL", keyLease)
	}
	return c.list, moved
}

// keptLinks is how many delta links can be rolled back to. Graph itself keeps about three generations, and each takes some 260
// bytes of every mailbox.
const keptLinks = 3

// commands collects commands.
type commands struct {
	list [][]any
	last map[int]int // number of a key → index of the last command on it
}

// mostArguments keeps a command well below what Lua unpacks at once (8,000 in Redis); more would gain nothing.
const mostArguments = 250

// add adds a command. One that takes any number of ids or fields is put together with the last one on the same key, if that is
// of its kind.
func (c *commands) add(command string, key int, args ...any) {
	if i, ok := c.last[key]; ok && joins(command) && c.list[i][0] == command && len(c.list[i])+len(args) <= mostArguments {
		c.list[i] = append(c.list[i], args...)
		return
	}
	c.last[key] = len(c.list)
	c.list = append(c.list, append([]any{command, key}, args...))
}

func joins(command string) bool {
	return slices.Contains([]string{"HSET", "HDEL", "ZADD", "ZREM", "HOLD"}, command)
}

// notBefore is a time in whole seconds that is not earlier than t: an hour that was asked for has not passed a moment before.
func notBefore(t time.Time) time.Time {
	whole := t.Truncate(time.Second)
	if whole.Before(t) {
		whole = whole.Add(time.Second)
	}
	return whole
}
