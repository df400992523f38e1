package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"syncd/graph"
	"syncd/redisstore"
	"syncd/vault"
)

type doctorCommand struct {
	JSON    bool   `name:"json" help:"Print one JSON object."`
	Mailbox string `short:"m" placeholder:"M" help:"Make, change and remove a test event in this mailbox; nobody is mailed."`
	Outside string `placeholder:"M2" help:"A mailbox that must be closed to the application."`
}

// The ends that a check may come to.
const (
	checkOK      = "ok"
	checkFailed  = "failed"
	checkSkipped = "skipped"
)

// finding is one line of the doctor's: what was checked, how it is, and what to do. One that is ok and has something to do is a warning.
type finding struct {
	Check  string `json:"check"`
	Status string `json:"status"`
	Detail string `json:"detail"`
	Do     string `json:"do,omitempty"`
}

func ok(format string, args ...any) finding {
	return finding{Status: checkOK, Detail: fmt.Sprintf(format, args...)}
}

func skipped(format string, args ...any) finding {
	return finding{Status: checkSkipped, Detail: fmt.Sprintf(format, args...)}
}

// failed is what err says, and what to do about it. That a check ran out of [patience] is what nobody's answer comes to.
func failed(err error, do string) finding {
	detail := strings.ReplaceAll(err.Error(), context.DeadlineExceeded.Error(), "no answer in time")
	return finding{Status: checkFailed, Detail: detail, Do: do}
}

// but adds what to do although all is well.
func (f finding) but(do string) finding {
	f.Do = do
	return f
}

// Run checks everything that has to be right before syncd can work, and tells what to do about what is not.
func (c *doctorCommand) Run(s *surroundings) error {
	for _, name := range []string{c.Mailbox, c.Outside} {
		if err := checkMailbox(name); err != nil && name != "" {
			return usageError{err}
		}
	}
	config, log, err := s.load(toCheck...)
	if err != nil {
		return err
	}
	transport, err := newTransport(config)
	if err != nil {
		return usageError{err}
	}
	defer transport.CloseIdleConnections()
	d := &doctor{surroundings: s, command: c, config: config, log: log.Level(max(log.GetLevel(), zerolog.ErrorLevel)), dates: newDates(config, transport)}
	d.examine()
	closing := d.close()
	if err := d.print(c.JSON); err != nil {
		return errors.Join(err, closing)
	}
	switch {
	case s.ctx.Err() != nil:
		return errors.Join(errors.New("stopped before the end"), closing)
	case d.bad():
		return errors.Join(errSomeFailed, closing)
	}
	return closing
}

// doctor is one run of the command. What a check finds, the later ones use; where it is missing they are skipped.
type doctor struct {
	*surroundings
	command  *doctorCommand
	config   *Config
	log      zerolog.Logger
	dates    *dates
	findings []finding

	key       *vault.Key
	store     *redisstore.Store
	owners    *owners
	calendars *graph.Client
	app       bool     // the application has a token
	roles     []string // in it
	rolesRead bool
	subject   subject
	host      string // of the subject, as Webex should know it
}

// examine runs all checks in the order in which one rests upon another.
func (d *doctor) examine() {
	d.check("state folder", d.stateFolder)
	d.check("redis", d.redis)
	d.check("key file", d.keyFile) // after Redis, which knows whose it is
	d.check("certificate", d.certificate)
	d.check("token", d.token)
	d.check("sign-ins", d.signIns)
	d.check("permission to find mailboxes", d.directory)
	d.check("permission for mailbox settings", d.settings)
	d.check("permission for calendars", d.calendar)
	d.check("permission for groups", d.groups)
	d.check("mailbox scope", d.outside)
	d.webex()
	d.check("test event", d.testEvent)
	d.check("clock", d.clock) // which every answer so far told something of
	last := len(d.findings) - 1
	d.findings = append([]finding{d.findings[last]}, d.findings[:last]...)
}

// patience is how long one check may take. It has to be more than a Retry-After that is waited for.
const patience = 45 * time.Second

// check runs one check, unless the command was told to stop.
func (d *doctor) check(name string, look func(context.Context) finding) {
	f := skipped("stopped")
	if d.ctx.Err() == nil {
		ctx, cancel := context.WithTimeout(d.ctx, patience)
		f = look(ctx)
		cancel()
	}
	f.Check = name
	d.findings = append(d.findings, f)
}

func (d *doctor) bad() bool {
	for _, f := range d.findings {
		if f.Status == checkFailed {
			return true
		}
	}
	return false
}

// print writes a line for each check.
func (d *doctor) print(asJSON bool) error {
	if asJSON {
		return json.NewEncoder(d.out).Encode(map[string]any{"ok": !d.bad() && d.ctx.Err() == nil, "checks": d.findings})
	}
	return d.table("CHECK\tSTATUS\tWHAT\tDO", func(add func(...any)) {
		for _, f := range d.findings {
			do := f.Do
			if do == "" {
				do = "-"
			}
			add(f.Check, f.Status, oneLine(f.Detail), oneLine(do))
		}
	})
}

// oneLine keeps errors that were joined, and tabs in them, from breaking the table.
func oneLine(text string) string {
	line := ""
	for _, r := range printable(text) {
		if r == '\n' {
			line += "; "
			continue
		}
		line += string(r)
	}
	return line
}

func (d *doctor) close() error {
	if d.store == nil {
		return nil
	}
	return d.store.Close()
}

// transport is what the doctor asks through: every answer's clock is looked at.
func (d *doctor) transport() http.RoundTripper { return d.dates }
