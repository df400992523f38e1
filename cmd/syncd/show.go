package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"text/tabwriter"
	"time"

	"syncd/delta"
	"syncd/redisstore"
	"syncd/schedules"
)

// The commands that only show: mailboxes, status, cursors, config, version. `--json` prints what programs read.

// withStore runs f on the store, and closes it.
func (s *surroundings) withStore(f func(*Config, *redisstore.Store) error) error {
	c, log, err := s.load(toReach...)
	if err != nil {
		return err
	}
	store, err := s.openStore(c, log, false, true)
	if err != nil {
		return err
	}
	return errors.Join(f(c, store), store.Close())
}

// table prints rows under a head, aligned.
func (s *surroundings) table(head string, rows func(add func(cells ...any))) error {
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, head)
	rows(func(cells ...any) {
		for i, cell := range cells {
			if i > 0 {
				fmt.Fprint(w, "\t")
			}
			fmt.Fprint(w, cell)
		}
		fmt.Fprintln(w)
	})
	return w.Flush()
}

type mailboxesCommand struct {
	JSON bool `name:"json" help:"Print JSON."`
}

type shownMailbox struct {
	Mailbox string `json:"mailbox"`
	ID      string `json:"id"`
}

// Run lists what is enrolled.
func (c *mailboxesCommand) Run(s *surroundings) error {
	return s.withStore(func(config *Config, store *redisstore.Store) error {
		list, err := gathered(listing{config, store}.mailboxes(s.ctx))
		if err != nil {
			return err
		}
		if c.JSON {
			return json.NewEncoder(s.out).Encode(list)
		}
		return s.table("MAILBOX\tID", func(add func(...any)) {
			for _, m := range list {
				add(m.Mailbox, m.ID)
			}
		})
	})
}

type statusCommand struct {
	Mailboxes []string `arg:"" optional:"" name:"mailbox" help:"Addresses or directory ids; all if none is given."`
	JSON      bool     `name:"json" help:"Print JSON."`
}

type shownStatus struct {
	Mailbox      string       `json:"mailbox"`
	ID           string       `json:"id"`
	State        delta.State  `json:"state"`
	Reason       delta.Reason `json:"reason"`
	SweptAt      *time.Time   `json:"swept_at"`
	NextAt       *time.Time   `json:"next_at"`
	Retrying     int          `json:"retrying"`
	HeldRemovals int          `json:"held_removals"`
	Held         []string     `json:"held,omitempty"`    // event ids, when one mailbox is asked for
	Waiting      []waiting    `json:"waiting,omitempty"` // likewise
	// Schedule is the rhythm that it will follow in the next 24 hours if nothing happens to it; likewise.
	Schedule []shownPhase `json:"schedule,omitempty"`
}

type shownPhase struct {
	From  time.Time     `json:"from"`
	Every string        `json:"every"` // as Go writes durations; "" while it waits
	Why   schedules.Why `json:"why"`
}

type waiting struct {
	Event  string       `json:"event"`
	Reason delta.Reason `json:"reason"`
	NextAt time.Time    `json:"next_at"`
}

// Run shows how mailboxes are. Asked for by name, a mailbox also tells which events wait and which removals are held.
func (c *statusCommand) Run(s *surroundings) error {
	return s.withStore(func(config *Config, store *redisstore.Store) error {
		list, err := gathered(listing{config, store}.status(s.ctx, c.Mailboxes))
		if err != nil {
			return err
		}
		for _, warning := range alarms(s.ctx, config, store) {
			fmt.Fprintln(s.err, "syncd:", warning)
		}
		if c.JSON {
			return json.NewEncoder(s.out).Encode(list)
		}
		return s.printStatus(list)
	})
}

func statusOf(p plan, v redisstore.View, details bool) shownStatus {
	out := shownStatus{
		Mailbox: v.Mailbox.Address, ID: v.Mailbox.ID, State: v.Cursor.State, Reason: v.Cursor.Reason,
		SweptAt: moment(v.Cursor.SweptAt), NextAt: moment(p.next(v)), Retrying: v.Retrying, HeldRemovals: len(v.Held),
	}
	if details {
		out.Held, out.Schedule = v.Held, p.ahead(v)
		for _, w := range v.Waiting {
			out.Waiting = append(out.Waiting, waiting{w.ID, whyWaits(v, w.ID), w.At.UTC()})
		}
	}
	return out
}

// whyWaits is why an event waits. One in the middle of which its sweep ended has no reason of its own.
func whyWaits(v redisstore.View, event string) delta.Reason {
	return cmp.Or(v.Reasons[event], v.Cursor.Reason, delta.Stopped)
}

