package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"syncd/delta"
	"syncd/graph"
	"syncd/rest"
)

// Checks at Microsoft: token, permissions, scope, a test event.

// subject is the mailbox that reading is tried with: the one that was named, or else the first that is served.
type subject struct {
	delta.Mailbox
	found bool
}

// advice is what to do about the numbers that Entra says (reference-error-codes.md).
var advice = []struct{ number, do string }{
	{"AADSTS700024", "set the clock (NTP)"},
	{"AADSTS700027", "upload the public half of this certificate to the Entra application"},
	{"AADSTS700016", "correct SYNCD_CLIENT_ID, or SYNCD_TENANT_ID: this tenant has no such application"},
	{"AADSTS90002", "correct SYNCD_TENANT_ID, or SYNCD_CLOUD"},
}

func adviceOn(err error, otherwise string) string {
	for _, a := range advice {
		if strings.Contains(err.Error(), a.number) {
			return a.do
		}
	}
	if errors.Is(err, delta.ErrTrouble) || errors.Is(err, delta.ErrUnclear) || errors.Is(err, context.DeadlineExceeded) {
		return "look at HTTPS_PROXY, NO_PROXY, SYNCD_CA_FILE and the firewall, then at the vendor's status page"
	}
	return otherwise
}

// token gets the application's.
func (d *doctor) token(ctx context.Context) finding {
	credential := credential(d.config, d.transport(), d.log)
	var tokens rest.Tokens = graph.Nobody{}
	f := skipped("no certificate")
	if credential.Certificate != "" {
		app, err := graph.NewAppTokens(credential)
		if err != nil {
			f = skipped("see the certificate")
		} else if value, err := app.Token(ctx, ""); err != nil {
			f = failed(err, adviceOn(err, "look the code up at "+strings.TrimSuffix(d.config.LoginURL, "/")+"/error"))
		} else {
			tokens, d.app, f = app, true, ok("the application gets one")
			d.roles, d.rolesRead = graph.Roles(value)
		}
	}
	calendars, err := graph.New(d.config.GraphURL, d.transport(), tokens)
	if err != nil {
		return failed(err, "correct "+both("graph_url"))
	}
	d.calendars = calendars
	d.owners = &owners{calendars: calendars, credential: credential, store: d.store}
	if d.store != nil && d.key != nil {
		d.owners.SignIns = signIns(d.config, d.key, d.store, true)
	}
	return f
}

// signIns counts who signed in.
func (d *doctor) signIns(ctx context.Context) finding {
	if d.owners.Shared == nil {
		return skipped("needs Redis and the key file")
	}
	if err := d.owners.look(ctx); err != nil {
		return failed(err, "see redis")
	}
	n := len(d.owners.mailboxes())
	switch {
	case n > 0:
		return ok("served as their owners: %d", n)
	case d.config.ClientCertificate == "":
		return skipped("nobody has signed in, and there is no application: no mailbox is served")
	}
	return skipped("nobody has signed in: all mailboxes are served by the application")
}

// choose finds the subject.
func (d *doctor) choose(ctx context.Context) {
	d.subject.Address = strings.ToLower(d.command.Mailbox)
	if d.subject.Address != "" {
		return
	}
	if signedIn := d.owners.mailboxes(); !d.app && len(signedIn) > 0 {
		d.subject.Mailbox = signedIn[0]
		return
	}
	names, _ := configuredMailboxes(d.config.Mailboxes) // which was looked at
	for _, name := range names {
		if !strings.HasPrefix(name, "group:") {
			d.subject.Address = name
			return
		}
	}
	if d.store == nil {
		return
	}
	if enrolled, err := d.store.Mailboxes(ctx); err == nil && len(enrolled) > 0 {
		d.subject.Mailbox = enrolled[0]
	}
}

// calendarOf is the subject's calendar, as whoever serves it.
func (d *doctor) calendarOf() *graph.Calendar { return d.owners.open(d.subject.Mailbox) }

// own reports that the subject's owner has signed in.
func (d *doctor) own() bool {
	return slices.ContainsFunc(d.owners.mailboxes(), func(m delta.Mailbox) bool {
		return strings.EqualFold(m.ID, d.subject.ID) || strings.EqualFold(m.Address, d.subject.Address)
	})
}

