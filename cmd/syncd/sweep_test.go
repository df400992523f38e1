package main

import (
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"syncd/simulator"
)

func TestSweepPrintsTheContractsObject(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 1})
	s.realRedis()
	s.alice().Create(appointment(9, "@webex:onetime"))
	s.alice().Create(appointment(10, "@webex"))
	s.alice().Create(appointment(11, "Room 4"))
	got := s.sweep()
	s.world.Audit(t, s.rest)
	want := map[string]float64{
		"mailboxes": 1, "items": 3, "changed": 2, "created": 1, "updated": 0, "deleted": 0, "patched": 2, "removed_blocks": 0,
		"skipped": 0, "retrying": 0, "failed": 0,
	}
	for name, n := range want {
		if got[name] != n {
			t.Errorf("%s is %v, want %v", name, got[name], n)
		}
	}
	for _, name := range []string{"graph_requests", "webex_requests", "duration_ms"} {
		if n, ok := got[name].(float64); !ok || n <= 0 {
			t.Errorf("%s is %v, want a number above 0", name, got[name])
		}
	}
	reasons, _ := got["reasons"].(map[string]any)
	if reasons["typed"] != 2.0 || reasons["not-asked"] != 1.0 {
		t.Errorf("reasons %v", reasons)
	}
	if _, has := got["plan"]; has {
		t.Error("a plan without --plan")
	}
	s.sweep() // the echo
	again := s.sweep()
	if again["graph_requests"] != 1.0 || again["webex_requests"] != 0.0 || again["items"] != 0.0 {
		t.Errorf("an idle sweep: %v", again)
	}
}

func TestAPlanTellsAndWritesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 2})
	redis := s.realRedis()
	e := s.alice().Create(appointment(9, "@webex:onetime"))
	got := s.sweep("--plan")
	plan, _ := got["plan"].([]any)
	if len(plan) != 1 {
		t.Fatalf("plan %v", got["plan"])
	}
	want := map[string]any{"mailbox": "alice@example.com", "event": e.ID, "action": "create", "reason": "typed", "mails": 2.0}
	if !maps.Equal(plan[0].(map[string]any), want) {
		t.Errorf("planned %v, want %v", plan[0], want)
	}
	if keys := redis.CLI("KEYS", "*"); strings.TrimSpace(keys) != "" {
		t.Errorf("a plan left keys in Redis: %s", keys)
	}
	for _, r := range s.world.Requests() {
		if r.Method != "GET" && r.Call != "Token" {
			t.Errorf("a plan sent %s %s", r.Method, r.Call)
		}
	}
	// Even one that has to ask Webex: a refresh token that it gave could not be kept without a key file.
	if got := s.syncd("unenroll", "--withdraw", "--plan", "alice@example.com"); got.code != 1 || !strings.Contains(got.err, "key file") {
		t.Errorf("%+v", got)
	}
	if n := s.world.Count("AccessToken", ""); n != 0 {
		t.Errorf("a plan fetched %d tokens of Webex", n)
	}
	if _, err := os.Stat(s.path("state/key")); !os.IsNotExist(err) {
		t.Errorf("a plan made a key file: %v", err)
	}
}

func TestOnlyTheNamedMailboxesAreSwept(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 3})
	s.world.AddMailbox("bo@example.com").Create(appointment(9, "@webex"))
	s.env["SYNCD_MAILBOXES"] = "alice@example.com, bo@example.com"
	if got := s.sweep("--mailbox", "alice@example.com"); got["mailboxes"] != 1.0 || got["patched"] != 0.0 {
		t.Errorf("%v", got)
	}
	if got := s.sweep("-m", "ALICE@example.com", "-m", "bo@example.com"); got["mailboxes"] != 2.0 || got["patched"] != 1.0 {
		t.Errorf("%v", got)
	}
	if got := s.syncd("sweep", "--mailbox", "nobody@example.com"); got.code != 2 || !strings.Contains(got.err, "nobody@example.com is not enrolled") {
		t.Errorf("an unknown mailbox: %+v", got)
	}
}

func TestDistributionListsAreLeftOutWhetherNamedOrFound(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 5})
	s.must(os.WriteFile(s.path("lists"), []byte("# ours\nBoard@example.com\n\ndirectory\n"), 0o600))
	s.env["SYNCD_LISTS"] = "@" + s.path("lists")
	s.world.AddList("all@example.com")
	d := appointment(9, "@webex:onetime")
	d.Attendees = []string{"all@example.com", "board@example.com", "bob@example.org"}
	s.alice().Create(d)
	got := s.sweep()
	if reasons := got["reasons"].(map[string]any); reasons["list-left-out"] != 2.0 {
		t.Errorf("%v", got)
	}
	if live := s.world.Live(); len(live) != 1 || !slices.Equal(live[0].Invitees, []string{"bob@example.org"}) {
		t.Errorf("%+v", live)
	}
}

