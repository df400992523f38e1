package redisstore

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// call is a script with its keys and arguments.
type call struct {
	script *redis.Script
	keys   []string
	args   []any
}

// runAll runs scripts in one pipeline; each answer has its own error. A server that does not know a script yet, after a restart
// say, is sent its text.
func runAll(ctx context.Context, rdb redis.UniversalClient, calls []call) []*redis.Cmd {
	answers := pipelined(ctx, rdb, calls, (*redis.Script).EvalSha)
	var unknown []call
	var places []int
	for i, answer := range answers {
		if redis.HasErrorPrefix(answer.Err(), "NOSCRIPT") {
			unknown, places = append(unknown, calls[i]), append(places, i)
		}
	}
	if len(unknown) == 0 {
		return answers
	}
	for i, answer := range pipelined(ctx, rdb, unknown, (*redis.Script).Eval) {
		answers[places[i]] = answer
	}
	return answers
}

type howToRun func(*redis.Script, context.Context, redis.Scripter, []string, ...any) *redis.Cmd

func pipelined(ctx context.Context, rdb redis.UniversalClient, calls []call, run howToRun) []*redis.Cmd {
	answers := make([]*redis.Cmd, len(calls))
	pipe := rdb.Pipeline()
	for i, c := range calls {
		answers[i] = run(c.script, ctx, pipe, c.keys, c.args...)
	}
	_, _ = pipe.Exec(ctx) // each answer has its own error
	return answers
}
