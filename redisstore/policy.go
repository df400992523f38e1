package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// PolicyError says that Redis may throw away keys.
type PolicyError struct{ Policy string }

func (e *PolicyError) Error() string {
	return fmt.Sprintf("redis evicts keys (maxmemory-policy %s): set it to noeviction", e.Policy)
}

// check refuses a Redis that does not answer, or that would throw keys away. The embedded one throws nothing away.
func (s *Store) check(ctx context.Context, embedded bool) error {
	if err := s.Ping(ctx); err != nil {
		return fmt.Errorf("reaching redis: %w", down(err))
	}
	if embedded {
		return nil
	}
	if cluster, ok := s.rdb.(*redis.ClusterClient); ok {
		return cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error { return s.checkPolicy(ctx, node) })
	}
	return s.checkPolicy(ctx, s.rdb)
}

// checkPolicy asks one server.
func (s *Store) checkPolicy(ctx context.Context, rdb redis.Cmdable) error {
	policy, err := evictionPolicy(ctx, rdb)
	switch {
	case err != nil:
		return fmt.Errorf("asking redis whether it evicts keys: %w", down(err))
	case policy == "":
		s.log.Warn().Msg("redis does not tell whether it evicts keys: see that its maxmemory-policy is noeviction")
	case policy != "noeviction":
		return &PolicyError{Policy: policy}
	}
	return nil
}

// evictionPolicy is "" where the server does not tell.
func evictionPolicy(ctx context.Context, rdb redis.Cmdable) (string, error) {
	values, err := rdb.ConfigGet(ctx, "maxmemory-policy").Result()
	if err == nil {
		return values["maxmemory-policy"], nil
	}
	if !refused(err) {
		return "", err
	}
	info, err := rdb.Info(ctx, "memory").Result()
	if refused(err) {
		return "", nil
	}
	for line := range strings.Lines(info) {
		if policy, ok := strings.CutPrefix(strings.TrimSpace(line), "maxmemory_policy:"); ok {
			return policy, nil
		}
	}
	return "", err
}

// refused reports that the server does not allow or know a command: CONFIG is often forbidden, or renamed.
func refused(err error) bool {
	var said redis.Error
	return errors.As(err, &said) && (strings.HasPrefix(said.Error(), "NOPERM ") || strings.HasPrefix(said.Error(), "ERR "))
}

// ErrDown says that Redis does not answer, or that it will in a while. Waiting may help.
var ErrDown = errors.New("redis does not answer")

// down marks errors that may pass by themselves. What a server refuses in so many words, a password say, does not.
func down(err error) error {
	var said redis.Error
	if !errors.As(err, &said) {
		return fmt.Errorf("%w: %w", ErrDown, err)
	}
	for _, passing := range []string{"LOADING", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "READONLY"} {
		if redis.HasErrorPrefix(err, passing) {
			return fmt.Errorf("%w: %w", ErrDown, err)
		}
	}
	return err
}
