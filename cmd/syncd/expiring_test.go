package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestACertificateThatHasExpiredIsToldAsExpired(t *testing.T) {
	file := filepath.Join(t.TempDir(), "app.pem")
	for _, c := range []struct {
		left      time.Duration
		app, hook string
	}{
		{-time.Minute, "the certificate expired on DAY, and no mailbox is served with it: make", "the certificate expired on DAY, and Graph sends no notifications with it: replace"},
		{-1000 * day, "the certificate expired on DAY, and no mailbox", "the certificate expired on DAY, and Graph"},
		{time.Hour, "the certificate expires on DAY (0 days), and no mailbox is served after that: make", "the certificate expires on DAY (0 days), and Graph sends no notifications after that: replace"},
		{10*day + time.Hour, "the certificate expires on DAY (10 days)", "the certificate expires on DAY (10 days)"},
	} {
		ends := time.Now().Add(c.left)
		if err := os.WriteFile(file, certificateFor(t, ends.Add(-day), ends, true), 0o600); err != nil {
			t.Fatal(err)
		}
		said := (&Config{ClientCertificate: file, HookCertificate: file}).certificatesExpiring()
		if len(said) != 2 {
			t.Fatalf("%v: said %q", c.left, said)
		}
		for i, want := range []string{c.app, c.hook} {
			want = strings.ReplaceAll(want, "DAY", ends.UTC().Format(time.DateOnly))
			if !strings.Contains(said[i], want) {
				t.Errorf("%v: said %q, want %q", c.left, said[i], want)
			}
		}
	}
}
