package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"syncd/hints/hubtest"
	"syncd/simulator"
)

func TestGraphTellsByWayOfAnEventHub(t *testing.T) {
	t.Parallel()
	hub := hubtest.Start(t, "SharedAccessSignature")
	f := newFleet(t, 44, 0, 2)
	f.env["SYNCD_SWEEP"], f.env["SYNCD_SWEEP_HINTED"], f.env["SYNCD_LISTEN"] = "@every 12h", "@every 24h", freeAddress(t)
	f.env["SYNCD_NOTIFICATION_URL"] = "EventHub:https://hints.servicebus.windows.net/eventhubname/hub1?tenantId=example.com"
	f.env["SYNCD_EVENTHUB_CONNECTION"], f.env["SYNCD_EVENTHUB_TRANSPORT"] = hub.Connection("c2VjcmV0"), "amqp"
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		n := 0
		f.world.Deliver(ctx, func(m simulator.Notification) { n++; hub.Send(n%hubtest.Partitions, m.Payload) })
	}()
	t.Cleanup(func() { stop(); <-done })
	f.daemons = append(f.daemons, f.start())
	f.eventually("all are subscribed to and swept", func() bool {
		return f.generation("alice@example.com") == "1" && f.generation("m0@example.com") == "1" && f.subscribed() == 2
	})
	hub.Await("attach", hubtest.Partitions)
	f.eventually("the hub is read", func() bool { return strings.TrimSpace(f.redis.CLI("EXISTS", "syncd:{subscriptions}:read")) == "1" })
	f.alice().Create(appointment(9, "@webex:onetime"))
	f.settle("a notification through the hub")
	forged, err := json.Marshal(map[string]any{"value": []any{map[string]any{"clientState": f.world.Mailbox("m0@example.com").ID() + ".guess", "changeType": "updated"}}})
	f.must(err)
	before := f.sweeps("m0@example.com")
	for range 100 {
		hub.Send(0, forged)
	}
	f.eventually("forged ones are counted", func() bool {
		_, text := f.get("/metrics")
		return strings.Contains(text, `syncd_notifications_total{kind="foreign",source="eventhub"} 100`)
	})
	if n := f.sweeps("m0@example.com") - before; n != 0 {
		t.Errorf("forged hints came to %d sweeps", n)
	}
	if kept := f.redis.CLI("HGETALL", "syncd:eventhub:"+strings.ToLower(hub.Addr)+"/hub1/$default"); !strings.Contains(kept, "checkpoint 0") || !strings.Contains(kept, "owner 1") {
		t.Errorf("kept in Redis: %s", kept)
	}
	hub.Drop()
	f.world.Mailbox("m0@example.com").Create(appointment(10, "@webex:onetime"))
	f.settle("a lost connection")
	f.redis.CLI("FLUSHALL") // P10, P8: adopted again, and read from some minutes ago
	f.eventually("all are adopted", func() bool { return f.subscribed() == 2 })
	f.alice().Create(appointment(11, "@webex:onetime"))
	f.settle("Redis was emptied")
	if n := len(f.world.Subscriptions()); n != 2 {
		t.Errorf("%d subscriptions", n)
	}
	if strings.Contains(f.logged(), "c2VjcmV0") {
		t.Error("the key is in the log")
	}
	f.world.Audit(t, f.rest)
}
