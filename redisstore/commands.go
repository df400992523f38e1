package redisstore

import (
	"time"

	"syncd/delta"
)

// commandsOf turns a batch into what the fenced script carries out: arrays of a command, the number of its key, its arguments.
func commandsOf(b delta.Batch, now time.Time) [][]any {
	commands := [][]any{}
	add := func(command string, key int, args ...any) {
		commands = append(commands, append([]any{command, key}, args...))
	}
	for id, record := range b.Records {
		add("HSET", keyEvents, id, record.Encode())
		add("ZREM", keyRetry, id)
	}
	for id, record := range b.Interim {
		add("HSET", keyEvents, id, record.Encode())
	}
	for id, retry := range b.Retries {
		add("HSET", keyEvents, id, retry.Record.Encode())
		add("ZADD", keyRetry, retry.At.Unix(), id)
	}
	for _, id := range b.Forget {
		add("HDEL", keyEvents, id)
		add("ZREM", keyRetry, id)
		add("ZREM", keyHeld, id)
	}
	for _, id := range b.Hold {
		add("ZADD", keyHeld, "NX", now.Unix(), id)
	}
	for _, id := range b.Release {
		add("ZREM", keyHeld, id)
	}
	if b.Cursor != nil {
		fields := []any{}
		for name, value := range encodeCursor(*b.Cursor) {
			fields = append(fields, name, value)
		}
		add("HSET", keyCursor, fields...)
		if b.NewLink && b.Cursor.Link != "" {
			add("LPUSH", keyCursors, stamp(b.Cursor.SweptAt)+" "+b.Cursor.Link)
			add("LTRIM", keyCursors, 0, keptLinks-1)
		}
	}
	if b.Served != nil {
		add("DELIF", keyResync, b.Served.String())
	}
	if b.GiveUp {
		add("DEL", keyLease)
	}
	return commands
}

// keptLinks is how many delta links can be rolled back to; Graph itself keeps about three generations.
const keptLinks = 5
