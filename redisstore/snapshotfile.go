package redisstore

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// A snapshot file holds the commands that make the store what it was, in Redis's own protocol, as Redis's append-only file
// does: `redis-cli --pipe <redis.snapshot` moves an embedded store to a real one. Marks among them, ECHO commands that do
// nothing, carry a checksum (CRC-32C) of all bytes before them. A file without its last mark is damaged.
//
//	ECHO "syncd snapshot 1"
//	…what all mailboxes share…
//	ECHO "syncd shared <checksum>"
//	…mailbox by mailbox…
//	ECHO "syncd end <checksum>"

const (
	snapshotHead = "*2\r\n$4\r\nECHO\r\n$16\r\nsyncd snapshot 1\r\n"
	markShared   = "syncd shared "
	markEnd      = "syncd end "
)

// errDamaged says that a file is not what was written.
var errDamaged = errors.New("snapshot is damaged")

// snapshotCommands are what a snapshot may hold.
var snapshotCommands = []string{"SET", "HSET", "RPUSH", "ZADD", "XADD", "PEXPIRE"}

type snapshotWriter struct {
	out *bufio.Writer
	sum hash.Hash32
	err error
}

func newSnapshotWriter(out *bufio.Writer) *snapshotWriter {
	w := &snapshotWriter{out: out, sum: crc32.New(crc32.MakeTable(crc32.Castagnoli))}
	w.text(snapshotHead)
	return w
}

func (w *snapshotWriter) text(s string) {
	if w.err == nil {
		_, w.err = w.out.WriteString(s)
	}
	_, _ = io.WriteString(w.sum, s) // never fails (package hash)
}

// command writes one command.
func (w *snapshotWriter) command(args ...string) {
	w.text("*" + strconv.Itoa(len(args)) + "\r\n")
	for _, arg := range args {
		w.text("$" + strconv.Itoa(len(arg)) + "\r\n")
		w.text(arg)
		w.text("\r\n")
	}
}

func (w *snapshotWriter) mark(name string) {
	w.command("ECHO", fmt.Sprintf("%s%08x", name, w.sum.Sum32()))
}

func (w *snapshotWriter) flush() error { return errors.Join(w.err, w.out.Flush()) }

// key writes the commands for one key.
func (w *snapshotWriter) key(key snapshotKey, value redis.Cmder) {
	switch v := value.(type) {
	case *redis.StringCmd:
		w.command("SET", key.name, v.Val())
	case *redis.MapStringStringCmd:
		args := make([]string, 0, 2*len(v.Val()))
		for field, value := range v.Val() {
			args = append(args, field, value)
		}
		w.many("HSET", key.name, args)
	case *redis.StringSliceCmd:
		w.many("RPUSH", key.name, v.Val())
	case *redis.ZSliceCmd:
		args := make([]string, 0, 2*len(v.Val()))
		for _, z := range v.Val() {
			args = append(args, strconv.FormatFloat(z.Score, 'g', -1, 64), fmt.Sprint(z.Member))
		}
		w.many("ZADD", key.name, args)
	case *redis.XMessageSliceCmd:
		for _, entry := range v.Val() {
			args := []string{"XADD", key.name, entry.ID}
			for field, value := range entry.Values {
				args = append(args, field, fmt.Sprint(value))
			}
			w.command(args...)
		}
	}
	if key.ttl > 0 {
		w.command("PEXPIRE", key.name, strconv.FormatInt(key.ttl.Milliseconds(), 10))
	}
}

// many writes a command with any number of arguments, an even number at a time.
func (w *snapshotWriter) many(command, key string, args []string) {
	for some := range slices.Chunk(args, 1000) {
		w.command(append([]string{command, key}, some...)...)
	}
}

// readSnapshot reads a file that begins as a snapshot does.
func readSnapshot(r io.Reader) ([]byte, error) {
	head := make([]byte, len(snapshotHead))
	n, err := io.ReadFull(r, head)
	switch {
	case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return nil, err
	case string(head[:n]) != snapshotHead:
		return nil, fmt.Errorf("%w: it does not begin as one", errDamaged)
	}
	rest, err := io.ReadAll(r)
	return append(head, rest...), err
}

// parseSnapshot gives the commands of a snapshot. Of a damaged one it gives those whose checksum is right, as far as the last
// mark, and errDamaged.
func parseSnapshot(raw []byte) ([][]string, error) {
	var sound, commands [][]string
	rest, ok := bytes.CutPrefix(raw, []byte(snapshotHead))
	if !ok {
		return nil, fmt.Errorf("%w: it does not begin as one", errDamaged)
	}
	for len(rest) > 0 {
		before := raw[:len(raw)-len(rest)]
		var command []string
		if command, rest = parseCommand(rest); command == nil {
			return sound, fmt.Errorf("%w at byte %d", errDamaged, len(before))
		}
		switch {
		case command[0] != "ECHO":
			commands = append(commands, command)
		case isMark(command, markShared, before):
			sound = slices.Clip(commands)
		case isMark(command, markEnd, before) && len(rest) == 0:
			return commands, nil
		default:
			return sound, fmt.Errorf("%w before byte %d: checksum", errDamaged, len(before))
		}
	}
	return sound, fmt.Errorf("%w: its end is missing", errDamaged)
}

func isMark(command []string, name string, before []byte) bool {
	sum := crc32.Checksum(before, crc32.MakeTable(crc32.Castagnoli))
	return len(command) == 2 && command[1] == fmt.Sprintf("%s%08x", name, sum)
}

// parseCommand takes one command off; nil where there is none that a snapshot may hold.
func parseCommand(raw []byte) (command []string, rest []byte) {
	count, rest, ok := parseLength(raw, '*')
	if !ok || count < 2 || count > len(rest) {
		return nil, rest
	}
	for range count {
		var n int
		n, rest, ok = parseLength(rest, '$')
		if !ok || n+2 > len(rest) || rest[n] != '\r' || rest[n+1] != '\n' {
			return nil, rest
		}
		command = append(command, string(rest[:n]))
		rest = rest[n+2:]
	}
	if command[0] != "ECHO" && !slices.Contains(snapshotCommands, command[0]) {
		return nil, rest
	}
	return command, rest
}

// parseLength takes a line of a sign and a number off.
func parseLength(raw []byte, sign byte) (n int, rest []byte, ok bool) {
	line, _, ok := bytes.Cut(raw[:min(len(raw), 16)], []byte("\r\n"))
	if !ok || len(line) < 2 || line[0] != sign {
		return 0, raw, false
	}
	n, err := strconv.Atoi(string(line[1:]))
	return n, raw[len(line)+2:], err == nil && n >= 0
}
