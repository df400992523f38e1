// Package msgraph is a benchmark and nothing else: Microsoft's own library doing what syncd does by hand. It is a module of its own,
// so that syncd does not depend on that library. `make bench` runs it; the first time the compiler needs some minutes and some
// gigabytes for it.
package msgraph

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"syncd/delta"
	"syncd/simulator"
)

const serving = "TEST_SERVE_FOR_BENCHMARKS"

// TestMain serves Graph where it is asked to: in a process of its own, whose processor time does not count.
func TestMain(m *testing.M) {
	if size := os.Getenv(serving); size != "" {
		if err := serve(size); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// site is what the serving process tells of itself.
type site struct {
	GraphURL, WebexURL, Token, WebexToken, Tenant string
	CA                                            []byte
	Mailboxes                                     []delta.Mailbox
}

// serve serves mailboxes of so many events, written "mailboxes events", until its standard input ends.
func serve(size string) error {
	var mailboxes, events int
	if _, err := fmt.Sscan(size, &mailboxes, &events); err != nil {
		return err
	}
	world := simulator.New(simulator.Options{Seed: 1, LogLimit: 1000, Quirks: simulator.Quirks{SyncStates: 1 << 20}})
	s := site{Token: world.GraphToken(), WebexToken: world.WebexToken("syncd"), Tenant: world.Tenant()}
	body := "<html><body>" + strings.Repeat("<p class=\"MsoNormal\">We meet to look at the plans for the quarter.</p>\r\n", 50) + "</body></html>"
	tomorrow := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1)
	for i := range mailboxes {
		m := world.AddMailbox(fmt.Sprintf("person%d@example.com", i))
		s.Mailboxes = append(s.Mailboxes, delta.Mailbox{ID: m.ID(), Address: m.Address()})
		for n := range events {
			start := tomorrow.Add(time.Duration(8+n) * time.Hour)
			m.Create(simulator.Draft{
				Subject: "Plans for the quarter", Location: "Room 4; second floor", Body: body, HTML: true, Start: start, End: start.Add(time.Hour),
				Attendees: []string{"bo@example.org", "carol@example.org", "dave@example.org"},
			})
		}
	}
	server, err := world.Start(context.Background())
	if err != nil {
		return err
	}
	s.GraphURL, s.WebexURL, s.CA = server.GraphURL, server.WebexURL, server.CAPEM
	if err := json.NewEncoder(os.Stdout).Encode(s); err != nil {
		return errors.Join(err, server.Close())
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return errors.Join(err, server.Close())
}

// newSite starts the serving process.
func newSite(b *testing.B, mailboxes, events int) (s site) {
	b.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), fmt.Sprintf("%s=%d %d", serving, mailboxes, events))
	child.Stderr = os.Stderr
	in, err := child.StdinPipe()
	must(b, err)
	out, err := child.StdoutPipe()
	must(b, err)
	must(b, child.Start())
	b.Cleanup(func() {
		_ = in.Close()
		if err := child.Wait(); err != nil {
			b.Error(err)
		}
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	must(b, err)
	must(b, json.Unmarshal(line, &s))
	return s
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