// unasked says why nothing can be asked of Graph; ok is true where it can.
func (d *doctor) unasked() (f finding, ok bool) {
	switch {
	case d.subject.Address == "":
		return skipped("no mailbox is enrolled: name one with --mailbox"), false
	case !d.app && !d.own():
		return skipped("no token for %s", d.subject.Address), false
	}
	return f, true
}

// directory finds the subject.
func (d *doctor) directory(ctx context.Context) finding {
	d.choose(ctx)
	if f, ok := d.unasked(); !ok {
		return f
	}
	for _, m := range d.owners.mailboxes() {
		if strings.EqualFold(m.Address, d.subject.Address) {
			d.subject.Mailbox = m
		}
	}
	m, host, err := d.calendarOf().Mailbox(ctx)
	if errors.Is(err, delta.ErrMailbox) && !d.own() { // by another address
		m, host, err = d.calendars.User(ctx, d.subject.Address)
	}
	switch {
	case err == nil:
		d.subject.Mailbox, d.subject.found, d.host = m, true, host
		return ok("%s was found", m.Address)
	case errors.Is(err, delta.ErrMailbox):
		return failed(fmt.Errorf("%s is not in the directory", d.subject.Address), "correct the address")
	case errors.Is(err, delta.ErrSignedOut):
		return failed(err, "syncd login "+d.subject.Address)
	}
	return failed(err, adviceOn(err, "grant the application permission User.Read.All in Entra, with admin consent"))
}

// probe asks something of the subject's mailbox.
func (d *doctor) probe(ctx context.Context, permission string, ask func(context.Context) error) finding {
	if f, ok := d.unasked(); !ok {
		return f
	}
	err := ask(ctx)
	switch {
	case err == nil && d.own():
		return ok("%s: its owner's sign-in has it", permission)
	case err == nil && d.rolesRead && !d.granted(permission):
		return ok("%s: not from Entra, so Exchange grants it (RBAC for Applications)", permission)
	case err == nil:
		return ok("%s: granted", permission)
	case errors.Is(err, delta.ErrMailbox):
		return failed(err, d.subject.Address+" has no mailbox in the cloud: take another")
	case errors.Is(err, delta.ErrSignIn):
		return failed(err, "syncd login "+d.subject.Address)
	case errors.Is(err, delta.ErrAccess), errors.Is(err, delta.ErrCredentials):
		if d.rolesRead && d.granted(permission) {
			return failed(err, d.subject.Address+" is outside the application's scope: put it in (README, step 3)")
		}
		return failed(err, "grant "+permission+" in Entra with admin consent, or in Exchange for chosen mailboxes (README, steps 2 and 3); either takes a while")
	}
	return failed(err, adviceOn(err, "see the reason in the README"))
}

func (d *doctor) granted(permission string) bool { return slices.Contains(d.roles, permission) }

func (d *doctor) settings(ctx context.Context) finding {
	return d.probe(ctx, "MailboxSettings.Read", func(ctx context.Context) error { return d.calendarOf().SettingsReadable(ctx) })
}

// calendar tries to read. That writing works too only a test event shows.
func (d *doctor) calendar(ctx context.Context) finding {
	f := d.probe(ctx, "Calendars.ReadWrite", func(ctx context.Context) error { return d.calendarOf().Readable(ctx) })
	if f.Status == checkOK && !d.own() && !d.granted("Calendars.ReadWrite") && d.command.Mailbox == "" {
		f.Detail = "the calendar can be read"
		f.Do = "see with --mailbox M that it can be written too"
	}
	return f
}

