package main

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"syncd/redisstore/redistest"
	"syncd/simulator"
)

// still is a fleet whose ordinary sweeps do not come.
func still(t *testing.T, seed uint64, daemons, mailboxes int) *fleet {
	f := newFleet(t, seed, 0, mailboxes)
	f.env["SYNCD_SWEEP"] = "@every 24h"
	f.env["SYNCD_LISTEN"] = freeAddress(t)
	for i := range daemons {
		if i > 0 {
			f.env["SYNCD_LISTEN"] = "127.0.0.1:0"
		}
		f.daemons = append(f.daemons, f.start())
	}
	f.asked()
	redistest.Eventually(t, "all are done with their first round", func() error {
		for _, b := range f.boxes {
			if f.generation(b.Address()) != "1" {
				return errors.New("not yet")
			}
		}
		return nil
	})
	return f
}

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// generation is how many full rounds a mailbox had.
func (f *fleet) generation(address string) string {
	id := strings.TrimSpace(f.redis.CLI("HGET", "syncd:mailboxes", address))
	return strings.TrimSpace(f.redis.CLI("HGET", "syncd:{"+id+"}:cursor", "generation"))
}

func (f *fleet) eventually(what string, holds func() bool) {
	f.t.Helper()
	redistest.Eventually(f.t, what, func() error {
		if !holds() {
			return errors.New("not yet")
		}
		return nil
	})
}

// sweeps counts the rounds that were asked for of a mailbox.
func (f *fleet) sweeps(address string) int {
	return f.world.Count("DeltaStart", address) + f.world.Count("DeltaResume", address)
}

func TestAHintIsSweptAtOnceAndAFloodOfThemOnce(t *testing.T) {
	t.Parallel()
	f := still(t, 11, 2, 3)
	f.alice().Create(appointment(9, "@webex:onetime"))
	f.redis.CLI("XADD", "syncd:hints", "*", "mailbox", " Alice@Example.com ")
	f.settle("a hint")

	const flooded, marker = "m0@example.com", "m1@example.com"
	before := f.sweeps(flooded)
	f.redis.CLI("EVAL", `
		local long = string.rep('x', 100000)
		for i = 1, 100000 do redis.call('XADD', 'syncd:hints', '*', 'mailbox', 'm0@example.com', 'from', 'graph') end
		for i = 1, 20000 do redis.call('XADD', 'syncd:hints', '*', 'mailbox', 'foreign' .. i .. '@example.org') end
		for i = 1, 100 do redis.call('XADD', 'syncd:hints', '*', 'mailbox', long) end
		redis.call('XADD', 'syncd:hints', '*', 'post', 'm0@example.com', 'mailbox', '')
		return 1`, "0")
	f.eventually("all hints are read", func() bool { return strings.TrimSpace(f.redis.CLI("XLEN", "syncd:hints")) == "0" })
	f.eventually("the flooded one is swept", func() bool { return f.sweeps(flooded) > before })
	at := f.sweeps(marker)
	f.redis.CLI("XADD", "syncd:hints", "*", "mailbox", marker)
	f.eventually("a later hint is heard", func() bool { return f.sweeps(marker) > at })
	if n := f.sweeps(flooded) - before; n > 2 {
		t.Errorf("a flood of hints came to %d sweeps", n)
	}
	f.eventually("the log tells of foreign names, once", func() bool { return strings.Contains(f.logged(), "hints name mailboxes") })
	if n := strings.Count(f.logged(), "hints name mailboxes"); n > 2 { // each of the daemons may
		t.Errorf("the log tells %d times of foreign names", n)
	}
	f.world.Audit(t, f.rest)
}

func TestAResyncOfWhatIsBeingSweptIsNotLost(t *testing.T) {
	t.Parallel()
	f := still(t, 12, 2, 2)
	const name = "m0@example.com"
	var once sync.Once
	f.world.OnRequest(func(r simulator.Request) {
		if r.Mailbox == name && r.Call == "DeltaStart" {
			once.Do(func() { // while the first is being served
				f.redis.CLI("XADD", "syncd:resync", "*", "mailbox", name)
				f.eventually("the request is passed on", func() bool { return strings.TrimSpace(f.redis.CLI("XLEN", "syncd:resync")) == "0" })
			})
		}
	})
	f.redis.CLI("XADD", "syncd:resync", "*", "mailbox", name)
	f.eventually("both resyncs are served", func() bool { return f.generation(name) == "3" })
}

func TestResyncOfAllIsFollowedToItsEnd(t *testing.T) {
	t.Parallel()
	f := still(t, 13, 2, 40)
	got := f.syncd("resync", "--all", "--wait")
	if got.code != 0 || strings.Count(got.out, "resynced, state ok") != 40 || !strings.Contains(got.err, "40 of 40 done") {
		t.Errorf("%+v", got)
	}
	for _, b := range f.boxes {
		if n := f.generation(b.Address()); n != "2" {
			t.Errorf("%s had %s full rounds", b.Address(), n)
		}
	}
	if n := f.sweeps("m7@example.com"); n > 3 {
		t.Errorf("one mailbox was swept %d times", n)
	}
}

