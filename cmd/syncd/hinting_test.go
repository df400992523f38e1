package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"syncd/simulator"
)

// hooked is a still fleet of one daemon that is a webhook, which the simulator reaches.
func hooked(t testing.TB, seed uint64, mailboxes int, more map[string]string) *fleet {
	f := newFleet(t, seed, 0, mailboxes)
	// A certificate for 127.0.0.1, and a client that trusts it.
	lent := httptest.NewUnstartedServer(nil)
	lent.StartTLS()
	pair := lent.TLS.Certificates[0]
	f.world.ReachWebhooks(&http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: lent.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}}, Timeout: 10 * time.Second})
	lent.Close()
	f.must(os.WriteFile(f.path("hook.pem"), pemOf(t, pair), 0o600))
	listen := freeAddress(t)
	f.env["SYNCD_SWEEP"], f.env["SYNCD_LISTEN"] = "@every 24h", freeAddress(t)
	f.env["SYNCD_NOTIFICATION_URL"], f.env["SYNCD_WEBHOOK_LISTEN"], f.env["SYNCD_WEBHOOK_CERTIFICATE"] = "https://"+listen+"/graph", listen, f.path("hook.pem")
	for name, value := range more {
		f.env[name] = value
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); f.world.Deliver(ctx, nil) }()
	t.Cleanup(func() { stop(); <-done })
	f.daemons = append(f.daemons, f.start())
	f.eventually("all are subscribed to and swept", func() bool {
		for _, b := range f.boxes {
			if f.generation(b.Address()) != "1" {
				return false
			}
		}
		return f.subscribed() == len(f.boxes)
	})
	return f
}

// pemOf is a certificate with its key as one file.
func pemOf(t testing.TB, pair tls.Certificate) []byte {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
}

// subscribed counts the mailboxes whose subscription is known to live.
func (f *fleet) subscribed() (n int) {
	f.t.Helper()
	got := f.syncd("subscriptions", "--json")
	if got.code != 0 {
		f.t.Fatalf("%+v", got)
	}
	for _, row := range list(f.t, got.out) {
		if row["state"] == "ok" {
			n++
		}
	}
	return n
}

