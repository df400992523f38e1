package main

import (
	"strings"
	"testing"

	"syncd/delta"
	"syncd/redisstore"
	"syncd/simulator"
)

func TestAnEventWaitsForAReasonAlsoWhereItsSweepWasCutOff(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 84})
	s.realRedis()
	for _, name := range []string{"CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN"} {
		delete(s.env, "SYNCD_WEBEX_"+name)
	}
	s.env["SYNCD_WEBEX_TOKEN"] = s.world.WebexToken("fixed")
	e := s.alice().Create(appointment(9, "@webex:onetime"))
	waits := func(status int, reason string) {
		t.Helper()
		s.world.Heal()
		s.world.Fault(simulator.Rule{Call: "ListMeetings", Fault: simulator.Refuse(status, "", "")})
		s.syncd("sweep")
		got := s.syncd("status", "alice@example.com")
		if want := "alice@example.com  waits: " + reason + ", next try "; !strings.Contains(got.out, want) || !strings.Contains(got.out, e.ID) {
			t.Errorf("after %d: no %q in %+v", status, want, got)
		}
	}
	waits(502, "unreachable")
	waits(401, "credentials") // which ends the sweep
	s.world.Heal()
	s.sweep()
	s.world.Audit(t, s.rest)
}

func TestAReasonIsTheEventsOwnOrTheMailboxsOrThatItWasCutOff(t *testing.T) {
	for _, c := range []struct{ event, mailbox, want delta.Reason }{
		{"unanswered", "credentials", "unanswered"}, {"", "credentials", "credentials"}, {"", "", "stopped"},
	} {
		v := redisstore.View{Cursor: delta.Cursor{Reason: c.mailbox}, Reasons: map[string]delta.Reason{"e": c.event}}
		if got := whyWaits(v, "e"); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}
