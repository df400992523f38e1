package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// SharedSignIns is where all daemons see the same sign-ins: by directory id, as [SignIns] writes them.
type SharedSignIns interface {
	SignIns(ctx context.Context) (map[string]string, error)
	SignIn(ctx context.Context, id string) (string, error) // "" for none
	// SwapSignIn replaces was, "" for none, and reports false where something else is there. told says that others are to look.
	SwapSignIn(ctx context.Context, id, was, now string, told bool) (bool, error)
}

// SignIns keeps what people's sign-ins gave, sealed, in the shared store and in a folder with one file for each. The folder is
// there for the day on which the store is lost: people would have to sign in again. Of several copies the latest counts, and
// one that was taken back stays as an empty one, so that no older copy on another machine comes back to life.
type SignIns struct {
	Key    *Key
	Shared SharedSignIns
	Dir    string
	// ReadOnly writes neither files nor into the store, but for what is asked for by name.
	ReadOnly bool
}

// keptSignIn is the form of what is stored. Sealed is empty where the sign-in was taken back.
type keptSignIn struct {
	At      time.Time `json:"at"`
	Address string    `json:"address"`
	Sealed  string    `json:"sealed,omitempty"`
}

// name is what a sign-in is sealed under: another person's cannot stand in for it, nor an older one of his own.
func (k keptSignIn) name(id string) string {
	return "signin " + strings.ToLower(id) + " " + k.Address + " " + k.At.UTC().Format(time.RFC3339Nano)
}

// readSignIn gives the zero value for what is none.
func readSignIn(text string) (k keptSignIn) {
	if json.Unmarshal([]byte(text), &k) != nil {
		return keptSignIn{}
	}
	return k
}

// Known lists who is signed in: directory id → address. ever reports that somebody was, even if nobody is. It brings store and
// folder in line with each other.
func (s SignIns) Known(ctx context.Context) (known map[string]string, ever bool, err error) {
	shared, err := s.Shared.SignIns(ctx)
	if err != nil {
		return nil, false, err
	}
	filed, err := s.files()
	if err != nil {
		return nil, false, err
	}
	known = map[string]string{}
	for _, id := range union(shared, filed) {
		if !plainID(id) {
			continue
		}
		text, err := s.agree(ctx, id, shared[id], filed[id])
		if err != nil {
			return nil, false, err
		}
		if k := readSignIn(text); k.Sealed != "" {
			known[id] = k.Address
		}
	}
	return known, len(shared)+len(filed) > 0, nil
}

// plainID reports a name that may be a file's. What Redis holds, others may have written.
func plainID(id string) bool {
	return id != "" && !strings.ContainsFunc(id, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-'
	})
}

func union(a, b map[string]string) (ids []string) {
	for id := range a {
		ids = append(ids, id)
	}
	for id := range b {
		if _, both := a[id]; !both {
			ids = append(ids, id)
		}
	}
	return ids
}

// agree makes both copies the later of them, and gives that.
func (s SignIns) agree(ctx context.Context, id, shared, filed string) (string, error) {
	inStore, inFile := readSignIn(shared), readSignIn(filed)
	switch {
	case inFile.At.After(inStore.At):
		if !s.ReadOnly {
			if ok, err := s.Shared.SwapSignIn(ctx, id, shared, filed, true); err != nil || !ok {
				return shared, err // somebody else is at it: the next look tells
			}
		}
		return filed, nil
	case s.ReadOnly || shared == filed:
		return shared, nil
	case inStore.Sealed == "":
		return shared, s.drop(id)
	}
	return shared, WriteFile(s.path(id), []byte(shared))
}