func TestAMailboxThatDoesNotExistIsParkedAndTheOthersGoOn(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 4})
	s.env["SYNCD_MAILBOXES"] = "ghost@example.com,alice@example.com"
	s.alice().Create(appointment(9, "@webex"))
	got := s.syncd("sweep", "--json")
	report := object(t, got.out)
	if got.code != 1 || report["failed"] != 1.0 || report["patched"] != 1.0 {
		t.Errorf("exit code %d, %v\n%s", got.code, report, got.err)
	}
	states := map[string]string{}
	for _, m := range list(t, s.syncd("status", "--json").out) {
		states[m["mailbox"].(string)] = m["state"].(string) + " " + m["reason"].(string)
	}
	want := map[string]string{"ghost@example.com": "parked no-mailbox", "alice@example.com": "ok "}
	if !maps.Equal(states, want) {
		t.Errorf("states %v, want %v", states, want)
	}
	s.world.AddMailbox("ghost@example.com")
	s.sweep()
}

func TestStatusCursorsAndMailboxesPrintTheContractsLists(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 5})
	s.sweep()
	id := s.alice().ID()
	members := func(m map[string]any) string { return strings.Join(slices.Sorted(maps.Keys(m)), " ") }

	status := list(t, s.syncd("status", "--json").out)
	if len(status) != 1 || members(status[0]) != "held_removals id mailbox next_at reason retrying state swept_at" {
		t.Fatalf("status %v", status)
	}
	if status[0]["state"] != "ok" || status[0]["id"] != id || status[0]["swept_at"] == nil || status[0]["next_at"] == nil {
		t.Errorf("status %v", status)
	}
	cursors := list(t, s.syncd("cursors", "--json", "alice@example.com").out)
	if len(cursors) != 1 || members(cursors[0]) != "changed_at generation id link mailbox swept_at window_end window_start" {
		t.Fatalf("cursors %v", cursors)
	}
	if cursors[0]["generation"] != 1.0 || !strings.HasPrefix(cursors[0]["link"].(string), s.server.GraphURL) {
		t.Errorf("cursors %v", cursors)
	}
	mailboxes := list(t, s.syncd("mailboxes", "--json").out)
	if len(mailboxes) != 1 || !maps.Equal(mailboxes[0], map[string]any{"mailbox": "alice@example.com", "id": id}) {
		t.Errorf("mailboxes %v", mailboxes)
	}
}

func TestEnrollAndUnenroll(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 6})
	s.env["SYNCD_MAILBOXES"] = ""
	s.world.AddMailbox("bo@example.com")
	if got := s.syncd("enroll", "alice@example.com", "bo@example.com"); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	if got := s.syncd("enroll", "ghost@example.com"); got.code != 1 || !strings.Contains(got.err, "ghost@example.com") {
		t.Errorf("a mailbox that does not exist: %+v", got)
	}
	if got := s.syncd("unenroll", "bo@example.com"); got.code != 0 {
		t.Errorf("%+v", got)
	}
	if got := list(t, s.syncd("mailboxes", "--json").out); len(got) != 1 || got[0]["mailbox"] != "alice@example.com" {
		t.Errorf("enrolled: %v", got)
	}
}

// A short one is waited for in place, by whoever comes.
func TestAShortRetryAfterOfWebexBindsTheNextProcess(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 469})
	redis := s.realRedis()
	s.env["SYNCD_LEASE_TTL"] = "1s"
	s.alice().Create(appointment(9, "@webex:onetime"))
	s.world.Fault(simulator.Rule{Call: "CreateMeeting", Times: 1, Fault: simulator.Refuse(429, "", "5")})
	first := s.command("sweep")
	s.must(first.Start())
	s.until(func() error {
		if text := redis.CLI("GET", "syncd:webex:next_at"); !strings.Contains(text, "T") {
			return errors.New(text)
		}
		return nil
	}, "it is remembered")
	s.must(first.Process.Kill())
	_ = first.Wait()
	if report := s.sweep(); report["created"] != 1.0 {
		t.Errorf("%v", report)
	}
	s.must(s.world.CheckAlways()) // nobody asked before its time
	if n := s.world.Count("CreateMeeting", ""); n != 2 {
		t.Errorf("asked %d times for a meeting", n)
	}
}

func TestARetryAfterBindsTheNextProcess(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 7})
	s.sweep()
	s.world.Fault(simulator.Rule{Call: "DeltaResume", Fault: simulator.Refuse(429, "", "3600")})
	if got := s.syncd("sweep", "--json"); got.code != 1 || object(t, got.out)["reasons"].(map[string]any)["throttled"] != 1.0 {
		t.Fatalf("%+v", got)
	}
	s.world.Heal()
	s.world.ClearRequests()
	if got := s.syncd("sweep", "--json"); got.code != 1 || !strings.Contains(got.out, `"throttled":1`) {
		t.Errorf("%+v", got)
	}
	if n := s.world.Count("Delta*", ""); n != 0 {
		t.Errorf("asked %d times before the time was over", n)
	}
	if got := list(t, s.syncd("status", "--json").out); got[0]["reason"] != "throttled" || got[0]["next_at"] == nil {
		t.Errorf("status %v", got)
	}
}
