package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rs/zerolog"

	"syncd/delta"
	"syncd/redisstore"
)

type unenrollCommand struct {
	Mailboxes []string `arg:"" name:"mailbox" help:"Addresses or directory ids."`
	Withdraw  bool     `help:"Take join details and meetings out first."`
	Plan      bool     `help:"With --withdraw: write nothing anywhere; tell what would be done."`
	Anyway    bool     `help:"With --withdraw: also what the configuration names, or a group in it has, and so is enrolled again."`
}

// Run unenrolls mailboxes. Their meetings and join details stay, unless they are withdrawn.
func (c *unenrollCommand) Run(s *surroundings) error {
	if err := named(c.Mailboxes); err != nil {
		return usageError{err}
	}
	switch {
	case c.Withdraw:
		return c.withdraw(s)
	case c.Plan, c.Anyway:
		return usageError{errors.New("--plan and --anyway go with --withdraw: to unenroll writes nothing into calendars")}
	}
	l, done, err := s.leaver()
	if err != nil {
		return err
	}
	return errors.Join(l.unenroll(s, c.Mailboxes), done())
}

// leaver is what it takes to unenroll mailboxes.
type leaver struct {
	config  *Config
	store   *redisstore.Store
	log     zerolog.Logger
	members func(ctx context.Context, group string) ([]delta.Mailbox, error) // of a group of the directory
	find    func(ctx context.Context, name string) (delta.Mailbox, error)    // in the directory; nil where it is not asked
}

// leaver opens the store, and the way to the directory where there are groups to ask about.
func (s *surroundings) leaver() (l leaver, done func() error, err error) {
	config, log, err := s.load(toReach...)
	if err != nil {
		return l, nil, err
	}
	groups, err := groupsOf(config)
	if err != nil {
		return l, nil, err
	}
	var unasked error
	if len(groups) > 0 {
		e, err := s.newEngine(false, false)
		if err == nil {
			return leaver{config, e.store, log, e.graph.Members, nil}, e.close, nil
		}
		unasked = err
	}
	store, err := s.openStore(config, log, false, false)
	if err != nil {
		return l, nil, err
	}
	cannot := func(context.Context, string) ([]delta.Mailbox, error) { return nil, unasked }
	return leaver{config, store, log, cannot, nil}, store.Close, nil
}

func (l leaver) unenroll(s *surroundings, names []string) error {
	if _, err := rosterOf(l.config, l.store, l.log).recall(s.ctx); err != nil {
		return err
	}
	list, err := l.store.Mailboxes(s.ctx)
	if err != nil {
		return err
	}
	mailboxes, err := pick(s.ctx, l.store, list, names)
	errs := []error{err}
	for _, m := range mailboxes {
		back, err := l.summoned(s.ctx, m)
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		if back != "" {
			fmt.Fprintf(s.err, "syncd: %s %s\n", m.Address, back)
		}
	}
	for _, m := range mailboxes {
		err := leave(s.ctx, l.config, l.store, m)
		if err == nil {
			fmt.Fprintln(s.out, "unenrolled", m.Address)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// When a mailbox is enrolled again that is named in the configuration, or is in a group there.
const (
	nextStart = "the next start enrolls it again"
	nextRead  = "the next read of the group enrolls it again, within an hour where a daemon runs"
)

// summoned says what in the configuration enrolls a mailbox again, or may, and when; "" for nothing.
func (l leaver) summoned(ctx context.Context, m delta.Mailbox) (string, error) {
	names, err := configuredMailboxes(l.config.Mailboxes)
	if err != nil {
		return "", usageError{err}
	}
	aliases, err := l.store.Aliases(ctx, names)
	if err != nil {
		return "", err
	}
	list, err := l.store.Mailboxes(ctx)
	if err != nil {
		return "", err
	}
	known := enrolledOf(list)
	maybe := ""
	for _, name := range names {
		group, isGroup := strings.CutPrefix(name, inGroup)
		if !isGroup {
			if l.calls(ctx, name, m, known, aliases) {
				return fmt.Sprintf("is named in %s, as %s, and has to be taken out there: %s", both("mailboxes"), name, nextStart), nil
			}
			continue
		}
		members, err := l.members(ctx, group)
		if err != nil {
			maybe = fmt.Sprintf("may be in %s of %s, which cannot be read (%v), and then has to be taken out of it: %s", name, both("mailboxes"), err, nextRead)
		}
		if slices.ContainsFunc(members, func(one delta.Mailbox) bool { return strings.EqualFold(one.ID, m.ID) }) {
			return fmt.Sprintf("is in %s of %s, and has to be taken out of it: %s", name, both("mailboxes"), nextRead), nil
		}
	}
	return maybe, nil
}

// calls reports whether a name in the configuration is that of a mailbox. One of nobody who is enrolled may be another address of it.
func (l leaver) calls(ctx context.Context, name string, m delta.Mailbox, known enrolled, aliases map[string]string) bool {
	if name == m.Address || m.ID != "" && (strings.EqualFold(name, m.ID) || strings.EqualFold(aliases[name], m.ID)) {
		return true
	}
	_, there := known[name]
	if there || aliases[name] != "" || l.find == nil {
		return false
	}
	found, err := l.find(ctx, name)
	return err == nil && strings.EqualFold(found.ID, m.ID)
}

// leave unenrolls a mailbox, and forgets its owner's sign-in and its place in the state folder first: these would enroll it again.
func leave(ctx context.Context, c *Config, store *redisstore.Store, m delta.Mailbox) error {
	if m.ID != "" {
		if _, err := signIns(c, nil, store, false).ForgetSignIn(ctx, m.ID); err != nil {
			return err
		}
	}
	if err := rosterOf(c, store, zerolog.Nop()).drop(m); err != nil {
		return err
	}
	return store.Unenroll(ctx, m)
}