func (s *surroundings) printStatus(list []shownStatus) error {
	err := s.table("MAILBOX\tSTATE\tREASON\tSWEPT\tNEXT\tWAITING\tHELD", func(add func(...any)) {
		for _, m := range list {
			add(m.Mailbox, m.State, m.Reason, ago(m.SweptAt), clock(m.NextAt), m.Retrying, m.HeldRemovals)
		}
	})
	for _, m := range list {
		for _, w := range m.Waiting {
			fmt.Fprintf(s.out, "%s  waits: %s, next try %s  %s\n", m.Mailbox, w.Reason, w.NextAt.Format(time.RFC3339), w.Event)
		}
		for _, id := range m.Held {
			fmt.Fprintf(s.out, "%s  removal held: %s\n", m.Mailbox, id)
		}
		for _, p := range m.Schedule {
			rhythm := "every " + p.Every
			if p.Every == "" {
				rhythm = "none"
			}
			fmt.Fprintf(s.out, "%s  from %s sweeps %s (%s)\n", m.Mailbox, clock(&p.From), rhythm, p.Why)
		}
	}
	return err
}

type cursorsCommand struct {
	Mailboxes []string `arg:"" optional:"" name:"mailbox" help:"Addresses or directory ids; all if none is given."`
	JSON      bool     `name:"json" help:"Print JSON."`
}

type shownCursor struct {
	Mailbox     string     `json:"mailbox"`
	ID          string     `json:"id"`
	Link        string     `json:"link"`
	WindowStart *time.Time `json:"window_start"`
	WindowEnd   *time.Time `json:"window_end"`
	Generation  int        `json:"generation"`
	SweptAt     *time.Time `json:"swept_at"`
	ChangedAt   *time.Time `json:"changed_at"`
}

// Run shows how far each mailbox was followed.
func (c *cursorsCommand) Run(s *surroundings) error {
	return s.withStore(func(config *Config, store *redisstore.Store) error {
		list, err := gathered(listing{config, store}.cursors(s.ctx, c.Mailboxes))
		if err != nil {
			return err
		}
		if c.JSON {
			return json.NewEncoder(s.out).Encode(list)
		}
		return s.table("MAILBOX\tAGE\tCHANGED\tROUND\tWINDOW\tLINK", func(add func(...any)) {
			for _, v := range list {
				add(v.Mailbox, ago(v.SweptAt), ago(v.ChangedAt), v.Generation, date(v.WindowStart)+" to "+date(v.WindowEnd), v.Link)
			}
		})
	})
}

func cursorOf(v redisstore.View) shownCursor {
	return shownCursor{
		Mailbox: v.Mailbox.Address, ID: v.Mailbox.ID, Link: v.Cursor.Link, Generation: v.Cursor.Generation,
		WindowStart: moment(v.Cursor.WindowStart), WindowEnd: moment(v.Cursor.WindowEnd),
		SweptAt: moment(v.Cursor.SweptAt), ChangedAt: moment(v.Cursor.ChangedAt),
	}
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func ago(t *time.Time) string {
	if t == nil {
		return "never"
	}
	return time.Since(*t).Round(time.Second).String() + " ago"
}

func clock(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.Local().Format(time.DateTime)
}

func date(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.Format(time.DateOnly)
}

type configCommand struct {
	Schema bool `help:"Print the JSON schema of the configuration file instead."`
}

// Run shows the configuration in force.
func (c *configCommand) Run(s *surroundings) error {
	if c.Schema {
		_, err := s.out.Write(schema())
		return err
	}
	config, values, err := loadConfig(s.file, s.environ)
	if err != nil {
		return usageError{err}
	}
	return s.table("KEY\tVALUE\tFROM", func(add func(...any)) {
		for _, line := range inForce(config, values) {
			add(line[0], line[1], line[2])
		}
	})
}

type versionCommand struct{}

// Run shows the version that was built.
func (versionCommand) Run(s *surroundings) error {
	_, err := fmt.Fprintln(s.out, "syncd", version())
	return err
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	revision, modified := "", ""
	for _, setting := range info.Settings {
		switch {
		case setting.Key == "vcs.revision":
			revision = setting.Value[:min(12, len(setting.Value))]
		case setting.Key == "vcs.modified" && setting.Value == "true":
			modified = "+changes"
		}
	}
	if revision == "" {
		return info.Main.Version + " " + info.GoVersion
	}
	return info.Main.Version + " " + revision + modified + " " + info.GoVersion
}
