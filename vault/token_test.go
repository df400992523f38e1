package vault

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// shelf is a shared store in memory.
type shelf struct {
	value     string
	get, put  error
	forgetful bool   // drops what it is given
	before    func() // of each swap
}

func (s *shelf) WebexToken(context.Context) (string, error) { return s.value, s.get }

func (s *shelf) SetWebexToken(_ context.Context, sealed string) error {
	if s.put == nil && !s.forgetful {
		s.value = sealed
	}
	return s.put
}

func (s *shelf) SwapWebexToken(_ context.Context, was, now string) (bool, error) {
	if s.before != nil {
		s.before()
	}
	if s.put != nil || s.value != was {
		return false, s.put
	}
	s.value = now
	return true, nil
}

func (s *shelf) LockWebexToken(context.Context, time.Duration) (func(), bool, error) {
	return func() {}, true, nil
}

func tokens(t *testing.T, shared Shared) Tokens {
	t.Helper()
	key, err := New([]byte("a master key of thirty-two bytes"))
	if err != nil {
		t.Fatal(err)
	}
	return Tokens{Key: key, Shared: shared, File: filepath.Join(t.TempDir(), "state", "webex-token")}
}

// loads checks what is loaded.
func loads(t *testing.T, k Tokens, want string) {
	t.Helper()
	got, err := k.LoadTokens(t.Context())
	if err != nil || len(got) == 0 || string(got[0]) != want {
		t.Errorf("loaded %q, %v, want %q", got, err, want)
	}
}

func stores(t *testing.T, k Tokens, token string) {
	t.Helper()
	if err := k.StoreToken(t.Context(), []byte(token)); err != nil {
		t.Fatal(err)
	}
}

