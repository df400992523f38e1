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

// LoadToken gives the later of the two copies that can be read; nil if there is none.
func (t Tokens) LoadToken(ctx context.Context) ([]byte, error) {
	shared, err := t.Shared.WebexToken(ctx)
	if err != nil {
		return nil, err
	}
	file, err := os.ReadFile(t.File)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading %s: %w", t.File, err)
	}
	var best []byte
	var at time.Time
	for _, copied := range []string{shared, string(file)} {
		var k kept
		if json.Unmarshal([]byte(copied), &k) != nil || !k.At.After(at) {
			continue
		}
		// A copy that cannot be unsealed is of another key or damaged, and as good as lost.
		if plain, err := t.Key.Unseal(tokenName, k.Sealed); err == nil {
			best, at = plain, k.At
		}
	}
	return best, nil
}

// StoreToken stores both copies.
func (t Tokens) StoreToken(ctx context.Context, tokens []byte) error {
	raw, err := json.Marshal(kept{At: time.Now(), Sealed: t.Key.Seal(tokenName, tokens)})
	if err != nil {
		return fmt.Errorf("encoding tokens: %w", err)
	}
	return errors.Join(writeFile(t.File, raw), t.Shared.SetWebexToken(ctx, string(raw)))
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
	return os.Rename(tmp.Name(), path)
}
