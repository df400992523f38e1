package main

import (
	"strings"
	"testing"

	"syncd/redisstore/redistest"
	"syncd/simulator"
)

// dave has three addresses, and a user name that is none of the first two.
func (s *site) dave() *simulator.Mailbox {
	if m := s.world.Mailbox("dave@example.com"); m != nil {
		return m
	}
	return s.world.AddMailbox("dave@example.com", simulator.WithUPN("d123@corp.example.com"), simulator.WithAliases("dave.alias@example.com"))
}

func (s *site) wantEnrolled(redis *redistest.Server, want ...string) {
	s.t.Helper()
	rows := strings.Fields(redis.CLI("HGETALL", "syncd:mailboxes"))
	if len(rows) != len(want) {
		s.t.Errorf("enrolled: %v, want %v", rows, want)
		return
	}
	for i := range want {
		if rows[i] != want[i] {
			s.t.Errorf("enrolled: %v, want %v", rows, want)
		}
	}
}

func TestAMailboxIsEnrolledByAnyOfItsAddressesAndFoundByThatAndItsOwn(t *testing.T) {
	t.Parallel()
	for name, said := range map[string]string{
		"Dave@example.com":       "enrolled dave@example.com\n",
		"dave.alias@example.com": "enrolled dave@example.com, which is the address of dave.alias@example.com\n",
		"d123@corp.example.com":  "enrolled dave@example.com, which is the address of d123@corp.example.com\n",
		"id":                     "enrolled dave@example.com, which is the address of ",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, simulator.Options{Seed: 441})
			redis := s.realRedis()
			dave, name := s.dave(), name
			if name == "id" {
				name, said = strings.ToUpper(dave.ID()), said+dave.ID()+"\n"
			}
			s.env["SYNCD_MAILBOXES"] = ""
			e := dave.Create(appointment(9, "@webex:onetime"))
			if got := s.syncd("enroll", name); got.code != 0 || got.out != said {
				t.Errorf("%+v", got)
			}
			if got := s.syncd("enroll", name); got.code != 0 || got.out != said {
				t.Errorf("said again: %+v", got)
			}
			s.wantEnrolled(redis, "dave@example.com", dave.ID())
			for _, args := range [][]string{
				{"sweep", "-m", name}, {"status", name}, {"cursors", name}, {"resync", name}, {"explain", name, e.ID}, {"subscriptions", name},
				{"sweep", "-m", "dave@example.com"}, {"status", "dave@example.com"}, {"unenroll", name},
			} {
				if got := s.syncd(args...); got.code != 0 || !strings.Contains(got.out, "dave@example.com") && args[0] != "sweep" && args[0] != "explain" {
					t.Errorf("%v: %+v", args, got)
				}
			}
			if got := s.syncd("status", name); got.code != exitUsage || !strings.Contains(got.err, "is not enrolled") {
				t.Errorf("%+v", got)
			}
			s.wantEnrolled(redis)
			if left := redis.CLI("KEYS", "*aliases"); strings.TrimSpace(left) != "" {
				t.Errorf("left: %s", left)
			}
		})
	}
}

func TestConfiguredAddressesAreLookedUpOnceAndNobodyIsEnrolledTwice(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 442})
	redis := s.realRedis()
	dave := s.dave()
	s.env["SYNCD_MAILBOXES"] = "dave.alias@example.com,d123@corp.example.com,dave@example.com," + dave.ID()
	dave.Create(appointment(9, "@webex:onetime"))
	if got := s.sweep("--plan"); got["mailboxes"].(float64) < 1 || got["failed"] != 0.0 {
		t.Errorf("a plan: %v", got)
	}
	if got := s.sweep(); got["mailboxes"] != 1.0 || got["created"] != 1.0 {
		t.Errorf("%v", got)
	}
	s.wantEnrolled(redis, "dave@example.com", dave.ID())
	s.sweep()
	before := s.world.Count("*User*", "")
	if got := s.sweep(); got["graph_requests"] != 1.0 {
		t.Errorf("an idle sweep: %v", got)
	}
	if n := s.world.Count("*User*", "") - before; n != 0 {
		t.Errorf("%d look-ups", n)
	}
	// One that is enrolled already keeps the address that it has.
	redis.CLI("FLUSHALL")
	redis.CLI("HSET", "syncd:mailboxes", "d123@corp.example.com", dave.ID())
	s.sweep()
	s.wantEnrolled(redis, "d123@corp.example.com", dave.ID())
}

func TestAnAddressThatIsFoundOnlyLaterLeavesNoOtherMailboxBehind(t *testing.T) {
	t.Parallel()
	for _, by := range []string{"alias", "id"} {
		t.Run(by, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, simulator.Options{Seed: 443})
			redis := s.realRedis()
			dave := s.dave()
			name := map[string]string{"alias": "dave.alias@example.com", "id": dave.ID()}[by]
			s.env["SYNCD_MAILBOXES"] = name
			dave.Vanish()
			dave.Create(appointment(9, "@webex:onetime"))
			if got := s.syncd("sweep"); got.code != exitFailed {
				t.Errorf("%+v", got)
			}
			s.wantStatus(name, "parked", "no-mailbox")
			if rows := list(t, s.syncd("mailboxes", "--json").out); len(rows) != 1 || rows[0]["id"] != "" {
				t.Errorf("nobody was found, and enrolled is %v", rows)
			}
			dave.Restore()
			s.sweep()
			s.wantEnrolled(redis, "dave@example.com", dave.ID())
			s.wantStatus("dave@example.com", "ok", "")
		})
	}
}

