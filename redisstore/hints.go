package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Hints say that something may have changed in a mailbox: `XADD syncd:hints * mailbox alice@example.com`. They carry no authority: a
// forged one costs a look that would have come a little later. Losing one costs time.

const (
	// hintsAtOnce is how many hints one script reads.
	hintsAtOnce = 10_000
	// mostHints is how many hints wait at most; of more the oldest are dropped.
	mostHints = 200_000
	// longestName is more than any address or directory id has.
	longestName = 320
)

// hintsScript takes hints off and gives the mailboxes that they name, each once.
//
//	KEYS  the stream
//	ARGV  how many hints, how many may be left at all, the longest name
//	gives {number of hints taken, mailbox...}
var hintsScript = redis.NewScript(`
redis.call('XTRIM', KEYS[1], 'MAXLEN', ARGV[2])
local entries = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', ARGV[1])
local out, seen = {#entries}, {}
for _, entry in ipairs(entries) do
	local fields = entry[2]
	for i = 1, #fields, 2 do
		local name = fields[i + 1]
		if fields[i] == 'mailbox' and #name <= tonumber(ARGV[3]) and not seen[name] then
			seen[name] = true
			out[#out + 1] = name
		end
	end
end
if #entries > 0 then
	redis.call('XTRIM', KEYS[1], 'MAXLEN', redis.call('XLEN', KEYS[1]) - #entries)
end
return out
`)

// TakeHints takes all hints off and gives what they name, each name once, trimmed and in lower case: addresses, directory ids, or
// anything that somebody wrote there. entries is how many hints there were.
func (s *Store) TakeHints(ctx context.Context) (names []string, entries int, err error) {
	seen := map[string]bool{}
	for range mostHints / hintsAtOnce {
		answer, err := hintsScript.Run(ctx, s.rdb, []string{s.schema.hints()}, hintsAtOnce, mostHints, longestName).Slice()
		if err != nil || len(answer) == 0 {
			return names, entries, fmt.Errorf("reading hints: %w", err)
		}
		for _, name := range stringSlice(answer[1:]) {
			if name = strings.ToLower(strings.TrimSpace(name)); !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
		n, _ := answer[0].(int64)
		entries += int(n)
		if n < hintsAtOnce {
			break
		}
	}
	return names, entries, nil
}

// AwaitHints returns when there are hints, or after patience.
func (s *Store) AwaitHints(ctx context.Context, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience+time.Second)
	defer cancel()
	err := s.rdb.XRead(ctx, &redis.XReadArgs{Streams: []string{s.schema.hints(), "0-0"}, Count: 1, Block: patience}).Err()
	if err != nil && !errors.Is(err, redis.Nil) {
		return fmt.Errorf("waiting for hints: %w", err)
	}
	return nil
}
