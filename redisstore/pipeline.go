package redisstore

import (
	"context"
	"errors"
	"sync"

	"github.com/redis/go-redis/v9"
)

// call is a script with its keys and arguments.
type call struct {
	script *redis.Script
	keys   []string
	args   []any
}

func (c call) run(ctx context.Context, rdb redis.UniversalClient) *redis.Cmd {
	answer := c.command(ctx)
	if _ = rdb.Process(ctx, answer); unknown(answer) {
		return c.script.Eval(ctx, rdb, c.keys, c.args...)
	}
	return answer
}

// command is [redis.Script.EvalSha] with keys that are pointed at: as values each would be copied.
func (c call) command(ctx context.Context) *redis.Cmd {
	const before = 3
	line := make([]any, 0, before+len(c.keys)+len(c.args))
	line = append(line, "evalsha", c.script.Hash(), len(c.keys))
	answer := redis.NewCmd(ctx, append(appendTexts(line, c.keys), c.args...)...)
	answer.SetFirstKeyPos(before)
	return answer
}

// unknown reports a server that does not know a script yet, after a restart say.
func unknown(answer *redis.Cmd) bool {
	return answer.Err() != nil && redis.HasErrorPrefix(answer.Err(), "NOSCRIPT")
}

// gathered puts calls together for which nobody waits: while some are under way, the next ones gather, and go in one pipeline
// when the answers are there. Nothing is delayed while there is only one.
type gathered struct {
	mu      sync.Mutex
	busy    bool // somebody runs calls; guarded by mu
	waiting []*gatheredCall
}

type gatheredCall struct {
	call
	wake   chan struct{} // closed when it was answered, or when it is its turn to run all that wait; nil for who need not wait
	answer *redis.Cmd    // nil until it was
}

// run runs a call, and others that wait.
func (g *gathered) run(ctx context.Context, rdb redis.UniversalClient, c call) *redis.Cmd {
	own := &gatheredCall{call: c}
	g.mu.Lock()
	g.waiting = append(g.waiting, own)
	if g.busy {
		own.wake = make(chan struct{})
		g.mu.Unlock()
		<-own.wake
		if own.answer != nil {
			if errors.Is(own.answer.Err(), context.Canceled) && ctx.Err() == nil { // it was another's that was stopped
				return c.run(ctx, rdb)
			}
			return own.answer
		}
		g.mu.Lock()
	}
	g.busy = true
	together := g.waiting
	g.waiting = nil
	g.mu.Unlock()
	g.runAll(ctx, rdb, together)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.busy = len(g.waiting) > 0; g.busy {
		close(g.waiting[0].wake)
	}
	return own.answer
}

// runAll runs calls and wakes those who wait for them. The first one's caller is who runs it.
func (g *gathered) runAll(ctx context.Context, rdb redis.UniversalClient, together []*gatheredCall) {
	if len(together) == 1 {
		together[0].answer = together[0].run(ctx, rdb)
		return
	}
	calls := make([]call, len(together))
	for i, one := range together {
		calls[i] = one.call
	}
	for i, answer := range runAll(ctx, rdb, calls) {
		together[i].answer = answer
		if i > 0 {
			close(together[i].wake)
		}
	}
}

// runAll runs scripts in one pipeline; each answer has its own error. A server that does not know a script yet is sent its text.
func runAll(ctx context.Context, rdb redis.UniversalClient, calls []call) []*redis.Cmd {
	answers := make([]*redis.Cmd, len(calls))
	pipe := rdb.Pipeline()
	for i, c := range calls {
		answers[i] = c.command(ctx)
		_ = pipe.Process(ctx, answers[i])
	}
	_, _ = pipe.Exec(ctx) // each answer has its own error
	again := rdb.Pipeline()
	for i, c := range calls {
		if unknown(answers[i]) {
			answers[i] = c.script.Eval(ctx, again, c.keys, c.args...)
		}
	}
	if again.Len() > 0 {
		_, _ = again.Exec(ctx)
	}
	return answers
}
