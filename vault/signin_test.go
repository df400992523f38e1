package vault

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// board is a shared store of sign-ins in memory.
type board struct {
	all    map[string]string
	told   int
	err    error
	before func() // of each swap
}

func newBoard() *board { return &board{all: map[string]string{}} }

func (b *board) SignIns(context.Context) (map[string]string, error) { return maps.Clone(b.all), b.err }

func (b *board) SignIn(_ context.Context, id string) (string, error) { return b.all[id], b.err }

func (b *board) SwapSignIn(_ context.Context, id, was, now string, told bool) (bool, error) {
	if b.before != nil {
		b.before()
	}
	if b.err != nil || b.all[id] != was {
		return false, b.err
	}
	b.all[id] = now
	if told {
		b.told++
	}
	return true, nil
}

const ada = "aaaaaaaa-0000-4000-8000-000000000001"

func newSignIns(t *testing.T, shared SharedSignIns) SignIns {
	t.Helper()
	key, err := New([]byte("a master key of thirty-two bytes"))
	if err != nil {
		t.Fatal(err)
	}
	return SignIns{Key: key, Shared: shared, Dir: filepath.Join(t.TempDir(), "signins")}
}

func (s SignIns) keep(t *testing.T, plain string) {
	t.Helper()
	if err := s.KeepSignIn(t.Context(), ada, "Ada@example.com", []byte(plain)); err != nil {
		t.Fatal(err)
	}
}

// knows checks who is known to be signed in, and what is kept of ada.
func (s SignIns) knows(t *testing.T, want string) {
	t.Helper()
	known, _, err := s.Known(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	plain, _, err := s.LoadSignIn(t.Context(), ada)
	if err != nil || string(plain) != want {
		t.Errorf("kept %q, %v, want %q", plain, err, want)
	}
	if who := known[ada]; (who == "ada@example.com") != (want != "") || len(known) > 1 {
		t.Errorf("known: %v", known)
	}
}

func TestASignInIsKeptTwiceAndSealed(t *testing.T) {
	b := newBoard()
	s := newSignIns(t, b)
	s.keep(t, "canary")
	s.knows(t, "canary")
	raw, err := os.ReadFile(s.path(ada))
	if err != nil || string(raw) != b.all[ada] || strings.Contains(string(raw), "canary") {
		t.Errorf("in the file: %s %v", raw, err)
	}
	if info, _ := os.Stat(s.path(ada)); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %s", info.Mode())
	}
	clear(b.all) // Redis is lost
	s.ReadOnly = true
	s.knows(t, "canary")
	if len(b.all) != 0 {
		t.Error("a dry run wrote")
	}
	s.ReadOnly = false
	s.knows(t, "canary")
	if b.all[ada] != string(raw) || b.told < 2 {
		t.Errorf("not put back, or nobody was told: %v", b.all)
	}
	if err := os.RemoveAll(s.Dir); err != nil { // another machine
		t.Fatal(err)
	}
	s.knows(t, "canary")
	if again, _ := os.ReadFile(s.path(ada)); string(again) != string(raw) {
		t.Errorf("the other machine has %s", again)
	}
}

func TestWhatWasForgottenStaysForgotten(t *testing.T) {
	b := newBoard()
	here, there := newSignIns(t, b), newSignIns(t, b)
	here.keep(t, "first")
	there.knows(t, "first") // and has a file
	_, version, _ := there.LoadSignIn(t.Context(), ada)
	if forgot, err := here.ForgetSignIn(t.Context(), ada); !forgot || err != nil {
		t.Fatal(forgot, err)
	}
	if forgot, err := here.ForgetSignIn(t.Context(), ada); forgot || err != nil {
		t.Errorf("forgotten twice: %v %v", forgot, err)
	}
	// A daemon that was at a refresh does not bring it back, nor does the file of another machine.
	if err := there.RenewSignIn(t.Context(), ada, []byte("renewed"), version); err != nil {
		t.Error(err)
	}
	there.knows(t, "")
	here.knows(t, "")
	if _, version, _ = here.LoadSignIn(t.Context(), ada); version == "" {
		t.Error("nothing says that it was forgotten")
	}
	if err := there.RenewSignIn(t.Context(), ada, []byte("renewed"), version); err != nil {
		t.Error(err)
	}
	there.knows(t, "")
	for _, s := range []SignIns{here, there} {
		if _, err := os.Stat(s.path(ada)); err == nil {
			t.Errorf("%s is left", s.path(ada))
		}
	}
	here.keep(t, "second")
	there.knows(t, "second")
}