func TestWhatCannotNameAMailboxIsAUsageError(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 444})
	for _, args := range [][]string{
		{"enroll", ""}, {"enroll", "alice"}, {"enroll", "alice@example.com", ""}, {"unenroll", ""}, {"unenroll", "--withdraw", ""}, {"status", ""},
	} {
		if got := s.syncd(args...); got.code != exitUsage || got.err == "" {
			t.Errorf("%q: %+v", args, got)
		}
	}
	if n := s.world.Count("*", ""); n != 0 {
		t.Errorf("%d requests", n)
	}
}

// The old mailbox is gone, and its address is another one's: by the configuration that is the one that is meant.
func TestAMailboxThatWasMadeAnewUnderItsAddressIsServedAgain(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"alice@example.com", "alice.alias@example.com", "by hand", "id"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, simulator.Options{Seed: 446})
			redis := s.realRedis()
			old := s.world.AddMailbox("alice2@example.com", simulator.WithAliases("alice.alias@example.com"))
			if name == "alice@example.com" {
				old = s.alice()
			}
			s.env["SYNCD_MAILBOXES"] = name
			switch name {
			case "by hand":
				s.env["SYNCD_MAILBOXES"] = ""
				s.syncd("enroll", "alice2@example.com")
			case "id":
				s.env["SYNCD_MAILBOXES"] = old.ID()
			}
			s.sweep()
			old.Vanish()
			for range 2 { // with nobody in its place it is just gone
				if got := s.syncd("sweep"); got.code != exitFailed {
					t.Errorf("%+v", got)
				}
			}
			s.wantStatus(old.Address(), "parked", "no-mailbox")
			anew := s.world.AddMailbox(old.Address(), simulator.WithID("33333333-0000-4000-8000-000000000000"), simulator.WithAliases("alice.alias@example.com"))
			anew.Create(appointment(9, "@webex:onetime"))
			got := s.syncd("sweep", "--json")
			report := object(t, got.out)
			if name == "by hand" || name == "id" {
				if got.code != exitFailed || report["created"] != 0.0 {
					t.Errorf("who was meant in person: %+v", got)
				}
				return
			}
			if got.code != 0 || report["created"] != 1.0 || !strings.Contains(got.err, "made anew") {
				t.Errorf("%+v", got)
			}
			s.wantEnrolled(redis, anew.Address(), anew.ID())
			if left := strings.TrimSpace(redis.CLI("KEYS", "syncd:{"+old.ID()+"}:cursor")); left != "" {
				t.Errorf("left: %s", left)
			}
			if got := s.sweep("-m", strings.Replace(name, "by hand", "", 1)); got["graph_requests"] != 1.0 {
				t.Errorf("%v", got)
			}
		})
	}
}

func TestDoctorFindsAMailboxByAnyOfItsAddresses(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 445})
	s.dave()
	for _, name := range []string{"dave@example.com", "dave.alias@example.com"} {
		c := s.doctor("--mailbox", name)
		c.want("permission to find mailboxes", "ok", name+" was found")
		c.want("permission for calendars", "ok", "granted")
	}
	s.doctor("--mailbox", "nobody@example.com").want("permission to find mailboxes", checkFailed, "is not in the directory")
}

// Somebody is renamed, and a newcomer gets the address that he had.
func TestWhoeverGetsAnAddressThatAnotherHadIsServedAndSoIsTheOther(t *testing.T) {
	t.Parallel()
	for _, by := range []string{"group", "hand"} {
		for _, gone := range []bool{false, true} {
			s := newSite(t, simulator.Options{Seed: 447})
			redis := s.realRedis()
			ada := s.world.AddMailbox("ada@example.com")
			group := s.world.AddGroup("ada@example.com")
			s.env["SYNCD_MAILBOXES"] = ""
			enroll := func() { s.syncd("enroll", "ada@example.com") }
			if by == "group" {
				s.env["SYNCD_MAILBOXES"] = "group:" + group
				enroll = func() {}
			}
			e := ada.Create(appointment(9, "@webex:onetime"))
			enroll()
			s.sweep()
			ada.Rename("ada.new@example.com")
			ada.GiveAway("ada@example.com")
			s.world.RenameWebexUser("ada@example.com", "ada.new@example.com")
			members := []string{"ada@example.com", "ada.new@example.com"}
			if gone {
				ada.Vanish()
				members = members[:1]
			}
			newcomer := s.world.AddMailbox("ada@example.com")
			s.world.SetGroup(group, members...)
			own := newcomer.Create(appointment(11, "@webex"))
			enroll()
			s.syncd("sweep")
			want := []string{"ada@example.com", newcomer.ID()}
			if !gone {
				want = append(want, "ada.new@example.com", ada.ID())
			}
			s.wantEnrolled(redis, want...)
			if newcomer.Block(own.ID) == "" || len(s.world.Live()) != 1 {
				t.Errorf("by %s, gone %v: the newcomer has %q, and %d meetings live", by, gone, newcomer.Block(own.ID), len(s.world.Live()))
			}
			if gone {
				continue
			}
			before := s.world.Count("PatchEvent", "")
			s.must(ada.Edit(e.ID, func(d *simulator.Draft) { d.Subject = "Another" }))
			s.syncd("sweep")
			if live := s.world.Live(); len(live) != 1 || live[0].Title != "Another" || s.world.Count("PatchEvent", "") != before {
				t.Errorf("by %s: %+v", by, live)
			}
		}
	}
}
