package redisstore

import (
	"slices"
	"strconv"
	"time"

	"syncd/delta"
)

// commandsOf turns a batch into what the fenced script carries out. Redis does not undo what a script did before it failed, on a
// key of the wrong type say, so the order counts: the cursor moves when all else is written, and the lease ends last. token is the
// writer's fencing token. Of the cursor only that is written which differs from what the store has, which is brought up to date.
func commandsOf(b delta.Batch, token string, has *written) commands {
	c := commands{list: make([]command, 0, 4)}
	for id, record := range b.Records {
		c.add("HSET", keyEvents, id, record.Encode())
		c.add("ZREM", keyRetry, id)
	}
	for id, record := range b.Interim {
		c.add("HSET", keyEvents, id, record.Encode())
	}
	for id, retry := range b.Retries {
		c.add("HSET", keyEvents, id, retry.Record.Encode())
		c.add("ZADD", keyRetry, strconv.FormatInt(notBefore(retry.At).Unix(), 10), id)
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
		c.addCursor(b.Cursor, b.NewLink, has)
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
	return c
}

func (c *commands) addCursor(cursor *delta.Cursor, newLink bool, has *written) {
	if newLink && cursor.Link != "" {
		c.add("KEEP", keyCursors, keptLinks, stamp(cursor.SweptAt)+" "+cursor.Link)
	}
	moved := make([]string, 0, 8)
	for i, value := range valuesOf(cursor, &has.value) {
		same := has.known && has.there[i] && has.value[i] == value
		unsaid := has.known && !has.there[i] && value == "" && i >= always
		if !same && !unsaid {
			has.value[i], has.there[i] = value, true
			moved = append(moved, cursorNames[i], value)
		}
	}
	if has.known, has.some = true, true; len(moved) > 0 {
		c.add("HSET", keyCursor, moved...)
	}
}

// keptLinks is how many delta links can be rolled back to. Graph itself keeps about three generations, and each takes some 260
// bytes of every mailbox.
const keptLinks = "3"

// commands collects commands.
type commands struct {
	list []command
	last [keyResync + 1]int // number of a key → the last command on it, counted from one
}

// command is a command of Redis or of the fenced script, with the number of its key and what comes after it.
type command struct {
	name string
	key  int
	args []string
}

// mostArguments keeps a command well below what Lua unpacks at once (8,000 in Redis); more would gain nothing.
const mostArguments = 250

// add adds a command. One that takes any number of ids or fields is put together with the last one on the same key, if that is
// of its kind.
func (c *commands) add(name string, key int, args ...string) {
	if i := c.last[key] - 1; i >= 0 && joins(name) && c.list[i].name == name && len(c.list[i].args)+len(args) <= mostArguments {
		c.list[i].args = append(c.list[i].args, args...)
		return
	}
	c.list = append(c.list, command{name, key, args})
	c.last[key] = len(c.list)
}

// arguments are the commands as the fenced script takes them, after what comes before: of each how many arguments follow, and
// these. Texts are pointed at: as values each would be copied.
func (c *commands) arguments(before ...any) []any {
	n := len(before)
	for _, command := range c.list {
		n += 3 + len(command.args)
	}
	args := append(make([]any, 0, n), before...)
	for i := range c.list {
		command := &c.list[i]
		args = append(args, 2+len(command.args), &command.name, command.key)
		args = appendTexts(args, command.args)
	}
	return args
}

func appendTexts(args []any, texts []string) []any {
	for i := range texts {
		args = append(args, &texts[i])
	}
	return args
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