func TestARefreshReplacesJustWhatItBeganWith(t *testing.T) {
	b := newBoard()
	s := newSignIns(t, b)
	s.keep(t, "first")
	_, version, _ := s.LoadSignIn(t.Context(), ada)
	told := b.told
	if err := s.RenewSignIn(t.Context(), ada, []byte("renewed"), version); err != nil {
		t.Fatal(err)
	}
	s.knows(t, "renewed")
	if b.told != told {
		t.Error("all daemons are told of a mere refresh")
	}
	if err := s.RenewSignIn(t.Context(), ada, []byte("late"), version); err != nil {
		t.Fatal(err)
	}
	s.knows(t, "renewed")
}

func TestASignInWhileADaemonRefreshesWins(t *testing.T) {
	b := newBoard()
	s := newSignIns(t, b)
	s.keep(t, "first")
	_, version, _ := s.LoadSignIn(t.Context(), ada)
	once := true
	b.before = func() {
		if once {
			once = false
			_ = s.RenewSignIn(t.Context(), ada, []byte("renewed"), version)
		}
	}
	s.keep(t, "anew")
	s.knows(t, "anew")
}

func TestAnotherKeyAnotherPersonsEntryAndGarbageAreAsGoodAsNone(t *testing.T) {
	b := newBoard()
	s := newSignIns(t, b)
	s.keep(t, "canary")
	const bo = "bbbbbbbb-0000-4000-8000-000000000002"
	b.all[bo] = b.all[ada]
	if plain, _, err := s.LoadSignIn(t.Context(), bo); plain != nil || err != nil {
		t.Errorf("ada's opens as bo's: %q %v", plain, err)
	}
	other, err := Random()
	if err != nil {
		t.Fatal(err)
	}
	if plain, _, err := (SignIns{Key: other, Shared: b, Dir: s.Dir}).LoadSignIn(t.Context(), ada); plain != nil || err != nil {
		t.Errorf("opens with another key: %q %v", plain, err)
	}
	delete(b.all, bo)
	outside := filepath.Join(filepath.Dir(s.Dir), "outside")
	b.all["../outside"] = b.all[ada]
	b.all["x"] = "garbage"
	known, ever, err := s.Known(t.Context())
	if err != nil || !ever || len(known) != 1 {
		t.Errorf("%v %v %v", known, ever, err)
	}
	if _, err := os.Stat(outside); err == nil {
		t.Error("a name from the store led out of the folder")
	}
	if err := s.KeepSignIn(t.Context(), "../outside", "a@example.com", nil); err == nil {
		t.Error("kept under a path")
	}
}

func TestAStoreThatFailsIsNoEmptyStore(t *testing.T) {
	b := newBoard()
	s := newSignIns(t, b)
	s.keep(t, "canary")
	b.err = errors.New("down")
	if _, _, err := s.Known(t.Context()); !errors.Is(err, b.err) {
		t.Errorf("Known: %v", err)
	}
	if _, _, err := s.LoadSignIn(t.Context(), ada); !errors.Is(err, b.err) {
		t.Errorf("LoadSignIn: %v", err)
	}
	if err := s.KeepSignIn(t.Context(), ada, "ada@example.com", nil); !errors.Is(err, b.err) {
		t.Errorf("KeepSignIn: %v", err)
	}
	if _, err := s.ForgetSignIn(t.Context(), ada); !errors.Is(err, b.err) {
		t.Errorf("ForgetSignIn: %v", err)
	}
	if _, err := os.Stat(s.path(ada)); err != nil {
		t.Error("the file is gone")
	}
}
