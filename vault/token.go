package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Shared is where all daemons see the same value.
type Shared interface {
	WebexToken(ctx context.Context) (string, error) // "" for none
	SetWebexToken(ctx context.Context, sealed string) error
	// LockWebexToken keeps others from refreshing, for most at the longest.
	LockWebexToken(ctx context.Context, most time.Duration) (unlock func(), ok bool, err error)
}

// Tokens keeps the rotated Webex tokens, sealed, in the shared store and in a file. The file is there for the day on which the
// store is lost: a refresh token that was rotated away cannot be had again without an operator.
type Tokens struct {
	Key    *Key
	Shared Shared
	File   string
}

const tokenName = "webex:token"

// kept is the form of what is stored, with the time that decides which copy is the later one.
type kept struct {
	At     time.Time `json:"at"`
	Sealed string    `json:"sealed"`
}

// name is what the tokens are sealed under. It binds the time, so that an old copy cannot be passed off as the latest.
func (k kept) name() string { return tokenName + " " + k.At.UTC().Format(time.RFC3339Nano) }

// LoadToken gives the later of the two copies that can be read; nil if there is none.
func (t Tokens) LoadToken(ctx context.Context) ([]byte, error) {
	plain, _, err := t.latest(ctx)
	if err != nil {
		return nil, err
	}
	return plain, nil
}

// latest gives the later copy, and its time, of those that can be had; the error tells of one that cannot.
func (t Tokens) latest(ctx context.Context) (plain []byte, at time.Time, err error) {
	shared, err := t.Shared.WebexToken(ctx)
	file, failed := os.ReadFile(t.File)
	if failed != nil && !errors.Is(failed, fs.ErrNotExist) {
		err = errors.Join(err, fmt.Errorf("reading %s: %w", t.File, failed))
	}
	for _, copied := range []string{shared, string(file)} {
		var k kept
		if json.Unmarshal([]byte(copied), &k) != nil || !k.At.After(at) {
			continue
		}
		// A copy that cannot be unsealed is of another key or damaged, and as good as lost.
		if p, err := t.Key.Unseal(k.name(), k.Sealed); err == nil {
			plain, at = p, k.At
		}
	}
	return plain, at, err
}

// StoreToken stores both copies. Their time is later than that of any copy there is, also of one from a machine whose clock is fast.
func (t Tokens) StoreToken(ctx context.Context, tokens []byte) error {
	k := kept{At: time.Now().UTC()}
	if _, before, _ := t.latest(ctx); !k.At.After(before) { // a copy that cannot be had cannot be outdone
		k.At = before.Add(time.Nanosecond)
	}
	k.Sealed = t.Key.Seal(k.name(), tokens)
	raw, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("encoding tokens: %w", err)
	}
	return errors.Join(writeFile(t.File, raw), t.Shared.SetWebexToken(ctx, string(raw)))
}

// LockToken takes the turn to refresh. ok is false where another daemon has it.
func (t Tokens) LockToken(ctx context.Context, most time.Duration) (unlock func(), ok bool, err error) {
	return t.Shared.LockWebexToken(ctx, most)
}

// writeFile writes a file for its owner's eyes, whole or not at all.
func writeFile(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".token-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(content)
	if err := errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return syncFolder(filepath.Dir(path))
}
