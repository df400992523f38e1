//go:build safeguards

package sweep_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Each safeguard is taken out of the program, one at a time, by an overlay over its source, and the randomised run has to
// notice. One that nobody would miss is no safeguard, or the run is blind: `make safeguards`.

// edit replaces a piece of a file that stands there exactly once.
type edit struct{ file, old, new string }

var safeguards = map[string][]edit{
	"look for the tag before a create": {{
		"sweep/meeting.go", "	meeting, spare, err := r.seek(ctx, host, s, record)\n", "	meeting, spare, err := delta.Meeting{}, []string(nil), error(nil)\n",
	}},
	"look for the tag after a create": {{
		"sweep/meeting.go", "	found, spare, err := r.find(ctx, host, s, record)\n	switch {", "	found, spare, err := delta.Meeting{}, []string(nil), error(nil)\n	switch {",
	}},
	"If-Match": {{
		"graph/calendar.go", `	header.Set("If-Match", etag)`, `	_ = header`,
	}},
	"the cursor moves last": {{
		"sweep/run.go", "	if err := r.settle(ctx, changes); err != nil {", `	early := r.cursor
	early.Link = changes.link
	if err := r.write(ctx, delta.Batch{Cursor: &early, NewLink: true}); err != nil {
		return r.fail(ctx, err)
	}
	if err := r.settle(ctx, changes); err != nil {`,
	}},
	"a deletion is confirmed": {{
		"sweep/vanish.go", "		e, err := r.read(ctx, id)\n", "		e, err := delta.Event{}, error(delta.ErrGone)\n",
	}},
	"many removals are held": {
		{"sweep/vanish.go", "	return gone > l.Count &&", "	return false && gone > l.Count &&"},
		{"sweep/vanish.go", "	unsure := ", "	unsure := false && "},
	},
	"rounds that do not end": {{
		"graph/loop.go", "	g.pages++\n", "	return nil\n",
	}},
	"links stay with their host": {
		{"graph/link.go", "	u, segments, err := c.client.rest.Follow(link)\n", "	if u, err := url.Parse(link); err == nil {\n		return u, nil\n	}\n	u, segments, err := c.client.rest.Follow(link)\n"},
		{"rest/address.go", "func (c *Client) checkURL(u *url.URL) error {\n", "func (c *Client) checkURL(u *url.URL) error {\n	if u != nil {\n		return nil\n	}\n"},
	},
	"a write needs the lease": {{
		"redisstore/scripts.go", "if redis.call('GET', KEYS[1]) ~= ARGV[1] then\n	return 0\nend\nredis.call('PEXPIRE'", "redis.call('PEXPIRE'",
	}},
}

// TestTheRandomRunMissesEachSafeguard takes some minutes: as many programs are built.
func TestTheRandomRunMissesEachSafeguard(t *testing.T) {
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	for name, edits := range safeguards {
		t.Run(name, func(t *testing.T) {
			program := buildWith(t, root, edits)
			run := exec.CommandContext(t.Context(), program, "-test.run=^TestRandomSchedulesKeepEveryPromise$", "-test.timeout=20m")
			run.Dir, run.Env = filepath.Join(root, "sweep"), append(os.Environ(), "SYNCD_TEST_SCHEDULES=1000", "SYNCD_TEST_SEED=")
			out, err := run.CombinedOutput()
			if err == nil {
				t.Fatal("1,000 schedules found nothing wrong")
			}
			found := bytes.Index(out, []byte("_test.go:"))
			if found < 0 {
				t.Fatalf("it ended without a finding: %v\n%.2000s", err, out)
			}
			line, _, _ := bytes.Cut(out[found:], []byte("\n"))
			t.Logf("noticed: %.300s", line)
		})
	}
}

// buildWith builds the tests of this package with some source changed.
func buildWith(t *testing.T, root string, edits []edit) string {
	t.Helper()
	folder, replaced := t.TempDir(), map[string]string{}
	for _, e := range edits {
		path := filepath.Join(root, e.file)
		from := path
		if changed, ok := replaced[path]; ok {
			from = changed
		}
		source, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(source), e.old); n != 1 {
			t.Fatalf("%s has %d times %q", e.file, n, e.old)
		}
		replaced[path] = filepath.Join(folder, filepath.Base(e.file))
		if err := os.WriteFile(replaced[path], []byte(strings.Replace(string(source), e.old, e.new, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		t.Fatal(err)
	}
	file, program := filepath.Join(folder, "overlay.json"), filepath.Join(folder, "sweep.test")
	if err := os.WriteFile(file, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-overlay", file, "-o", program, "./sweep")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}
