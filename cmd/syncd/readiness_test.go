package main

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// ready wants /readyz and `syncd health` to say something; nothing where all is well.
func (f *fleet) ready(want string) {
	f.t.Helper()
	status, code := 200, 0
	if want != "" {
		status, code = 503, 1
	}
	var said string
	f.eventually("/readyz says "+strconv.Quote(want), func() bool {
		got, body := f.get("/readyz")
		said = body
		return got == status && strings.Contains(body, want)
	})
	if got := f.syncd("health"); got.code != code || !strings.Contains(got.out+got.err, want) {
		f.t.Errorf("syncd health: %+v, though /readyz says %s", got, said)
	}
	if status, _ := f.get("/healthz"); status != 200 {
		f.t.Errorf("not alive: %d", status)
	}
}

// scripts counts the scripts that Redis was asked to run.
func (f *fleet) scripts() int {
	f.t.Helper()
	match := regexp.MustCompile(`cmdstat_evalsha:calls=(\d+)`).FindStringSubmatch(f.redis.CLI("INFO", "commandstats"))
	if match == nil {
		return 0
	}
	n, err := strconv.Atoi(match[1])
	f.must(err)
	return n
}

// busy is a fleet of one daemon, whose pages can be asked, and which sweeps each second.
func busy(t *testing.T, seed uint64, mailboxes int) *fleet {
	f := newFleet(t, seed, 0, mailboxes)
	f.env["SYNCD_LISTEN"] = freeAddress(t)
	f.daemons = append(f.daemons, f.start())
	f.asked()
	f.ready("")
	return f
}

func TestADaemonWhoseRedisTakesNoWritesIsNotReadyAndSaysSoOnce(t *testing.T) {
	t.Parallel()
	f := busy(t, 301, 3)
	said := func(failing, again int) bool {
		log := f.logged()
		return strings.Count(log, "the timetable does not answer") == failing && strings.Count(log, "the timetable answers again") == again
	}
	for i, trouble := range []struct{ what, begin, end, says string }{
		{"a replica", "REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE", "redis takes no writes: READONLY"},
		{"full", "CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0", "redis takes no writes: OOM"},
	} {
		f.redis.CLI(strings.Fields(trouble.begin)...)
		f.ready(trouble.says)
		f.eventually("the log tells of "+trouble.what, func() bool { return said(i+1, i) })
		asked := f.scripts()
		f.eventually("the timetable is asked on", func() bool { return f.scripts() > asked+16*10 }) // it is in 16 parts
		if !said(i+1, i) {
			t.Errorf("it is said more than once that Redis is %s\n%s", trouble.what, f.logged())
		}
		f.redis.CLI(strings.Fields(trouble.end)...)
		f.ready("")
		f.eventually("the log tells of its end", func() bool { return said(i+1, i+1) })
		f.alice().Create(appointment(9+i, "@webex:onetime"))
		f.settle("Redis was " + trouble.what)
	}
}

func TestADaemonWhoseTimetableIsDamagedDoesNotBlameWrites(t *testing.T) {
	t.Parallel()
	f := busy(t, 304, 3)
	f.redis.CLI("DEL", "syncd:due:3")
	f.redis.CLI("SET", "syncd:due:3", "x")
	f.ready("the timetable does not answer: ")
	f.ready("syncd:due:3: WRONGTYPE")
	if _, body := f.get("/readyz"); strings.Contains(body, "writes") || strings.Count(body, "the timetable does not answer") != 1 {
		t.Error(body)
	}
	f.redis.CLI("DEL", "syncd:due:3")
	f.ready("")
}

func TestADaemonThatEntraRefusesIsNotReady(t *testing.T) {
	t.Parallel()
	f := busy(t, 302, 3)
	certificate, err := os.ReadFile(f.path("app.pem"))
	f.must(err)
	f.world.RevokeApp(testClient)
	f.ready("Entra or Graph refuses the application")
	f.ready("AADSTS")
	// Who is served with his own permission does not speak for the others.
	f.signIn("alice@example.com")
	at := f.sweeps("alice@example.com")
	f.eventually("her mailbox is served on", func() bool { return f.sweeps("alice@example.com") > at+2 })
	f.ready("Entra or Graph refuses the application")
	f.must(f.world.RegisterApp(testClient, certificate))
	f.eventually("the others are, once they are asked for", func() bool { // after a failure the keeper of the token rests
		f.redis.CLI("XADD", "syncd:hints", "*", "mailbox", "m0@example.com")
		status, _ := f.get("/readyz")
		return status == 200
	})
	f.ready("")
}

func TestADaemonWhoseMailboxesAllRefuseIsNotReady(t *testing.T) {
	t.Parallel()
	f := busy(t, 303, 45) // as many refusals as the alarm looks back at, whatever went well before
	f.boxes[1].Deny()
	f.eventually("one is parked", func() bool { return strings.Contains(f.logged(), "access-denied") })
	f.ready("") // which is that mailbox's own trouble
	for _, b := range f.boxes {
		b.Deny()
	}
	f.ready("application-refused: ")
	f.ready("most mailboxes refuse at once")
	for _, b := range f.boxes {
		b.Restore()
	}
	f.ready("") // which takes a while: one is asked each minute
}
