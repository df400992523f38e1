package sweep_test

import (
	"fmt"
	"hash/crc32"
	"testing"
	"time"

	"syncd/simulator"
)

// faults are the ways in which a single call can go wrong.
func faults() map[string]simulator.Fault {
	out := map[string]simulator.Fault{
		"lost": simulator.Lose(), "unheard": simulator.Unheard(), "truncated": simulator.Truncate(),
		"HTML with 200": simulator.HTML(200), "HTML with 503": simulator.HTML(503), "HTML with 404": simulator.HTML(404),
		"slow": simulator.Delay(20 * time.Second), "too slow": simulator.Delay(3 * time.Minute),
		"429 at once": simulator.Refuse(429, "", "1"), "429 fractional": simulator.Refuse(429, "", "2.128"),
		"429 later": simulator.Refuse(429, "", "120"), "503 later": simulator.Refuse(503, "", "45"),
		"redirect": simulator.Redirect(simulator.ForeignURL + "/v1.0/me"),
	}
	for _, status := range []int{400, 401, 403, 404, 409, 410, 412, 423, 429, 500, 502, 503, 504, 507, 509} {
		out[fmt.Sprint(status)] = simulator.Refuse(status, "", "")
		if status >= 500 {
			out[fmt.Sprint(status, " but done")] = simulator.Refuse(status, "", "").Applied()
		}
	}
	return out
}

// remoteCalls are the calls of a first sweep and of a busy one.
var (
	firstCalls = []string{"DeltaStart", "GetUser", "GetMailboxSettings", "PersonalRoom", "GetEvent", "PatchEvent", "ListMeetings", "CreateMeeting"}
	laterCalls = []string{
		"DeltaResume", "GetEvent", "PatchEvent", "ListMeetings", "GetMeeting", "CreateMeeting", "PatchMeeting", "DeleteMeeting",
	}
)

func TestAFaultOfAnyCallOfAFirstSweepIsMadeGood(t *testing.T) {
	t.Parallel()
	eachFault(t, firstCalls, func(r *rig, strike func()) {
		fill(r)
		strike()
	})
}

func TestAFaultOfAnyCallOfABusySweepIsMadeGood(t *testing.T) {
	t.Parallel()
	eachFault(t, laterCalls, func(r *rig, strike func()) {
		busy(r)
		strike()
	})
}

// eachFault runs a story with each fault of each call, once at the first such call and once at the second. Faults that end a
// sweep, those of the calendar's own rounds, come once.
func eachFault(t *testing.T, calls []string, story func(r *rig, strike func())) {
	for _, call := range calls {
		for name, fault := range faults() {
			for nth := 1; nth <= 2; nth++ {
				row := fmt.Sprintf("%s/%s/%d", call, name, nth)
				if nth == 2 && oncePerSweep[call] || crc32.ChecksumIEEE([]byte(row))%thin != 0 {
					continue
				}
				t.Run(row, func(t *testing.T) {
					inBubble(t, simulator.Options{Seed: 7}, func(r *rig) {
						story(r, func() { r.strike(call, fault, nth) })
						r.pass(10 * time.Minute)
						r.settled()
					})
				})
			}
		}
	}
}

var oncePerSweep = map[string]bool{
	"DeltaStart": true, "DeltaResume": true, "GetUser": true, "GetMailboxSettings": true, "PersonalRoom": true, "GetMeeting": true,
	"GetMe": true, "PutRoom": true, "ListMemberships": true, "ListInvitees": true, "CreateInvitees": true, "DeleteInvitee": true, "DeleteMembership": true,
}

// strike sweeps once with a fault at the n-th call of a kind. Whatever it does, the promises that hold at any time must hold.
func (r *rig) strike(call string, fault simulator.Fault, nth int) {
	r.t.Helper()
	rule := r.world.Fault(simulator.Rule{Call: call, Nth: nth, Fault: fault})
	_, _ = r.trySweep(r.t.Context())
	if rule.Hits() == 0 {
		r.t.Errorf("there was no %s to strike", call)
	}
	r.world.Heal()
	if err := r.world.CheckAlways(); err != nil {
		r.t.Error(err)
	}
}
