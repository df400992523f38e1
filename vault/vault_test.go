package vault

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// openRole in the environment makes the test binary a process that opens a key file and prints its key.
const openRole = "VAULT_TEST_OPEN"

func TestMain(m *testing.M) {
	path := os.Getenv(openRole)
	if path == "" {
		os.Exit(m.Run())
	}
	key, err := Open(path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("%x\n", key.Master())
}

func mustOpen(t *testing.T, path string) *Key {
	t.Helper()
	key, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestTheKeyFileIsMadeOnceForItsOwnerAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "key")
	key := mustOpen(t, path)
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder's mode %v, %v", info.Mode(), err)
	}
	if again := mustOpen(t, path); !bytes.Equal(again.Master(), key.Master()) {
		t.Error("opened again, the key is another")
	}
	if other := mustOpen(t, path+"2"); bytes.Equal(other.Master(), key.Master()) {
		t.Error("two files have the same key")
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 2 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestProcessesThatStartAtOnceHaveTheSameKey(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "key")
	const many = 6
	keys := make([]string, many)
	var all sync.WaitGroup
	for i := range many {
		all.Go(func() {
			cmd := exec.Command(self)
			cmd.Env = append(os.Environ(), openRole+"="+path)
			cmd.Stderr = os.Stderr
			out, err := cmd.Output()
			if err != nil {
				t.Error(err)
			}
			keys[i] = string(out)
		})
	}
	all.Wait()
	want := fmt.Sprintf("%x\n", mustOpen(t, path).Master())
	for i, key := range keys {
		if key != want {
			t.Errorf("process %d has the key %s, want %s", i, key, want)
		}
	}
	// And goroutines, which meet more closely.
	for range 50 {
		path := filepath.Join(t.TempDir(), "key")
		var masters [4][]byte
		for i := range masters {
			all.Go(func() {
				key, err := Open(path)
				if err != nil {
					t.Error(err)
					return
				}
				masters[i] = key.Master()
			})
		}
		all.Wait()
		for _, m := range masters {
			if !bytes.Equal(m, masters[0]) {
				t.Fatal("two that started at once have two keys")
			}
		}
	}
}

func TestAKeyFileThatOthersCanReadIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	mustOpen(t, path)
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o644, 0o660, 0o601} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "chmod 600") || !strings.Contains(err.Error(), path) {
			t.Errorf("mode %v: %v", mode, err)
		}
	}
	for _, mode := range []fs.FileMode{0o400, 0o600} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		mustOpen(t, path)
	}
}

func TestAFileThatHoldsNoKeyIsRefusedAndLeftAlone(t *testing.T) {
	good := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))
	for what, content := range map[string]string{
		"empty": "", "garbage": "not a key at all!", "too short": good[:40], "too long": good + good, "hex": strings.Repeat("ab", 32),
		"utf-16": "\xff\xfe" + strings.Join(strings.Split(good, ""), "\x00"), "two lines": good + "\n" + good, "zeros": strings.Repeat("\x00", 44),
	} {
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(path)
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "32 bytes in base64") {
			t.Errorf("%s: %v", what, err)
		}
		if content != "" && err != nil && strings.Contains(err.Error(), content) {
			t.Errorf("%s: the error shows what is in the file: %v", what, err)
		}
		if left, err := os.ReadFile(path); err != nil || string(left) != content {
			t.Errorf("%s: the file became %q, %v", what, left, err)
		}
	}
}

func TestEditorsMayAddWhatTheyDo(t *testing.T) {
	good := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))
	for what, content := range map[string]string{
		"as made": good + "\n", "no end of line": good, "CRLF": good + "\r\n", "a mark": "\ufeff" + good + "\r\n", "blanks": "  " + good + " \n\n",
	} {
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		key, err := Open(path)
		if err != nil || !bytes.Equal(key.Master(), bytes.Repeat([]byte{7}, 32)) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestAPathThatCannotHoldAKeySaysSo(t *testing.T) {
	dir := t.TempDir()
	dangling := filepath.Join(dir, "dangling")
	if err := os.Symlink(filepath.Join(dir, "nowhere", "key"), dangling); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for what, path := range map[string]string{"a link to nothing": dangling, "a folder": dir, "under a file": filepath.Join(file, "key")} {
		if _, err := Open(path); err == nil || !strings.HasPrefix(err.Error(), "key_file") {
			t.Errorf("%s: %v", what, err)
		}
	}
	var left []string
	entries, err := os.ReadDir(dir)
	for _, entry := range entries {
		left = append(left, entry.Name())
	}
	if err != nil || len(left) != 2 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	// A link to a key is as good as the key.
	real := filepath.Join(dir, "real")
	key := mustOpen(t, real)
	if err := errors.Join(os.Remove(dangling), os.Symlink(real, dangling)); err != nil {
		t.Fatal(err)
	}
	if linked := mustOpen(t, dangling); !bytes.Equal(linked.Master(), key.Master()) {
		t.Error("by way of a link the key is another")
	}
}

func TestAPipeIsNotWaitedFor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); err == nil {
		t.Error("a pipe was taken for a key file")
	}
}

