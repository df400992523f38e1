package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Sign-ins of people, sealed by package vault. All are in one hash, with a field that says when to look at it again: a daemon
// asks for that field alone.

// signInsVersion is that field. No directory id has such a name.
const signInsVersion = "version"

// SignInsVersion changes whenever somebody signs in, or a sign-in is taken back; "" where nobody ever signed in, or Redis was emptied.
func (s *Store) SignInsVersion(ctx context.Context) (string, error) {
	version, err := s.rdb.HGet(ctx, s.schema.signIns(), signInsVersion).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return "", fmt.Errorf("looking for sign-ins: %w", err)
	}
	return version, nil
}

// SignIns gives all: directory id → sealed.
func (s *Store) SignIns(ctx context.Context) (map[string]string, error) {
	all, err := s.rdb.HGetAll(ctx, s.schema.signIns()).Result()
	if err != nil {
		return nil, fmt.Errorf("reading the sign-ins: %w", err)
	}
	delete(all, signInsVersion)
	return all, nil
}

// SignIn gives one; "" for none.
func (s *Store) SignIn(ctx context.Context, id string) (string, error) {
	sealed, err := s.rdb.HGet(ctx, s.schema.signIns(), strings.ToLower(id)).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return "", fmt.Errorf("reading a sign-in: %w", err)
	}
	return sealed, nil
}

// SwapSignIn replaces a sign-in, and reports false where it is not what was given as was, "" for none. told makes other daemons look.
func (s *Store) SwapSignIn(ctx context.Context, id, was, now string, told bool) (bool, error) {
	counted := ""
	if told {
		counted = signInsVersion
	}
	n, err := swapScript.Run(ctx, s.rdb, []string{s.schema.signIns()}, strings.ToLower(id), was, now, counted).Int()
	if err != nil {
		return false, fmt.Errorf("storing a sign-in: %w", err)
	}
	return n == 1, nil
}
