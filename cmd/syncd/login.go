package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/rs/zerolog"

	"syncd/delta"
	"syncd/graph"
	"syncd/redisstore"
	"syncd/vault"
)

type loginCommand struct {
	Mailbox string `arg:"" help:"Address or directory id of the person who signs in."`
	Forget  bool   `help:"Take the sign-in back: forget its tokens."`
}

// Run signs one person in with a device code, for his own mailbox, and enrolls it. Nothing is kept of anybody else.
func (c *loginCommand) Run(s *surroundings) error {
	if err := checkMailbox(c.Mailbox); err != nil && !c.Forget { // what is kept was taken once
		return usageError{err}
	}
	config, log, err := s.load(toSignIn...)
	if err != nil {
		return err
	}
	transport, err := newTransport(config)
	if err != nil {
		return usageError{err}
	}
	defer transport.CloseIdleConnections()
	store, err := s.openStore(config, log, false, false)
	if err != nil {
		return err
	}
	key, err := config.keyOf(s.ctx, store, false)
	if err != nil {
		return errors.Join(err, store.Close())
	}
	l := &login{surroundings: s, config: config, store: store, kept: signIns(config, key, store, false), credential: credential(config, transport, log)}
	if c.Forget {
		err = l.forget(c.Mailbox)
	} else {
		err = l.signIn(c.Mailbox)
	}
	return errors.Join(err, store.Close())
}

// login is one run of the command.
type login struct {
	*surroundings
	config     *Config
	store      *redisstore.Store
	kept       vault.SignIns
	credential graph.Credential
}

func (l *login) signIn(name string) error {
	enrolled, err := l.enrolledAs(l.ctx, name)
	if err != nil {
		return err
	}
	signIn, err := graph.BeginSignIn(l.ctx, l.credential)
	if err != nil {
		return l.ended(err)
	}
	if _, err := fmt.Fprintf(l.out, "%s\nThe code can be used until %s. Only %s can use it; Ctrl-C ends it.\n",
		printable(signIn.Message), signIn.Expires.Local().Format(time.TimeOnly), name); err != nil {
		return err
	}
	person, err := signIn.Await(l.ctx)
	if err != nil {
		return l.ended(err)
	}
	if !person.Is(name) || enrolled.ID != "" && !strings.EqualFold(enrolled.ID, person.ID) {
		return fmt.Errorf("%s signed in, and not %s: nothing was kept", called(person), name)
	}
	if enrolled.ID == "" { // else its address stays
		enrolled.ID = person.ID
		if enrolled.Address == "" && strings.Contains(name, "@") {
			enrolled.Address = strings.ToLower(name)
		} else if enrolled.Address == "" {
			enrolled.Address = called(person)
		}
	}
	return l.keep(enrolled, person)
}

// called is how a person is called in messages.
func called(p graph.Person) string {
	if len(p.Addresses) == 0 {
		return p.ID
	}
	return p.Addresses[0]
}

// enrolledAs is the enrolled mailbox of a name; zero where there is none.
func (l *login) enrolledAs(ctx context.Context, name string) (delta.Mailbox, error) {
	enrolled, err := l.store.Mailboxes(ctx)
	if err != nil {
		return delta.Mailbox{}, err
	}
	if found, err := chosen(enrolled, []string{name}); err == nil {
		return found[0], nil
	}
	return delta.Mailbox{}, nil
}

// keep keeps a sign-in, enrolls the mailbox, and has it swept. A signal does not cut it off any more: the person is done.
func (l *login) keep(m delta.Mailbox, person graph.Person) error {
	const most = 20 * time.Second
	ctx, cancel := context.WithTimeout(context.WithoutCancel(l.ctx), most)
	defer cancel()
	if err := l.kept.KeepSignIn(ctx, person.ID, m.Address, person.Cache); err != nil {
		return err
	}
	// If we crash here, the next start enrolls who is signed in.
	known, err := l.enrolledAs(ctx, person.ID)
	if err == nil && known.ID == "" {
		err = errors.Join(l.store.Enroll(ctx, m), rosterOf(l.config, l.store, zerolog.Nop()).add(m, m.Address))
	}
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(l.out, "%s is signed in: the mailbox is enrolled, and served with this sign-in\n", m.Address); err != nil {
		return err
	}
	select { // until every daemon has heard of it; a sweep before that would park the mailbox again
	case <-l.ctx.Done():
	case <-time.After(ownersLook):
	}
	_, err = l.store.RequestResync(ctx, person.ID, false)
	return err
}

// ended says what became of a sign-in that gave nothing.
func (l *login) ended(err error) error {
	switch {
	case l.ctx.Err() != nil:
		return errors.New("stopped: nobody was signed in")
	case errors.Is(err, graph.ErrNotPublic):
		return usageError{err}
	}
	return fmt.Errorf("nobody was signed in: %w", err)
}

// forget takes a sign-in back. What the application may do with the mailbox stays.
func (l *login) forget(name string) error {
	known, _, err := l.kept.Known(l.ctx)
	if err != nil {
		return err
	}
	for id, address := range known {
		if !strings.EqualFold(id, name) && !strings.EqualFold(address, name) {
			continue
		}
		if _, err := l.kept.ForgetSignIn(l.ctx, id); err != nil {
			return err
		}
		_, err := fmt.Fprintf(l.out, "%s is not signed in any more\n", address)
		return err
	}
	return fmt.Errorf("%s is not signed in", name)
}

// printable keeps what a server says from moving about on a terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || unicode.IsPrint(r) {
			return r
		}
		return -1
	}, text)
}
