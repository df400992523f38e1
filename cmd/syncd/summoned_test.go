package main

import (
	"strings"
	"testing"

	"syncd/simulator"
)

// Whom the configuration names comes back with the next start, or the next read of the group, and everybody would be mailed once more.
func TestWithdrawingWhomTheConfigurationNamesIsRefusedBeforeAnythingIsDone(t *testing.T) {
	t.Parallel()
	for _, named := range []string{"address", "alias", "id", "group"} {
		t.Run(named, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, simulator.Options{Seed: 451})
			s.world.AddMailbox("dave@example.com", simulator.WithUPN("d123@corp.example.com"), simulator.WithAliases("dave.alias@example.com"))
			dave := s.world.Mailbox("dave@example.com")
			s.env["SYNCD_MAILBOXES"] = "alice@example.com," + map[string]string{
				"address": "dave@example.com", "alias": "dave.alias@example.com", "id": dave.ID(), "group": "group:" + s.world.AddGroup("dave@example.com"),
			}[named]
			dave.Create(appointment(9, "@webex:onetime"))
			s.sweep()
			s.world.ClearMails()
			back, others := "the next start enrolls it again", 2
			if named == "group" {
				back, others = "the next read of the group enrolls it again, within an hour where a daemon runs", 1
			}
			refused := s.syncd("unenroll", "--withdraw", "dave@example.com", "alice@example.com")
			if refused.code != exitUsage || strings.Count(refused.err, back) != others || strings.Count(refused.err, "enrolls it again") != 2 || !strings.Contains(refused.err, "--anyway") || refused.out != "" {
				t.Errorf("%+v", refused)
			}
			if len(s.world.Live()) != 1 || len(s.world.Mails()) != 0 || len(list(t, s.syncd("mailboxes", "--json").out)) != 2 {
				t.Error("something was done all the same")
			}
			plan := s.syncd("unenroll", "--withdraw", "--plan", "dave@example.com")
			if plan.code != 0 || !strings.Contains(plan.err, back) || !strings.Contains(plan.out, "1 events, at most 2 mails; nothing was written") {
				t.Errorf("%+v", plan)
			}
			if plain := s.syncd("unenroll", "dave@example.com"); plain.code != 0 || !strings.Contains(plain.err, back) || plain.out != "unenrolled dave@example.com\n" {
				t.Errorf("%+v", plain)
			}
			dave.Withdrawn(true)
			forced := s.syncd("unenroll", "--withdraw", "--anyway", "dave@example.com")
			if forced.code != 0 || !strings.Contains(forced.err, back) || len(s.world.Live()) != 0 {
				t.Errorf("%+v", forced)
			}
			if got := s.syncd("unenroll", "--anyway", "alice@example.com"); got.code != exitUsage {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestWhomTheConfigurationDoesNotNameIsUnenrolledWithoutAWord(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 452})
	s.world.AddMailbox("bob@example.com")
	s.env["SYNCD_MAILBOXES"] = "alice@example.com,group:" + s.world.AddGroup("alice@example.com")
	if got := s.syncd("enroll", "bob@example.com"); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	if got := s.syncd("unenroll", "bob@example.com"); got.code != 0 || got.err != "" {
		t.Errorf("%+v", got)
	}
	if got := s.syncd("unenroll", "--withdraw", "bob@example.com"); got.code != 0 || strings.Contains(got.err, "enrolls") {
		t.Errorf("%+v", got)
	}
}

func TestAGroupThatCannotBeAskedMayHaveWhoIsUnenrolled(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 453})
	s.realRedis()
	s.sweep()
	s.env["SYNCD_MAILBOXES"] = "group:99999999-0000-4000-8000-000000000000"
	if got := s.syncd("unenroll", "--withdraw", "alice@example.com"); got.code != exitUsage || !strings.Contains(got.err, "may be in group:9999") {
		t.Errorf("%+v", got)
	}
	delete(s.env, "SYNCD_TENANT_ID") // nor is there enough to ask with
	if got := s.syncd("unenroll", "alice@example.com"); got.code != 0 || !strings.Contains(got.err, "may be in group:9999") || !strings.Contains(got.err, "tenant_id") {
		t.Errorf("%+v", got)
	}
}
