package redisstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"
)

// door lets other processes of the same user in, on a socket.
type door struct {
	listener *net.UnixListener
	path     string
	log      zerolog.Logger
	accept   sync.WaitGroup

	mu     sync.Mutex
	guests map[*queued]bool // guarded by mu
	left   chan struct{}    // told of each guest that leaves
}

// openDoor listens on a socket that nobody else can open. It takes the place of one whose process died; the lock says that it did.
func openDoor(path string, serve func(net.Conn), log zerolog.Logger) (*door, error) {
	listener, err := listen(path)
	if err != nil {
		return nil, fmt.Errorf("socket of the embedded store: %w", err)
	}
	d := &door{listener: listener, path: path, log: log, guests: map[*queued]bool{}, left: make(chan struct{}, 1)}
	d.accept.Go(func() { d.let(serve) })
	return d, nil
}

// listen binds the socket in a folder that only its owner can enter, and moves it to its place when its mode is right.
func listen(path string) (*net.UnixListener, error) {
	dir := path + ".new"
	if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o700)); err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	made := filepath.Join(dir, "s")
	addr, done, err := socketAddr(made)
	if err != nil {
		return nil, err
	}
	defer done()
	listener, err := net.ListenUnix("unix", addr)
	if err != nil {
		return nil, err
	}
	listener.SetUnlinkOnClose(false) // it will have another name
	if err := errors.Join(os.Chmod(made, 0o600), os.Rename(made, path)); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return listener, nil
}

// longestSocket is how long the name of a socket may be on all systems (104 bytes on macOS, 108 on Linux, with a zero at the end).
const longestSocket = 103

// socketAddr is the address of a socket. Where its name is too long Linux reaches it by way of its folder. done is called after use.
func socketAddr(path string) (addr *net.UnixAddr, done func(), err error) {
	if len(path) <= longestSocket {
		return &net.UnixAddr{Name: path, Net: "unix"}, func() {}, nil
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, nil, err
	}
	name := fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(path))
	return &net.UnixAddr{Name: name, Net: "unix"}, func() { _ = dir.Close() }, nil
}

func dialSocket(path string) (net.Conn, error) {
	addr, done, err := socketAddr(path)
	if err != nil {
		return nil, err
	}
	defer done()
	return net.DialUnix("unix", nil, addr)
}

// answers reports whether a process listens on a socket.
func answers(path string) bool {
	c, err := dialSocket(path)
	return err == nil && c.Close() == nil
}

// visit reaches the store of another process; nil if nobody lets us in. Who was let in has a connection there from then on, and is
// waited for by a process that wants to leave.
func visit(ctx context.Context, path string) *redis.Client {
	if !answers(path) {
		return nil
	}
	client := socketClient(path)
	if client.Ping(ctx).Err() != nil { // it listened, and left
		_ = client.Close()
		return nil
	}
	return client
}

func socketClient(path string) *redis.Client {
	return newLocalClient("", func(context.Context, string, string) (net.Conn, error) {
		conn, err := dialSocket(path)
		if errors.Is(err, fs.ErrNotExist) {
			if last, lastErr := dialSocket(path + backDoor); lastErr == nil {
				return last, nil
			}
		}
		return conn, err
	})
}

// backDoor is what follows a socket's name while its process waits for its guests to leave. They may need further connections;
// newcomers do not look there.
const backDoor = ".leaving"

// let lets guests in until the door closes.
func (d *door) let(serve func(net.Conn)) {
	for {
		conn, err := d.listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			d.log.Error().Err(err).Msg("embedded store: cannot let another command in")
			time.Sleep(100 * time.Millisecond) // out of file descriptors, most likely
			continue
		}
		guest := newQueued(conn)
		guest.whenClosed = func() { d.leave(guest) }
		d.mu.Lock()
		d.guests[guest] = true
		d.mu.Unlock()
		serve(guest)
	}
}

func (d *door) leave(guest *queued) {
	d.mu.Lock()
	delete(d.guests, guest)
	d.mu.Unlock()
	select {
	case d.left <- struct{}{}:
	default:
	}
}

// close lets no newcomer in any more, waits a while for those who are there to leave, and shows the others out.
func (d *door) close(patience time.Duration) error {
	last := d.path + backDoor
	err := os.Rename(d.path, last)
	d.await(patience)
	// First the name, so that the next process can tell that nobody is there.
	err = errors.Join(err, os.Remove(last), d.listener.Close())
	d.accept.Wait()
	for _, guest := range d.present() {
		_ = guest.Close()
	}
	return err
}

// await waits until no guest is there, but not for ever.
func (d *door) await(patience time.Duration) {
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for len(d.present()) > 0 {
		select {
		case <-d.left:
		case <-deadline.C:
			return
		}
	}
}

func (d *door) present() []*queued {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []*queued
	for guest := range d.guests {
		out = append(out, guest)
	}
	return out
}
