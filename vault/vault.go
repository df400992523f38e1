// Package vault holds the installation's key, and seals with it what must not be readable at rest.
//
// The key file is made on the first start and must be kept: with another key syncd does not know its own marks and tags
// any more and would, on events that carry them, leave everything alone. Daemons that share a Redis share the key file.
package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Key is the installation's key.
type Key struct {
	master []byte
	aead   cipher.AEAD
	kept   bool
}

// Kept reports whether the key stands in a file. What another one seals is lost with its process.
func (k *Key) Kept() bool { return k.kept }

const keyLen = 32

// Open reads a key file, or makes it where there is none.
func Open(path string) (*Key, error) {
	key, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		key, err = create(path)
	}
	if err != nil {
		return nil, err
	}
	key.kept = true
	return key, nil
}

// read reads a key file. Its mode is asked of the file that was opened, whatever the path leads to by then.
func read(path string) (*Key, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe would have to be waited for
	if err != nil {
		return nil, fmt.Errorf("key_file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, fmt.Errorf("key_file: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("key_file %s is no file", path)
	case info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("key_file %s can be read by others (mode %04o): chmod 600 it", path, info.Mode().Perm())
	}
	const longest = 4096 // editors add little
	raw, err := io.ReadAll(io.LimitReader(f, longest))
	if err != nil {
		return nil, fmt.Errorf("key_file: %w", err)
	}
	text := strings.TrimSpace(strings.TrimPrefix(string(raw), "\ufeff"))
	master, err := encoding.DecodeString(text)
	if err != nil || len(master) != keyLen {
		return nil, fmt.Errorf("key_file %s does not hold a key: want %d bytes in base64", path, keyLen)
	}
	return New(master)
}

// encoding is base64 in which each value has one form.
var encoding = base64.StdEncoding.Strict()

// New makes a key of 32 bytes.
func New(master []byte) (*Key, error) {
	if len(master) != keyLen {
		return nil, fmt.Errorf("a key has %d bytes, not %d", keyLen, len(master))
	}
	sealing, err := hkdf.Expand(sha256.New, master, "syncd seal 1", keyLen)
	if err != nil {
		return nil, fmt.Errorf("deriving the sealing key: %w", err)
	}
	block, err := aes.NewCipher(sealing)
	if err != nil {
		return nil, fmt.Errorf("making the cipher: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("making the cipher: %w", err)
	}
	return &Key{master: master, aead: aead}, nil
}

// Random makes a key that is written nowhere, for dry runs.
func Random() (*Key, error) {
	master := make([]byte, keyLen)
	_, _ = rand.Read(master) // never fails (crypto/rand)
	return New(master)
}

// create makes a key file, whole or not at all. Where two processes start at once both end up with the same one.
func create(path string) (*Key, error) {
	key, err := Random()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("key_file: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".key-*")
	if err != nil {
		return nil, fmt.Errorf("key_file: %w", err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.WriteString(encoding.EncodeToString(key.master) + "\n")
	if err := errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return nil, fmt.Errorf("key_file: %w", err)
	}
	switch err := os.Link(tmp.Name(), path); {
	case errors.Is(err, fs.ErrExist):
		return read(path)
	case err != nil:
		return nil, fmt.Errorf("key_file: %w", err)
	}
	return key, syncFolder(filepath.Dir(path))
}

// syncFolder sees to it that a name in a folder survives a power cut. What is sealed with a key that is gone is gone too.
func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("writing to %s: %w", path, err)
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		return fmt.Errorf("writing to %s: %w", path, err)
	}
	return nil
}

// Format implements [fmt.Formatter]: a key is never shown.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[key]") }

// Master is what other keys are derived from.
func (k *Key) Master() []byte { return k.master }

// sealVersion leads what was sealed, so that another scheme can be told.
const sealVersion = "v1."

// Seal makes plain unreadable. It can be unsealed under the same name only, so that a value cannot stand in for another.
func (k *Key) Seal(name string, plain []byte) string {
	return sealVersion + encoding.EncodeToString(k.aead.Seal(nil, nil, plain, []byte(name)))
}

// Unseal reads what Seal wrote.
func (k *Key) Unseal(name, sealed string) ([]byte, error) {
	text, ok := strings.CutPrefix(sealed, sealVersion)
	if !ok {
		return nil, errors.New("not sealed by this version of syncd")
	}
	raw, err := encoding.DecodeString(text)
	if err != nil {
		return nil, errors.New("sealed value is damaged")
	}
	plain, err := k.aead.Open(nil, nil, raw, []byte(name))
	if err != nil {
		return nil, errors.New("sealed with another key, or damaged")
	}
	return plain, nil
}
