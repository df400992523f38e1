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
	"github.com/redis/go-redis/v9/maintnotifications"
	"github.com/rs/zerolog"
)

// Embedded is a Redis within this process, for an installation of one daemon and up to some 10,000 mailboxes. It is served
// to other commands, and to redis-cli -s, on a socket in the state folder, and written to a file there about once a
// second. What a crash takes from it costs a full round, and no more.
type Embedded struct {
	mini     *miniredis.Miniredis
	client   *redis.Client // for snapshots
	file     string
	lock     *os.File
	listener net.Listener
	readOnly bool
	log      zerolog.Logger

	writes  atomic.Int64 // commands seen that may have changed something
	written int64        // of these, how many are in the file; owned by save
	stop    chan struct{}
	done    sync.WaitGroup
}

// BusyError says that another daemon has the embedded store.
type BusyError struct{ Dir string }

func (e *BusyError) Error() string {
	return fmt.Sprintf("another syncd uses the embedded store in %s: stop it, or let both use a Redis server (redis_url)", e.Dir)
}

// openEmbedded uses the store of a running daemon through its socket, unless this process is to serve it itself.
func openEmbedded(ctx context.Context, o Options) (redis.UniversalClient, *Embedded, error) {
	socket := filepath.Join(o.StateDir, "redis.sock")
	if err := os.MkdirAll(o.StateDir, 0o700); err != nil {
		return nil, nil, fmt.Errorf("state folder: %w", err)
	}
	lock, err := lockFile(filepath.Join(o.StateDir, "redis.lock"))
	if errors.Is(err, syscall.EWOULDBLOCK) {
		if o.Serve {
			return nil, nil, &BusyError{Dir: o.StateDir}
		}
		return redis.NewClient(&redis.Options{Network: "unix", Addr: socket, MaintNotificationsConfig: quiet()}), nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("locking the embedded store: %w", err)
	}
	e := &Embedded{
		mini: miniredis.NewMiniRedis(), file: filepath.Join(o.StateDir, "redis.snapshot"), lock: lock,
		readOnly: o.ReadOnly, log: o.Log, stop: make(chan struct{}),
	}
	if err := e.start(ctx, socket); err != nil {
		return nil, nil, errors.Join(err, e.Close())
	}
	return e.newClient(), e, nil
}

func quiet() *maintnotifications.Config {
	return &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
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

func (e *Embedded) start(ctx context.Context, socket string) error {
	e.client = e.newClient()
	if err := e.client.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("starting the embedded store: %w", err)
	}
	if err := load(ctx, e.client, e.file); err != nil {
		e.log.Warn().Err(err).Msg("embedded store: snapshot lost, every mailbox gets a full round")
		e.mini.FlushAll()
	}
	e.mini.Server().SetPreHook(func(_ *server.Peer, command string, _ ...string) bool {
		if !e.mini.IsReadOnlyCommand(command) {
			e.writes.Add(1)
		}
		return false
	})
	if err := e.listen(socket); err != nil {
		return err
	}
	e.done.Go(e.tick)
	return nil
}

func (e *Embedded) newClient() *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr: "embedded", MaintNotificationsConfig: quiet(),
		Dialer: func(context.Context, string, string) (net.Conn, error) { return e.mini.Dial() },
	})
}

// listen serves the store to other commands. The socket of a daemon that died is removed; the lock says that it did.
func (e *Embedded) listen(socket string) error {
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("embedded store: %w", err)
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return fmt.Errorf("embedded store: %w", err)
	}
	e.listener = listener
	if err := os.Chmod(socket, 0o600); err != nil {
		return fmt.Errorf("embedded store: %w", err)
	}
	e.done.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			e.mini.Server().ServeConn(conn)
		}
	})
	return nil
}

// tick lets time pass in the store, which has no clock of its own, and saves it.
func (e *Embedded) tick() {
	const step = 200 * time.Millisecond
	ticker := time.NewTicker(step)
	defer ticker.Stop()
	last, saved, pause := time.Now(), time.Now(), time.Second
	for {
		select {
		case <-e.stop:
			return
		case now := <-ticker.C:
			e.mini.FastForward(now.Sub(last))
			last = now
			if now.Sub(saved) < pause {
				continue
			}
			if err := e.save(); err != nil {
				e.log.Error().Err(err).Msg("embedded store: cannot write the snapshot")
			}
			// A large store takes longer to write; keep that below a twentieth of the time.
			saved = time.Now()
			pause = max(time.Second, 20*saved.Sub(now))
		}
	}
}

func (e *Embedded) save() error {
	writes := e.writes.Load()
	if e.readOnly || writes == e.written {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := save(ctx, e.client, e.file); err != nil {
		return err
	}
	e.written = writes
	return nil
}

// Close writes the store to its file and gives it free for another daemon.
func (e *Embedded) Close() error {
	close(e.stop)
	var errs []error
	if e.listener != nil {
		errs = append(errs, e.listener.Close())
	}
	e.done.Wait()
	if e.client != nil {
		errs = append(errs, e.save(), e.client.Close())
	}
	e.mini.Close()
	return errors.Join(append(errs, e.lock.Close())...)
}