// groups asks for each directory group in the list of mailboxes, and for distribution lists where the directory is to tell them.
func (d *doctor) groups(ctx context.Context) finding {
	names, _ := configuredMailboxes(d.config.Mailboxes)
	names = slices.DeleteFunc(names, func(n string) bool { return !strings.HasPrefix(n, "group:") })
	if len(names) == 0 && !d.config.Lists.Directory {
		return skipped("no group is configured, nor is the directory to tell distribution lists")
	}
	if !d.app {
		return failed(errors.New("groups need the application, which has no token"), "see certificate and token")
	}
	grant := "grant the application permission GroupMember.Read.All in Entra, with admin consent"
	for _, name := range names {
		group := strings.TrimPrefix(name, "group:")
		err := d.calendars.GroupReadable(ctx, group)
		switch {
		case errors.Is(err, delta.ErrMailbox):
			return failed(fmt.Errorf("there is no group %s", group), "correct "+both("mailboxes"))
		case err != nil:
			return failed(err, adviceOn(err, grant))
		}
	}
	if d.config.Lists.Directory {
		if _, err := d.calendars.Lists(ctx, []string{"nobody@example.invalid"}); err != nil {
			return failed(err, adviceOn(err, grant))
		}
	}
	return ok("GroupMember.Read.All: %d groups of mailboxes can be read", len(names))
}

// outside wants to be refused.
func (d *doctor) outside(ctx context.Context) finding {
	m := d.command.Outside
	switch {
	case !d.app && d.config.ClientCertificate != "":
		return skipped("needs the application, which has no token")
	case !d.app:
		return skipped("no application: people's tokens reach their own mailboxes only")
	case m == "":
		return skipped("name a mailbox that must be closed to the application with --outside")
	}
	err := d.calendars.Calendar(delta.Mailbox{Address: strings.ToLower(m)}).Readable(ctx)
	switch {
	case errors.Is(err, delta.ErrAccess):
		return ok("%s answers 403", m)
	case err == nil:
		return failed(fmt.Errorf("the application can read %s", m),
			"limit it to the mailboxes that are enrolled (README, step 3), and take Calendars.ReadWrite away in Entra: grants add up")
	case errors.Is(err, delta.ErrMailbox):
		return failed(err, "name a mailbox that exists: a missing one tells nothing")
	}
	return failed(err, adviceOn(err, "ask again later"))
}

// testEvent makes an event towards the end of the window, writes into it, and removes it whatever happens.
func (d *doctor) testEvent(ctx context.Context) (f finding) {
	switch {
	case d.command.Mailbox == "":
		return skipped("name a mailbox for it with --mailbox")
	case !d.subject.found:
		return skipped("the mailbox was not found")
	}
	calendar, word := d.calendarOf(), rand.Text()
	ahead := d.config.WindowAhead - 48*time.Hour
	start := time.Now().Add(max(ahead, d.config.WindowAhead/2)).UTC().Truncate(time.Hour)
	id := ""
	defer func() { f = d.cleanUp(f, calendar, start, &id, word) }()
	id, etag, err := calendar.MakeTrial(ctx, word, start)
	if err == nil {
		err = calendar.PatchTrial(ctx, id, etag, word)
	}
	switch {
	case err == nil:
		return ok("made, patched and removed in %s", d.subject.Address)
	case errors.Is(err, delta.ErrAccess), errors.Is(err, delta.ErrCredentials):
		return failed(err, "grant Calendars.ReadWrite, not just Calendars.Read (README, steps 2 and 3)")
	}
	return failed(err, adviceOn(err, "see the reason in the README"))
}

// cleanUp removes the test event, also when the command was told to stop, and says what is left where that fails.
func (d *doctor) cleanUp(f finding, calendar *graph.Calendar, start time.Time, id *string, word string) finding {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(d.ctx), patience)
	defer cancel()
	const tries = 3
	var err error
	for try := 0; try < tries; try++ {
		if _, err = calendar.DropTrial(ctx, *id, word); err == nil {
			return f
		}
		if !errors.Is(err, delta.ErrUnclear) && !errors.Is(err, delta.ErrTrouble) || rest.Wait(ctx, time.Second) != nil {
			break
		}
	}
	if *id == "" && f.Status == checkFailed && !errors.Is(err, delta.ErrUnclear) && !errors.Is(err, delta.ErrTrouble) {
		return f // nothing was made, and nothing may be looked for
	}
	left := fmt.Sprintf("an event \"syncd doctor\" may be left in %s at %s", d.subject.Address, start.Format(time.RFC3339))
	if *id != "" {
		left += ", id " + *id
	}
	detail := fmt.Errorf("%s: %w", left, err)
	if f.Status == checkFailed {
		detail = fmt.Errorf("%s; %w", f.Detail, detail)
	}
	return failed(detail, "delete it by hand; nobody is invited to it")
}