func TestAKeyHas32Bytes(t *testing.T) {
	for _, n := range []int{0, 16, 31, 33} {
		if _, err := New(make([]byte, n)); err == nil {
			t.Errorf("a key of %d bytes was made", n)
		}
	}
	one, err := Random()
	if err != nil {
		t.Fatal(err)
	}
	two, err := Random()
	if err != nil || bytes.Equal(one.Master(), two.Master()) || len(one.Master()) != 32 {
		t.Errorf("random keys %v", err)
	}
}

func TestAKeyDoesNotShowItself(t *testing.T) {
	key, err := New([]byte("a master key of thirty-two bytes"))
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
		for _, shown := range []string{fmt.Sprintf(format, key), fmt.Sprintf(format, *key), fmt.Sprintf(format, Tokens{Key: key})} {
			if strings.Contains(shown, "master key") || strings.Contains(shown, "97 32 109") || strings.Contains(shown, "61206d6173") || strings.Contains(shown, "0x61, 0x20") {
				t.Errorf("%s shows %s", format, shown)
			}
		}
	}
}

func TestWhatIsSealedIsUnsealedWithKeyAndNameOnly(t *testing.T) {
	key, _ := New([]byte("a master key of thirty-two bytes"))
	other, _ := New([]byte("another key of thirty-two bytes."))
	for _, plain := range []string{"", "x", "a refresh token", strings.Repeat("long", 10000), "\x00\xff"} {
		sealed := key.Seal("name", []byte(plain))
		if got, err := key.Unseal("name", sealed); err != nil || string(got) != plain {
			t.Errorf("unsealed %q, %v", got, err)
		}
		if again := key.Seal("name", []byte(plain)); again == sealed {
			t.Error("sealed twice it looks the same")
		}
		if len(plain) > 1 && strings.Contains(sealed, plain) {
			t.Errorf("%q can be read in %q", plain, sealed)
		}
		if got, err := key.Unseal("another name", sealed); err == nil {
			t.Errorf("under another name: %q", got)
		}
		if got, err := other.Unseal("name", sealed); err == nil {
			t.Errorf("with another key: %q", got)
		}
	}
}

func TestADamagedSealIsRefused(t *testing.T) {
	key, _ := New([]byte("a master key of thirty-two bytes"))
	sealed := key.Seal("name", []byte("a refresh token"))
	for i := range len(sealed) {
		flipped := []byte(sealed)
		flipped[i] ^= 1
		if got, err := key.Unseal("name", string(flipped)); err == nil {
			t.Errorf("byte %d changed: %q", i, got)
		}
		if got, err := key.Unseal("name", sealed[:i]); err == nil {
			t.Errorf("cut at %d: %q", i, got)
		}
	}
	for _, foreign := range []string{"", "v1.", "v2." + sealed[3:], sealed[3:], "v1.!!!", "v1.AAAA", sealed + "=", sealed + sealed} {
		if got, err := key.Unseal("name", foreign); err == nil {
			t.Errorf("%q: %q", foreign, got)
		}
	}
}

func FuzzUnseal(f *testing.F) {
	key, err := New([]byte("a master key of thirty-two bytes"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add("name", "v1.AAAA", []byte("plain"))
	f.Add("", "", []byte{})
	f.Fuzz(func(t *testing.T, name, foreign string, plain []byte) {
		if got, err := key.Unseal(name, foreign); err == nil {
			t.Errorf("%q unsealed to %q", foreign, got)
		}
		if got, err := key.Unseal(name, key.Seal(name, plain)); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%q came back as %q, %v", plain, got, err)
		}
	})
}
