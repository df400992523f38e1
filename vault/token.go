package vault

import (
	"bytes"
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
	// SwapWebexToken replaces was, "" for none, and reports false where something else is there.
	SwapWebexToken(ctx context.Context, was, now string) (bool, error)
	// LockWebexToken keeps others from refreshing, for most at the longest.
	LockWebexToken(ctx context.Context, most time.Duration) (unlock func(), ok bool, err error)
}

// Tokens keeps the rotated Webex tokens, sealed, in the shared store and in a file of each machine. The files are there for the day on
// which the store is lost: a refresh token that was rotated away cannot be had again without an operator.
type Tokens struct {
	Key    *Key
	Shared Shared
	File   string
	// ReadOnly brings no copies together. What a refresh gave is stored all the same: it may be the only token that lives.
	ReadOnly bool
}

const tokenName = "webex:token"

// kept is the form of what is stored, with the time that decides which copy is the later one.
type kept struct {
	At     time.Time `json:"at"`
	Sealed string    `json:"sealed"`
}

// name is what the tokens are sealed under. It binds the time, so that an old copy cannot be passed off as the latest.
func (k kept) name() string { return tokenName + " " + k.At.UTC().Format(time.RFC3339Nano) }

// copied is one copy as it was found.
type copied struct {
	text  string
	at    time.Time // as it says; zero where it says nothing
	plain []byte    // nil for one that cannot be unsealed: it is of another key or damaged, and as good as lost
}

func (t Tokens) read(text string) copied {
	var k kept
	if json.Unmarshal([]byte(text), &k) != nil {
		return copied{text: text}
	}
	c := copied{text: text, at: k.At}
	if plain, err := t.Key.Unseal(k.name(), k.Sealed); err == nil && !k.At.IsZero() {
		c.plain = plain
	}
	return c
}

// copies reads both; the error tells of one that cannot be had.
func (t Tokens) copies(ctx context.Context) (shared, filed copied, err error) {
	inStore, err := t.Shared.WebexToken(ctx)
	inFile, failed := os.ReadFile(t.File)
	if failed != nil && !errors.Is(failed, fs.ErrNotExist) {
		err = errors.Join(err, fmt.Errorf("reading %s: %w", t.File, failed))
	}
	return t.read(inStore), t.read(string(inFile)), err
}

// LoadTokens gives the copies that can be read, the later one first, and one where both are the same.
func (t Tokens) LoadTokens(ctx context.Context) (all [][]byte, err error) {
	shared, filed, err := t.copies(ctx)
	if err != nil {
		return nil, err
	}
	first, second := shared, filed
	if filed.plain != nil && (shared.plain == nil || filed.at.After(shared.at)) {
		first, second = filed, shared
	}
	for _, c := range []copied{first, second} {
		if c.plain != nil && (len(all) == 0 || c.text != first.text) {
			all = append(all, c.plain)
		}
	}
	return all, nil
}

// KeepToken sees that a token that was loaded stands in both places, unless there is a later one. shared says that it was not in the store,
// which others read.
func (t Tokens) KeepToken(ctx context.Context, token []byte) (shared bool, err error) {
	const tries = 10
	for range tries {
		inStore, inFile, err := t.copies(ctx)
		if err != nil || t.ReadOnly {
			return false, err
		}
		this := inStore
		if !bytes.Equal(inStore.plain, token) {
			this = inFile
		}
		if !bytes.Equal(this.plain, token) { // a later one took its place
			return false, nil
		}
		if this.at.After(inFile.at) {
			if err := WriteFile(t.File, []byte(this.text)); err != nil {
				return false, err
			}
		}
		if !this.at.After(inStore.at) {
			return false, nil
		}
		if ok, err := t.Shared.SwapWebexToken(ctx, inStore.text, this.text); ok || err != nil {
			return ok, err
		}
	}
	return false, errors.New("the Webex token keeps changing")
}

// StoreToken stores both copies. Their time is later than that of any copy there is, also of one from a machine whose clock is fast.
func (t Tokens) StoreToken(ctx context.Context, tokens []byte) error {
	k := kept{At: time.Now().UTC()}
	shared, filed, _ := t.copies(ctx) // a copy that cannot be had cannot be outdone
	for _, c := range []copied{shared, filed} {
		if c.plain != nil && !k.At.After(c.at) {
			k.At = c.at.Add(time.Nanosecond)
		}
	}
	k.Sealed = t.Key.Seal(k.name(), tokens)
	raw, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("encoding tokens: %w", err)
	}
	return errors.Join(WriteFile(t.File, raw), t.Shared.SetWebexToken(ctx, string(raw)))
}

// LockToken takes the turn to refresh. ok is false where another daemon has it.
func (t Tokens) LockToken(ctx context.Context, most time.Duration) (unlock func(), ok bool, err error) {
	return t.Shared.LockWebexToken(ctx, most)
}

// WriteFile writes a file for its owner's eyes, whole or not at all.
func WriteFile(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-*")
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
