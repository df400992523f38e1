package redisstore

import (
	"errors"
	"net"
	"sync"
	"time"
)

// queued is a connection whose writes never wait, as with Redis itself. The embedded store writes an answer while it keeps
// everybody else waiting; without the queue a client that does not read, a stopped redis-cli or one that still sends its
// pipeline, would stop the store.
type queued struct {
	net.Conn
	whenClosed func() // set before the connection is used

	mu      sync.Mutex
	more    sync.Cond // that something was written, or the connection closed
	out     []byte    // guarded by mu
	closing bool      // guarded by mu
	done    chan struct{}
}

// longestQueue bounds what waits for one client. Who lets more wait is shown out.
const longestQueue = 1 << 28

// lastWords is how long a client that is shown out has to read its answers.
const lastWords = time.Second

func newQueued(c net.Conn) *queued {
	q := &queued{Conn: c, done: make(chan struct{})}
	q.more.L = &q.mu
	go q.drain() // ends with Close, which waits for it
	return q
}

// Write implements [net.Conn].
func (q *queued) Write(p []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closing {
		return 0, net.ErrClosed
	}
	if len(q.out)+len(p) > longestQueue {
		q.closing, q.out = true, nil
		q.more.Signal()
		_ = q.SetWriteDeadline(time.Now())
		return 0, errors.New("the client does not read its answers")
	}
	q.out = append(q.out, p...)
	q.more.Signal()
	return len(p), nil
}

// drain writes what is queued. When the connection breaks or closes it ends, and with it reading.
func (q *queued) drain() {
	defer close(q.done)
	defer q.Conn.Close()
	var buffer []byte
	for {
		q.mu.Lock()
		for len(q.out) == 0 && !q.closing {
			q.more.Wait()
		}
		if len(q.out) == 0 {
			q.mu.Unlock()
			return
		}
		buffer, q.out = q.out, buffer[:0]
		q.mu.Unlock()
		if _, err := q.Conn.Write(buffer); err != nil {
			q.mu.Lock()
			q.closing, q.out = true, nil
			q.mu.Unlock()
			return
		}
		if cap(buffer) > 1<<20 {
			buffer = nil // one large answer is no reason to keep so much
		}
	}
}

// Close implements [net.Conn]. It may be called more than once.
func (q *queued) Close() error {
	q.mu.Lock()
	first := !q.closing
	q.closing = true
	q.more.Signal()
	q.mu.Unlock()
	if first {
		_ = q.SetWriteDeadline(time.Now().Add(lastWords))
	}
	<-q.done
	if q.whenClosed != nil {
		q.whenClosed()
	}
	return nil
}
