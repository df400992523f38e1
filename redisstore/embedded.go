package redisstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"
	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"
)

// Embedded is a Redis within this process, for an installation of one daemon and up to some 10,000 mailboxes. It is served
// to other commands, and to redis-cli -s, on a socket in the state folder, and written to a file there. What a crash takes from
// it costs a full round, and no more; of what was enrolled by hand since the last snapshot it can take the whole.
//
// What it costs, measured on a 2.5 GHz Xeon with twenty meetings in each mailbox (BenchmarkEmbedded): 15 KB of memory and 11 KB of
// file a mailbox; 1.2 ms of processor time for the claim and the write of an idle sweep; 0.3 ms a mailbox for a snapshot, which
// takes no more than a twentieth of the time and so comes every second for a hundred mailboxes, every ten seconds for a thousand,
// every minute or two for ten thousand; 0.4 µs a key, twice a second, to let time pass. Ten thousand mailboxes swept once a minute
// come to about a third of a core. Beyond that a Redis server does the same for a fraction.
type Embedded struct {
	mini   *miniredis.Miniredis
	server *server.Server
	client *redis.Client // for snapshots
	file   string
	lock   *os.File // nil for a copy that is only read
	door   *door    // likewise
	guests time.Duration
	log    zerolog.Logger

	writes       atomic.Int64 // commands seen that may have changed something
	saving       sync.Mutex   // makes one snapshot at a time
	older, newer int64        // writes seen when the last two snapshots began; guarded by saving
	stop         chan struct{}
	done         sync.WaitGroup
}

// BusyError says that another daemon has the embedded store.
type BusyError struct{ Dir string }

func (e *BusyError) Error() string {
	return fmt.Sprintf("another syncd uses the embedded store in %s: stop it, or let both use a Redis server (redis_url)", e.Dir)
}

const (
	// busyPatience is how long a daemon waits for the store, since it may be a command that has it for a moment.
	busyPatience = 2 * time.Second
	// startPatience is how long a command waits for a daemon that has the store and does not answer yet.
	startPatience = 10 * time.Second
	// guestPatience is how long a command that has the store stays for other commands that found it there.
	guestPatience = 5 * time.Second
)

// openEmbedded opens the store of this state folder, or reaches that of the process that has it open. To read, a copy will do
// where nobody has it open.
func openEmbedded(ctx context.Context, o Options) (redis.UniversalClient, *Embedded, error) {
	socket := filepath.Join(o.StateDir, "redis.sock")
	e := &Embedded{
		mini: miniredis.NewMiniRedis(), file: filepath.Join(o.StateDir, "redis.snapshot"), log: o.Log, stop: make(chan struct{}),
	}
	if o.ReadOnly && !o.Serve {
		if client := visit(ctx, socket); client != nil {
			return client, nil, nil
		}
		return e.opened(e.start(ctx))
	}
	if err := os.MkdirAll(o.StateDir, 0o700); err != nil {
		return nil, nil, fmt.Errorf("state folder: %w", err)
	}
	patience := startPatience
	if o.Serve {
		patience = busyPatience
	}
	for deadline := time.Now().Add(patience); ; {
		lock, err := lockFile(filepath.Join(o.StateDir, "redis.lock"))
		switch {
		case err == nil:
			e.lock = lock
			if !o.Serve {
				e.guests = guestPatience
			}
			return e.opened(e.serve(ctx, socket))
		case !errors.Is(err, syscall.EWOULDBLOCK):
			return nil, nil, fmt.Errorf("locking the embedded store: %w", err)
		}
		if !o.Serve {
			if client := visit(ctx, socket); client != nil {
				return client, nil, nil
			}
		}
		if time.Now().After(deadline) {
			return nil, nil, &BusyError{Dir: o.StateDir}
		}
		select {
		case <-ctx.Done():
			return nil, nil, fmt.Errorf("waiting for the embedded store: %w", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// opened is what openEmbedded returns of a store that is this process's own.
func (e *Embedded) opened(err error) (redis.UniversalClient, *Embedded, error) {
	if err != nil {
		return nil, nil, errors.Join(err, e.Close())
	}
	return e.newClient(""), e, nil
}

func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// start fills the store from its file.
func (e *Embedded) start(ctx context.Context) error {
	first, err := e.mini.Dial() // starts it
	if err != nil {
		return fmt.Errorf("starting the embedded store: %w", err)
	}
	_ = first.Close()
	e.server = e.mini.Server()
	e.client = e.newClient(snapshotClient)
	kept, err := load(ctx, e.client, e.file)
	if !errors.Is(err, errDamaged) {
		return err
	}
	e.log.Warn().Err(err).Bool("mailboxes_kept", kept).Str("file", e.file).
		Msg("embedded store: snapshot lost, every mailbox gets a full round")
	if e.lock != nil {
		_ = os.Rename(e.file, e.file+".damaged") // for whoever wants to know what happened
	}
	return nil
}

// serve starts the store, lets others in and writes it to its file now and then.
func (e *Embedded) serve(ctx context.Context, socket string) error {
	if err := e.start(ctx); err != nil {
		return err
	}
	e.server.SetPreHook(func(from *server.Peer, command string, _ ...string) bool {
		if from.ClientName != snapshotClient && !e.mini.IsReadOnlyCommand(command) && !harmless[command] {
			e.writes.Add(1)
		}
		return false
	})
	var err error
	if e.door, err = openDoor(socket, e.server.ServeConn, e.log); err != nil {
		return err
	}
	e.done.Go(e.tick)
	e.done.Go(e.keep)
	return nil
}

// harmless are commands that change nothing, beside those that miniredis says only read. What a script does is seen by itself.
var harmless = map[string]bool{
	"AUTH": true, "CLIENT": true, "CLUSTER": true, "COMMAND": true, "CONFIG": true, "DISCARD": true, "ECHO": true, "EVAL": true,
	"EVALSHA": true, "HELLO": true, "INFO": true, "MULTI": true, "PING": true, "PUBLISH": true, "QUIT": true, "SCRIPT": true,
	"SELECT": true, "SUBSCRIBE": true, "TIME": true, "UNWATCH": true, "WATCH": true,
}

// snapshotClient is the name of the connections that only read, in transactions, for the snapshot.
const snapshotClient = "snapshot"

// newClient reaches the store without a socket.
func (e *Embedded) newClient(name string) *redis.Client {
	return newLocalClient(name, func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		e.server.ServeConn(newQueued(theirs))
		return ours, nil
	})
}

// newLocalClient makes a client of a store on this machine. It takes its time: there is no network that could have lost an answer.
func newLocalClient(name string, dial func(ctx context.Context, network, addr string) (net.Conn, error)) *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr: "embedded", ClientName: name, Dialer: dial, ReadTimeout: 30 * time.Second, WriteTimeout: 30 * time.Second, MaintNotificationsConfig: quiet(),
	})
}