func TestATokenIsStoredTwiceAndSealed(t *testing.T) {
	s := &shelf{}
	k := tokens(t, s)
	if got, err := k.LoadTokens(t.Context()); got != nil || err != nil {
		t.Errorf("nothing stored: %q, %v", got, err)
	}
	stores(t, k, "the refresh token")
	loads(t, k, "the refresh token")
	raw, err := os.ReadFile(k.File)
	if err != nil || string(raw) != s.value {
		t.Errorf("the copies differ: %q and %q, %v", raw, s.value, err)
	}
	if strings.Contains(s.value, "refresh") {
		t.Errorf("stored in plain text: %s", s.value)
	}
	info, err := os.Stat(k.File)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	entries, err := os.ReadDir(filepath.Dir(k.File))
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestTheLaterCopyWins(t *testing.T) {
	s := &shelf{}
	k := tokens(t, s)
	stores(t, k, "old")
	old := s.value
	stores(t, k, "new")
	s.value = old // the store was set back
	loads(t, k, "new")

	stores(t, k, "newer")
	newer := s.value
	stores(t, k, "newest")
	if err := os.WriteFile(k.File, []byte(newer), 0o600); err != nil { // another daemon refreshed it, this one has its old file
		t.Fatal(err)
	}
	loads(t, k, "newest")
}

func TestEitherCopyAloneIsEnough(t *testing.T) {
	s := &shelf{}
	k := tokens(t, s)
	stores(t, k, "token")
	sealed := s.value
	for _, damaged := range []string{"", "{}", "null", "[]", sealed[:len(sealed)/2], strings.Replace(sealed, "v1.", "v9.", 1), "\x00", sealed + "x"} {
		s.value = damaged
		loads(t, k, "token")
		s.value = sealed
		if err := os.WriteFile(k.File, []byte(damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		loads(t, k, "token")
		s.value = damaged
		if got, err := k.LoadTokens(t.Context()); got != nil || err != nil {
			t.Errorf("both copies are %q: %q, %v", damaged, got, err)
		}
		if err := os.WriteFile(k.File, []byte(sealed), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(k.File); err != nil {
		t.Fatal(err)
	}
	s.value = sealed
	loads(t, k, "token")
}

func TestAnErrorOfTheStoreIsAnError(t *testing.T) {
	down := errors.New("store is down")
	s := &shelf{}
	k := tokens(t, s)
	stores(t, k, "token")
	s.get = down
	if got, err := k.LoadTokens(t.Context()); !errors.Is(err, down) || got != nil {
		t.Errorf("loaded %q, %v: the store may have a later one", got, err)
	}
	s.get, s.put = nil, down
	if err := k.StoreToken(t.Context(), []byte("new")); !errors.Is(err, down) {
		t.Errorf("stored: %v", err)
	}
	loads(t, k, "new") // from the file
	s.get = down
	if err := k.StoreToken(t.Context(), []byte("newer")); !errors.Is(err, down) {
		t.Errorf("stored: %v", err)
	}
	s.get, s.put = nil, nil
	loads(t, k, "newer")
}

func TestAnErrorOfTheFileIsAnError(t *testing.T) {
	s := &shelf{}
	k := tokens(t, s)
	if err := os.MkdirAll(k.File, 0o700); err != nil { // a folder in its place
		t.Fatal(err)
	}
	if err := k.StoreToken(t.Context(), []byte("token")); err == nil || s.value == "" {
		t.Errorf("stored: %v; the other copy is %q", err, s.value)
	}
	if got, err := k.LoadTokens(t.Context()); err == nil {
		t.Errorf("loaded %q", got)
	}
}

func TestAnotherKeysTokenIsNone(t *testing.T) {
	s := &shelf{}
	k := tokens(t, s)
	stores(t, k, "token")
	var err error
	if k.Key, err = New([]byte("another key of thirty-two bytes.")); err != nil {
		t.Fatal(err)
	}
	if got, err := k.LoadTokens(t.Context()); got != nil || err != nil {
		t.Errorf("loaded %q, %v", got, err)
	}
}

// Who can write to the store must not be able to pass an old token off as the latest.
func TestAnOldTokenWithALaterTimeIsRefused(t *testing.T) {
	s := &shelf{}
	k := tokens(t, s)
	stores(t, k, "old")
	var forged map[string]any
	if err := json.Unmarshal([]byte(s.value), &forged); err != nil {
		t.Fatal(err)
	}
	stores(t, k, "new")
	forged["at"] = time.Now().Add(time.Hour)
	raw, err := json.Marshal(forged)
	if err != nil {
		t.Fatal(err)
	}
	s.value = string(raw)
	loads(t, k, "new")
}

// Clocks of two machines differ, and a clock may be set back. What is stored later counts as later all the same.
func TestALaterTokenWinsWhateverTheClockSays(t *testing.T) {
	s := &shelf{}
	fast, slow := tokens(t, s), tokens(t, s)
	synctest.Test(t, func(t *testing.T) {
		<-time.After(10 * time.Minute)
		stores(t, fast, "of the fast clock")
	})
	synctest.Test(t, func(t *testing.T) { // begins at the same time as the one before
		stores(t, slow, "of the slow clock")
		loads(t, slow, "of the slow clock")
		loads(t, fast, "of the slow clock")
		stores(t, slow, "at the same moment")
		loads(t, fast, "at the same moment")
		s.forgetful = true
		stores(t, slow, "in the file alone")
		loads(t, slow, "in the file alone")
	})
}

// keeps has a copy stand in both places, and checks whether it was put into the shared one.
func keeps(t *testing.T, k Tokens, token string, shared bool) {
	t.Helper()
	if got, err := k.KeepToken(t.Context(), []byte(token)); err != nil || got != shared {
		t.Errorf("kept %q: shared %v, %v", token, got, err)
	}
}

func filed(t *testing.T, k Tokens) string {
	t.Helper()
	raw, err := os.ReadFile(k.File)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(raw)
}

func TestWhatAnotherMachineStoredIsKeptHereAndPutBackWhenTheStoreIsLost(t *testing.T) {
	s := &shelf{}
	here, there := tokens(t, s), tokens(t, s)
	stores(t, there, "first")
	here.ReadOnly = true
	keeps(t, here, "first", false)
	if got := filed(t, here); got != "" {
		t.Errorf("a dry run wrote %s", got)
	}
	here.ReadOnly = false
	keeps(t, here, "first", false)
	first := s.value
	if got := filed(t, here); got != first {
		t.Errorf("in the file: %q, want %q", got, first)
	}
	info, err := os.Stat(here.File)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	keeps(t, here, "first", false)
	if again, _ := os.Stat(here.File); !os.SameFile(info, again) {
		t.Error("what is there is written anew")
	}
	stores(t, there, "second")
	second := s.value

	// The store is lost. Who has the older copy is first; the later one takes its place, and never the other way round.
	s.value = ""
	here.ReadOnly = true
	keeps(t, here, "first", false)
	if s.value != "" {
		t.Error("a dry run wrote")
	}
	here.ReadOnly = false
	keeps(t, here, "first", true)
	keeps(t, here, "first", false)
	if s.value != first {
		t.Errorf("the store has %q", s.value)
	}
	loads(t, there, "second")
	keeps(t, there, "second", true)
	loads(t, here, "second")
	keeps(t, here, "first", false) // as it was loaded a moment ago
	if s.value != second || filed(t, here) != first {
		t.Errorf("the store has %q, this machine %q", s.value, filed(t, here))
	}
	keeps(t, here, "second", false)
	if filed(t, here) != second {
		t.Errorf("this machine has %q", filed(t, here))
	}
	keeps(t, here, "nobody's", false)
}

func TestOfTwoMachinesThatPutTheirCopiesBackAtOnceTheLaterOneStays(t *testing.T) {
	for _, order := range []string{"the later one is first", "the older one is first"} {
		t.Run(order, func(t *testing.T) {
			s := &shelf{}
			older, later := tokens(t, s), tokens(t, s)
			stores(t, older, "older")
			stores(t, later, "later")
			want := s.value
			s.value = ""
			slow, fast, slows := older, later, "older"
			if order == "the older one is first" {
				slow, fast, slows = later, older, "later"
			}
			s.before = func() { // while the slow one has looked and not written yet
				s.before = nil
				raw, _ := os.ReadFile(fast.File)
				s.value = string(raw)
			}
			keeps(t, slow, slows, slows == "later")
			if s.value != want {
				t.Errorf("the store has %q", s.value)
			}
		})
	}
}

func TestADamagedCopyGivesWayAndOneOfAnotherKeyOnlyIfItIsNotLater(t *testing.T) {
	s := &shelf{}
	k := tokens(t, s)
	stores(t, k, "token")
	sealed := s.value
	for _, damaged := range []string{"{}", "null", sealed[:len(sealed)/2], "\x00"} {
		s.value = damaged
		keeps(t, k, "token", true)
		if err := os.WriteFile(k.File, []byte(damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		keeps(t, k, "token", false)
		if s.value != sealed || filed(t, k) != sealed {
			t.Errorf("%q was not replaced: %q and %q", damaged, s.value, filed(t, k))
		}
	}
	other := tokens(t, s)
	var err error
	if other.Key, err = New([]byte("another key of thirty-two bytes.")); err != nil {
		t.Fatal(err)
	}
	stores(t, other, "of another key")
	theirs := s.value
	keeps(t, k, "token", false)
	if s.value != theirs {
		t.Error("a later one of another key was replaced")
	}
	s.value = sealed
	if err := os.WriteFile(k.File, []byte(theirs), 0o600); err != nil {
		t.Fatal(err)
	}
	keeps(t, k, "token", false)
	if filed(t, k) != theirs {
		t.Error("a later one in the file was replaced")
	}
	if got, err := k.LoadTokens(t.Context()); err != nil || len(got) != 1 || string(got[0]) != "token" {
		t.Errorf("loaded %q, %v", got, err)
	}
}

func TestBothCopiesAreGivenTheLaterOneFirst(t *testing.T) {
	s := &shelf{}
	here, there := tokens(t, s), tokens(t, s)
	stores(t, here, "older")
	older := s.value
	stores(t, there, "later")
	for _, swapped := range []bool{false, true} {
		got, err := here.LoadTokens(t.Context())
		if err != nil || len(got) != 2 || string(got[0]) != "later" || string(got[1]) != "older" {
			t.Errorf("swapped %v: %q, %v", swapped, got, err)
		}
		if err := os.WriteFile(here.File, []byte(s.value), 0o600); err != nil {
			t.Fatal(err)
		}
		s.value = older
	}
}

func TestAnErrorOfEitherPlaceKeepsNothingApart(t *testing.T) {
	down := errors.New("store is down")
	s := &shelf{}
	k := tokens(t, s)
	stores(t, k, "token")
	s.value, s.put = "", down
	if _, err := k.KeepToken(t.Context(), []byte("token")); !errors.Is(err, down) {
		t.Errorf("the store cannot be written: %v", err)
	}
	s.put, s.get = nil, down
	if _, err := k.KeepToken(t.Context(), []byte("token")); !errors.Is(err, down) {
		t.Errorf("the store cannot be read: %v", err)
	}
}
