package redisstore

import (
	"context"
	"fmt"
	"strings"
)

// Facts are what an operator wants to know of the Redis that is used.
type Facts struct {
	Embedded bool
	Name     string // redis, valkey; "" where the server does not tell
	Version  string // likewise
	Policy   string // maxmemory-policy; likewise
}

// Facts asks for them.
func (s *Store) Facts(ctx context.Context) (Facts, error) {
	if s.slack > 0 {
		return Facts{Embedded: true}, nil
	}
	policy, err := evictionPolicy(ctx, s.rdb)
	if err != nil {
		return Facts{}, fmt.Errorf("asking redis about itself: %w", err)
	}
	info, err := s.rdb.Info(ctx, "server").Result()
	if err != nil && !refused(err) {
		return Facts{}, fmt.Errorf("asking redis about itself: %w", err)
	}
	f := Facts{Name: "redis", Policy: policy}
	for line := range strings.Lines(info) {
		switch name, value, _ := strings.Cut(strings.TrimSpace(line), ":"); name {
		case "redis_version":
			if f.Version == "" {
				f.Version = value
			}
		case "valkey_version":
			f.Name, f.Version = "valkey", value
		}
	}
	return f, nil
}