func TestGraphTellsTheWebhookAndStrangersCannot(t *testing.T) {
	t.Parallel()
	f := hooked(t, 41, 3, nil)
	if n := len(f.world.Subscriptions()); n != 3 {
		t.Errorf("%d subscriptions", n)
	}
	f.alice().Create(appointment(9, "@webex:onetime"))
	f.settle("a notification")

	f.eventually("the echo of our own PATCH is over", func() bool { return strings.TrimSpace(f.redis.CLI("XLEN", "syncd:hints")) == "0" })
	before := f.sweeps("m0@example.com")
	forged, err := json.Marshal(map[string]any{"value": []map[string]any{
		{"subscriptionId": f.world.Subscriptions()[1].ID, "clientState": f.world.Mailbox("m0@example.com").ID() + ".guess", "changeType": "updated"},
		{"subscriptionId": f.world.Subscriptions()[1].ID, "clientState": f.world.Mailbox("m0@example.com").ID(), "lifecycleEvent": "subscriptionRemoved"},
	}})
	f.must(err)
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	for range 50 {
		answer, err := client.Post(f.env["SYNCD_NOTIFICATION_URL"], "application/json", bytes.NewReader(forged))
		f.must(err)
		_ = answer.Body.Close()
		if answer.StatusCode != 202 {
			t.Fatalf("a forged one: %d", answer.StatusCode)
		}
	}
	at := f.sweeps("m1@example.com")
	f.redis.CLI("XADD", "syncd:hints", "*", "mailbox", "m1@example.com")
	f.eventually("a later hint is heard", func() bool { return f.sweeps("m1@example.com") > at })
	if n := f.sweeps("m0@example.com") - before; n != 0 {
		t.Errorf("forged hints came to %d sweeps", n)
	}
	_, text := f.get("/metrics")
	for _, want := range []string{`syncd_notifications_total{kind="foreign",source="webhook"} 100`, `syncd_notifications_total{kind="change",source="webhook"}`, `syncd_subscription_requests_total{call="create",result="ok"} 3`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	for _, secret := range []string{f.world.Subscriptions()[0].ClientState, strings.Split(f.world.Subscriptions()[0].ClientState, ".")[1]} {
		if strings.Contains(f.logged()+text+f.redis.CLI("HGETALL", "syncd:{subscriptions}:all")+f.redis.CLI("XRANGE", "syncd:hints", "-", "+"), secret) {
			t.Error("a clientState is shown")
		}
	}
	f.world.Audit(t, f.rest)
}

func TestASubscriptionThatEndedIsMadeAnewAndWhoLeavesHasNone(t *testing.T) {
	t.Parallel()
	f := hooked(t, 42, 3, map[string]string{"SYNCD_LEASE_TTL": "1s"})
	old := f.world.Subscriptions()
	f.redis.CLI("EVAL", `for _, m in ipairs(redis.call('HKEYS', KEYS[1])) do
		redis.call('HSET', KEYS[1], m, (redis.call('HGET', KEYS[1], m):gsub('"expires":"%d+', '"expires":"2001'))) end`, "1", "syncd:{subscriptions}:all") // not made a moment ago
	f.world.Lifecycle("subscriptionRemoved")
	f.eventually("all are subscribed to again", func() bool { return f.subscribed() == 3 && len(f.world.Subscriptions()) == 3 })
	for i, s := range f.world.Subscriptions() {
		if s.ID == old[i].ID {
			t.Errorf("%s is the old one", s.ID)
		}
	}
	f.alice().Create(appointment(9, "@webex:onetime"))
	f.settle("a notification of the new subscription")
	if got := f.syncd("unenroll", "m0@example.com"); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	f.eventually("who left has none", func() bool {
		return len(f.world.Subscriptions()) == 2 && strings.TrimSpace(f.redis.CLI("HLEN", "syncd:{subscriptions}:all")) == "2"
	})
}

// whys are the reasons for the rhythm of a mailbox in the next day.
func (f *fleet) whys(name string) (whys []string, next time.Time) {
	f.t.Helper()
	got := f.syncd("status", name, "--json")
	if got.code != 0 {
		f.t.Fatalf("%+v", got)
	}
	row := list(f.t, got.out)[0]
	for _, phase := range row["schedule"].([]any) {
		whys = append(whys, phase.(map[string]any)["why"].(string))
	}
	text, _ := row["next_at"].(string)
	next, _ = time.Parse(time.RFC3339, text)
	return whys, next
}

func TestAMailboxIsSweptSeldomWhileItsChangesAreHintedAt(t *testing.T) {
	t.Parallel()
	f := hooked(t, 43, 2, map[string]string{"SYNCD_SWEEP": "@every 1s", "SYNCD_SWEEP_HINTED": "@every 12h"})
	last := func(name string) string { whys, _ := f.whys(name); return whys[len(whys)-1] }
	if whys, _ := f.whys("m0@example.com"); strings.Join(whys, " ") != "ordinary hinted" {
		t.Errorf("just subscribed to: %v", whys)
	}
	long := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	f.redis.CLI("EVAL", `for _, m in ipairs(redis.call('HKEYS', KEYS[1])) do
		redis.call('HSET', KEYS[1], m, (redis.call('HGET', KEYS[1], m):gsub('"since":"[^"]*"', '"since":"'..ARGV[1]..'"'))) end`, "1", "syncd:{subscriptions}:all", long)
	f.eventually("one that never changed is swept seldom", func() bool {
		_, next := f.whys("m0@example.com")
		return last("m0@example.com") == "hinted" && time.Until(next) > time.Minute
	})
	f.alice().Create(appointment(9, "@webex:onetime"))
	f.settle("a notification")
	f.eventually("it has the long rhythm after its change", func() bool { return last("alice@example.com") == "hinted" })

	f.world.SetQuirks(func(q *simulator.Quirks) { q.Silent = true })
	e := f.world.Mailbox("m0@example.com").Create(appointment(10, "@webex:onetime"))
	id := f.world.Mailbox("m0@example.com").ID()
	f.eventually("the change is found without a hint", func() bool {
		for i := range 16 { // as if the twelve hours were over
			f.redis.CLI("ZADD", "syncd:due:"+string("0123456789"[i%10])+"", "XX", "0", id)
			f.redis.CLI("ZADD", "syncd:due:1"+string("0123456789"[i%6]), "XX", "0", id)
		}
		return f.world.Check(f.rest) == nil
	})
	f.eventually("one that is silent has the short rhythm", func() bool { return last("m0@example.com") == "ordinary" })
	f.world.SetQuirks(func(q *simulator.Quirks) { q.Silent = false })
	f.must(f.world.Mailbox("m0@example.com").Edit(e.ID, func(d *simulator.Draft) { d.Subject = "Heard" }))
	f.eventually("and the long one when it is heard again", func() bool { return last("m0@example.com") == "hinted" })
	f.settle("the change that was heard")
	f.world.Audit(t, f.rest)
}
