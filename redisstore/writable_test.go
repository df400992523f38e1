package redisstore

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"syncd/redisstore/redistest"
	"syncd/schedules"
)

func TestAReplicaAndAFullServerAreToldFromOneThatTakesWrites(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	q := openAt(t, server.URL, time.Minute).Queue()
	says := func(want string) {
		t.Helper()
		switch err := q.Writable(t.Context()); {
		case want == "" && err != nil, want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%v, want %q", err, want)
		case want != "" && errors.Is(err, ErrDown):
			t.Errorf("%v: it does answer", err)
		}
	}
	says("")
	server.CLI("REPLICAOF", "127.0.0.1", "1")
	says("READONLY")
	server.CLI("REPLICAOF", "NO", "ONE")
	server.CLI("CONFIG", "SET", "maxmemory", "1")
	says("OOM")
	server.CLI("CONFIG", "SET", "maxmemory", "0")
	says("")
	server.Kill()
	if err := q.Writable(t.Context()); !errors.Is(err, ErrDown) {
		t.Errorf("%v", err)
	}
}

func TestWhatRefusesWritesIsToldFromAKeyOfAnotherType(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := openAt(t, server.URL, time.Minute)
	q := s.Queue()
	says := func(writes bool, want string) {
		t.Helper()
		err := q.Writable(t.Context())
		if err == nil || errors.Is(err, ErrNoWrites) == writes || errors.Is(err, ErrDown) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	server.CLI("SET", s.schema.due(schedules.Ordinary, 3), "x")
	says(true, "syncd:due:3: WRONGTYPE")
	for _, refusal := range []struct{ begin, end []string }{
		{[]string{"REPLICAOF", "127.0.0.1", "1"}, []string{"REPLICAOF", "NO", "ONE"}},
		{[]string{"CONFIG", "SET", "maxmemory", "1"}, []string{"CONFIG", "SET", "maxmemory", "0"}},
		{[]string{"CONFIG", "SET", "min-replicas-to-write", "1"}, []string{"CONFIG", "SET", "min-replicas-to-write", "0"}},
	} {
		server.CLI(refusal.begin...)
		says(false, "redis takes no writes: ")
		server.CLI(refusal.end...)
		says(true, "WRONGTYPE")
	}
	server.CLI("DEL", s.schema.due(schedules.Ordinary, 3))
	if err := q.Writable(t.Context()); err != nil {
		t.Error(err)
	}
}

// said is what a server says.
type said string

func (s said) Error() string { return string(s) }
func (said) RedisError()     {}

func TestTheWordsByWhichAServerRefusesWritesAreKnown(t *testing.T) {
	t.Parallel()
	for words, refuses := range map[said]bool{
		"READONLY You can't write against a read only replica.":                                            true,
		"OOM command not allowed when used memory > 'maxmemory'.":                                          true,
		"MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.": true,
		"NOREPLICAS Not enough good replicas to write.":                                                    true,
		"WRONGTYPE Operation against a key holding the wrong kind of value":                                false,
		"NOPERM this user has no permissions to run the 'zadd' command":                                    false,
		"ERR max number of clients reached":                                                                false,
	} {
		if got := refusesWrites(words); got != refuses {
			t.Errorf("%s: %t", words, got)
		}
	}
}

func TestOneFullServerOfAClusterIsFound(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t, 3, 0)
	q := openAt(t, cluster.URL, time.Minute).Queue()
	if err := q.Writable(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, node := range cluster.Nodes {
		redistest.CLI(t, "-u", node.URL, "CONFIG", "SET", "maxmemory", "1")
		if err := q.Writable(t.Context()); err == nil || !strings.Contains(err.Error(), "OOM") {
			t.Errorf("with %s full: %v", node.Addr, err)
		}
		redistest.CLI(t, "-u", node.URL, "CONFIG", "SET", "maxmemory", "0")
	}
}

func TestAskingWhetherThereMayBeWritesChangesNothing(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]Options{
		"redis": {URL: redistest.Start(t).URL}, "embedded": {URL: "embedded", StateDir: filepath.Join(stateDir(t), "state"), Serve: true},
	} {
		options.LeaseTTL, options.Log = time.Minute, zerolog.Nop()
		s := mustOpen(t, options)
		q := s.Queue()
		look := func(want ...string) {
			t.Helper()
			if err := q.Writable(t.Context()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if keys := must[[]string](t)(s.rdb.Keys(t.Context(), "*").Result()); len(keys) != len(want) {
				t.Errorf("%s: there is %q", name, keys)
			}
		}
		look()
		if _, _, err := q.Fill(t.Context(), []string{"id"}, func(string) time.Duration { return -time.Second }); err != nil {
			t.Fatal(err)
		}
		look("one")
		taken := must[schedules.Taken](t)(q.Take(t.Context(), schedules.Full, 10, time.Minute))
		if len(taken.Jobs) != 1 || taken.Jobs[0].Mailbox != "id" {
			t.Errorf("%s: %+v", name, taken)
		}
		mustClose(t, s)
	}
}