// get asks the first daemon's pages.
func (f *fleet) get(path string) (status int, body string) {
	f.t.Helper()
	client := http.Client{Timeout: 5 * time.Second}
	defer client.CloseIdleConnections()
	answer, err := client.Get("http://" + f.env["SYNCD_LISTEN"] + path)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	f.must(err)
	return answer.StatusCode, string(raw)
}

func TestMetricsAndReadinessTellOfTheDaemonAndNotOfPeople(t *testing.T) {
	t.Parallel()
	f := still(t, 14, 1, 3)
	f.alice().Create(appointment(9, "@webex:onetime"))
	f.redis.CLI("XADD", "syncd:hints", "*", "mailbox", "alice@example.com")
	f.settle("a hint")
	var text string
	f.eventually("the sweeps are counted", func() bool {
		_, text = f.get("/metrics")
		return strings.Contains(text, `syncd_decisions_total{action="link",reason="typed",result="ok"} 1`) || strings.Contains(text, `reason="typed",result="ok"} 1`)
	})
	for _, want := range []string{`syncd_sweeps_total{result="ok"}`, "syncd_mailboxes 3", "syncd_hints_total 1", `syncd_requests_total{vendor="graph"}`, "syncd_sweep_seconds_bucket"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	for _, secret := range append(f.world.Secrets(), "@example", "alice", "Planning", "guest") {
		if strings.Contains(text, secret) {
			t.Errorf("metrics tell of %q", secret)
		}
	}
	if status, body := f.get("/readyz"); status != 200 {
		t.Errorf("ready: %d %s", status, body)
	}
	f.redis.Kill()
	f.eventually("/readyz says that Redis is down", func() bool {
		status, body := f.get("/readyz")
		return status == 503 && strings.Contains(body, "redis does not answer")
	})
	if status, _ := f.get("/healthz"); status != 200 {
		t.Errorf("not alive: %d", status)
	}
	f.redis.Run()
	f.redis.Freeze()
	if status, body := f.get("/readyz"); status != 503 {
		t.Errorf("with a frozen Redis: %d %s", status, body)
	}
	f.redis.Thaw()
	f.eventually("it is ready again", func() bool { status, _ := f.get("/readyz"); return status == 200 })
	f.alice().Create(appointment(11, "@webex:onetime"))
	f.settle("Redis came back empty")
}

func TestADaemonThatFindsNoRedisWaitsForIt(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 15, 0, 2)
	f.redis.Kill()
	f.env["SYNCD_LISTEN"] = freeAddress(t)
	f.alice().Create(appointment(9, "@webex:onetime"))
	f.daemons = append(f.daemons, f.start())
	f.eventually("it says so", func() bool { status, body := f.get("/readyz"); return status == 503 && strings.Contains(body, "redis") })
	if status, _ := f.get("/healthz"); status != 200 {
		t.Errorf("not alive: %d", status)
	}
	f.eventually("the log says so", func() bool { return strings.Contains(f.logged(), "waiting for Redis") })
	f.redis.Run()
	f.settle("Redis came")
	if status, _ := f.get("/readyz"); status != 200 {
		t.Errorf("not ready: %d", status)
	}
	if got := strings.Count(f.logged(), "waiting for Redis"); got != 1 {
		t.Errorf("said %d times", got)
	}
}

func TestADaemonThatIsStoppedWhileItWaitsForRedisEndsLikeAnyOther(t *testing.T) {
	t.Parallel()
	for what, trouble := range map[string]func(f *fleet) (said string){
		"down":   func(f *fleet) string { f.redis.Kill(); return "waiting for Redis" },
		"paused": func(f *fleet) string { f.redis.CLI("CLIENT", "PAUSE", "60000"); return "syncd serves" },
		"frozen": func(f *fleet) string { f.redis.Freeze(); return "syncd serves" },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			f := newFleet(t, 16, 0, 1)
			said := trouble(f)
			if what == "frozen" {
				t.Cleanup(f.redis.Thaw)
			}
			daemon := f.start()
			f.until(func() error {
				if !strings.Contains(f.logged(), said) {
					return errors.New("not yet")
				}
				return nil
			}, "it waits for Redis") // without asking Redis, nor waiting for answers of the simulator
			f.must(daemon.Process.Signal(syscall.SIGTERM))
			if err := daemon.Wait(); err != nil || !strings.Contains(f.logged(), "syncd stopped") || strings.Contains(f.logged(), "syncd: ") {
				t.Errorf("%v\n%s", err, f.logged())
			}
		})
	}
}
