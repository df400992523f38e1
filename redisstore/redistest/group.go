package redistest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// Cluster is a Redis Cluster of a test's own, on loopback ports.
type Cluster struct {
	URL   string    // with all nodes
	Nodes []*Server // masters first
}

// StartCluster runs masters, each with some replicas. args are further options of every node.
func StartCluster(tb testing.TB, masters, replicas int, args ...string) *Cluster {
	tb.Helper()
	c := &Cluster{}
	options := append([]string{
		"--cluster-enabled", "yes", "--cluster-node-timeout", "1000", "--repl-diskless-sync-delay", "0",
	}, args...)
	var addrs []string
	for range masters * (1 + replicas) {
		node := StartTCP(tb, options...)
		c.Nodes = append(c.Nodes, node)
		addrs = append(addrs, node.Addr)
	}
	c.URL = "redis://" + addrs[0] + "?addr=" + strings.Join(addrs[1:], "&addr=")
	CLI(tb, append(append([]string{"--cluster", "create"}, addrs...), "--cluster-replicas", fmt.Sprint(replicas), "--cluster-yes")...)
	for _, node := range c.Nodes {
		Eventually(tb, "cluster is complete", func() error { return node.complete(tb, masters, replicas) })
	}
	return c
}

// complete reports whether a node knows of a cluster without gaps.
func (s *Server) complete(tb testing.TB, masters, replicas int) error {
	rdb := redis.NewClient(&redis.Options{Addr: s.Addr})
	defer rdb.Close()
	info, err := rdb.ClusterInfo(tb.Context()).Result()
	if err != nil {
		return err
	}
	shards, err := rdb.ClusterShards(tb.Context()).Result()
	if err != nil {
		return err
	}
	replication, err := rdb.Info(tb.Context(), "replication").Result()
	if err != nil {
		return err
	}
	nodes := 0
	served := 0
	for _, shard := range shards {
		nodes += len(shard.Nodes)
		if len(shard.Slots) > 0 {
			served++
		}
	}
	if !strings.Contains(info, "cluster_state:ok") || strings.Contains(replication, "master_link_status:down") || served < masters || nodes < masters*(1+replicas) {
		return errors.New("not yet")
	}
	return nil
}

// CLI runs redis-cli and returns what it printed.
func CLI(tb testing.TB, args ...string) string {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), Program(tb, "redis-cli"), args...)
	var failed bytes.Buffer
	cmd.Stderr = &failed
	out, err := cmd.Output()
	if err != nil {
		tb.Fatalf("redis-cli %v: %v\n%s%s", args, err, out, failed.Bytes())
	}
	return string(out)
}

// Sentinel is a master with a replica, watched by one redis-sentinel.
type Sentinel struct {
	URL             string
	Master, Replica *Server
}

// StartSentinel runs all three until the test ends.
func StartSentinel(tb testing.TB) *Sentinel {
	tb.Helper()
	master := StartTCP(tb, "--repl-diskless-sync-delay", "0")
	host, port, _ := net.SplitHostPort(master.Addr)
	replica := StartTCP(tb, "--replicaof", host+" "+port)
	watcher := &Server{tb: tb, name: "redis-sentinel", Addr: freeAddr(tb)}
	file := filepath.Join(folder(tb), "sentinel.conf")
	_, own, _ := net.SplitHostPort(watcher.Addr)
	config := fmt.Sprintf("port %s\nbind 127.0.0.1\nsentinel monitor main %s %s 1\nsentinel down-after-milliseconds main 500\n"+
		"sentinel failover-timeout main 3000\n", own, host, port)
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		tb.Fatal(err)
	}
	watcher.args = []string{file}
	watcher.Run()
	tb.Cleanup(watcher.Kill)
	s := &Sentinel{URL: "redis://" + watcher.Addr + "?master_name=main", Master: master, Replica: replica}
	Eventually(tb, "sentinel knows the replica", func() error { return s.ready(tb, watcher.Addr) })
	return s
}

func (s *Sentinel) ready(tb testing.TB, addr string) error {
	sentinel := redis.NewSentinelClient(&redis.Options{Addr: addr})
	defer sentinel.Close()
	replicas, err := sentinel.Replicas(tb.Context(), "main").Result()
	if err != nil {
		return err
	}
	if len(replicas) == 0 || replicas[0]["master-link-status"] != "ok" {
		return errors.New("not yet")
	}
	return nil
}

// Feed runs redis-cli with some input.
func Feed(tb testing.TB, in io.Reader, args ...string) {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), Program(tb, "redis-cli"), args...)
	cmd.Stdin = in
	if out, err := cmd.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("errors: 0")) {
		tb.Fatalf("redis-cli %v: %v\n%s", args, err, out)
	}
}