const (
	clockStep = 500 * time.Millisecond
	// embeddedSlack is how much longer the embedded store keeps a lease than its holder counts on. It has no clock of its own:
	// time passes in it step by step, also for a lease that was taken in the middle of a step.
	embeddedSlack = 2 * clockStep
)

// tick lets time pass in the store. No step is longer than the slack, so that no lease ends early, whatever kept this
// goroutine from running.
func (e *Embedded) tick() {
	ticker := time.NewTicker(clockStep)
	defer ticker.Stop()
	last := time.Now()
	for {
		select {
		case <-e.stop:
			return
		case <-ticker.C:
			e.mini.FastForward(min(time.Since(last), embeddedSlack))
			last = time.Now() // after: waiting for the store is not charged to a lease that was taken meanwhile
		}
	}
}

// keep writes the store to its file.
func (e *Embedded) keep() {
	timer := time.NewTimer(time.Second)
	defer timer.Stop()
	for {
		select {
		case <-e.stop:
			return
		case <-timer.C:
			began := time.Now()
			err := e.save()
			pause := max(time.Second, 20*time.Since(began)) // a large store takes longer: below a twentieth of the time
			if err != nil {
				e.log.Error().Err(err).Msg("embedded store: cannot write the snapshot; trying again")
				pause = max(pause, 10*time.Second)
			}
			timer.Reset(pause)
		}
	}
}

// save writes the store to its file, if something changed. A command is counted before it is carried out, so only the second
// snapshot after it has it for sure.
func (e *Embedded) save() error {
	e.saving.Lock()
	defer e.saving.Unlock()
	writes := e.writes.Load()
	if e.lock == nil || writes == e.older {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := save(ctx, e.client, e.file); err != nil {
		return err
	}
	e.older, e.newer = e.newer, writes
	return nil
}

// Close writes the store to its file and gives it free for another process.
func (e *Embedded) Close() error {
	close(e.stop)
	var errs []error
	if e.door != nil {
		errs = append(errs, e.door.close(e.guests))
	}
	e.done.Wait()
	if e.client != nil {
		errs = append(errs, e.save(), e.client.Close())
	}
	e.mini.Close()
	if e.lock != nil {
		errs = append(errs, e.lock.Close())
	}
	return errors.Join(errs...)
}