// LoadSignIn gives what was kept of a sign-in, and which version that is; nil for none.
func (s SignIns) LoadSignIn(ctx context.Context, id string) (plain []byte, version string, err error) {
	version, err = s.Shared.SignIn(ctx, id)
	if err != nil {
		return nil, "", err
	}
	text := version
	if text == "" { // the store was lost, and nobody has put it back yet
		raw, _ := os.ReadFile(s.path(id)) // as good as none
		text = string(raw)
	}
	k := readSignIn(text)
	if k.Sealed == "" || !plainID(id) {
		return nil, version, nil
	}
	if plain, err = s.Key.Unseal(k.name(id), k.Sealed); err != nil {
		return nil, version, nil // of another key or damaged, and as good as lost
	}
	return plain, version, nil
}

// KeepSignIn keeps a new sign-in, in place of what there was.
func (s SignIns) KeepSignIn(ctx context.Context, id, address string, plain []byte) error {
	if !plainID(id) {
		return errors.New("the directory id is none")
	}
	return s.replace(ctx, id, func(was keptSignIn) keptSignIn {
		k := keptSignIn{At: after(was.At), Address: strings.ToLower(address)}
		k.Sealed = s.Key.Seal(k.name(id), plain)
		return k
	})
}

// ForgetSignIn takes a sign-in back. It reports false where there was none.
func (s SignIns) ForgetSignIn(ctx context.Context, id string) (forgot bool, err error) {
	err = s.replace(ctx, id, func(was keptSignIn) keptSignIn {
		forgot = was.Sealed != ""
		if !forgot {
			return was
		}
		return keptSignIn{At: after(was.At), Address: was.Address}
	})
	return forgot, err
}

// after is now, but later than a time, also than one of a machine whose clock is fast.
func after(was time.Time) time.Time {
	if now := time.Now().UTC(); now.After(was) {
		return now
	}
	return was.Add(time.Nanosecond)
}

// replace changes both copies. Where daemons renew the same one meanwhile it tries again.
func (s SignIns) replace(ctx context.Context, id string, change func(keptSignIn) keptSignIn) error {
	const tries = 10
	for range tries {
		was, err := s.Shared.SignIn(ctx, id)
		if err != nil {
			return err
		}
		old := readSignIn(was)
		k := change(old)
		if k == old {
			return s.drop(id)
		}
		text, err := json.Marshal(k)
		if err != nil {
			return fmt.Errorf("encoding a sign-in: %w", err)
		}
		ok, err := s.Shared.SwapSignIn(ctx, id, was, string(text), true)
		switch {
		case err != nil:
			return err
		case ok && k.Sealed == "":
			return s.drop(id)
		case ok:
			return WriteFile(s.path(id), text)
		}
	}
	return errors.New("the sign-in keeps changing: try again")
}

// RenewSignIn replaces a version by what a refresh gave, and does nothing where another version is kept by now.
func (s SignIns) RenewSignIn(ctx context.Context, id string, plain []byte, version string) error {
	was := readSignIn(version)
	if was.Sealed == "" || s.ReadOnly {
		return nil
	}
	k := keptSignIn{At: after(was.At), Address: was.Address}
	k.Sealed = s.Key.Seal(k.name(id), plain)
	text, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("encoding a sign-in: %w", err)
	}
	ok, err := s.Shared.SwapSignIn(ctx, id, version, string(text), false)
	if err != nil || !ok {
		return err
	}
	return WriteFile(s.path(id), text)
}

func (s SignIns) path(id string) string { return filepath.Join(s.Dir, strings.ToLower(id)) }

func (s SignIns) drop(id string) error {
	if err := os.Remove(s.path(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forgetting a sign-in: %w", err)
	}
	return nil
}

// files reads the folder.
func (s SignIns) files() (map[string]string, error) {
	entries, err := os.ReadDir(s.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the sign-ins: %w", err)
	}
	out := map[string]string{}
	for _, entry := range entries {
		if !entry.Type().IsRegular() || strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(s.Dir, entry.Name()))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("reading a sign-in: %w", err)
		}
		if k := readSignIn(string(raw)); k.Sealed != "" {
			out[entry.Name()] = string(raw)
		}
	}
	return out, nil
}
