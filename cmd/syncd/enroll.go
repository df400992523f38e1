package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"syncd/delta"
	"syncd/redisstore"
)

// enrollConfigured enrolls what the configuration names and is not enrolled yet. A mailbox that cannot be found is enrolled
// without a directory id; it is looked up again with every sweep, and shown as parked meanwhile.
func (e *engine) enrollConfigured(ctx context.Context) error {
	names, err := configuredMailboxes(e.config.Mailboxes)
	if err != nil {
		return usageError{err}
	}
	enrolled, err := e.store.Mailboxes(ctx)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, m := range enrolled {
		known[m.Address] = m.ID != ""
		known[m.ID] = true
	}
	var members []delta.Mailbox
	for _, name := range names {
		group, isGroup := strings.CutPrefix(name, "group:")
		if !isGroup {
			members = append(members, delta.Mailbox{Address: name})
			continue
		}
		found, err := e.graph.Members(ctx, group)
		if err != nil {
			return err
		}
		members = append(members, found...)
	}
	members = append(members, e.owners.mailboxes()...) // also after the store was lost
	for _, m := range members {
		if known[m.Address] || m.ID != "" && known[m.ID] {
			continue
		}
		known[m.Address] = true
		if err := e.enroll(ctx, m, true); err != nil {
			return err
		}
	}
	return nil
}

// enroll looks a mailbox up, unless its id is known, and enrolls it. lenient enrolls also what cannot be found now.
func (e *engine) enroll(ctx context.Context, m delta.Mailbox, lenient bool) error {
	if m.ID == "" {
		found, err := e.owners.find(ctx, m.Address)
		switch {
		case err == nil:
			m = found
		case ctx.Err() != nil || errors.Is(err, delta.ErrCredentials) || !lenient:
			return err
		default:
			e.log.Warn().Err(err).Str("mailbox", m.Address).Msg("cannot be looked up now")
		}
	}
	return e.store.Enroll(ctx, m)
}

// configuredMailboxes reads the list of addresses and groups.
func configuredMailboxes(list string) ([]string, error) {
	names, err := listed(list, func(name string) bool { return strings.HasPrefix(name, "group:") })
	if err != nil {
		return nil, fmt.Errorf("%s: %w", both("mailboxes"), err)
	}
	return names, nil
}

// chosen are the enrolled mailboxes with the given addresses or ids; all of them if none is given.
func chosen(enrolled []delta.Mailbox, names []string) ([]delta.Mailbox, error) {
	if len(names) == 0 {
		return enrolled, nil
	}
	var out []delta.Mailbox
	var errs []error
	for _, name := range names {
		i := slices.IndexFunc(enrolled, func(m delta.Mailbox) bool {
			return strings.EqualFold(m.Address, name) || strings.EqualFold(m.ID, name)
		})
		if i < 0 {
			errs = append(errs, fmt.Errorf("%s is not enrolled: see `syncd mailboxes`, or `syncd enroll %s`", name, name))
			continue
		}
		out = append(out, enrolled[i])
	}
	return out, errors.Join(errs...)
}

type enrollCommand struct {
	Mailboxes []string `arg:"" name:"mailbox" help:"Addresses."`
}

// Run enrolls mailboxes, each or none of the ones that cannot be found.
func (c *enrollCommand) Run(s *surroundings) error {
	e, err := s.newEngine(false, false)
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range c.Mailboxes {
		err := e.enroll(s.ctx, delta.Mailbox{Address: strings.ToLower(name)}, false)
		if err == nil {
			fmt.Fprintln(s.out, "enrolled", strings.ToLower(name))
		}
		errs = append(errs, err)
	}
	return errors.Join(append(errs, e.close())...)
}

// leave unenrolls a mailbox, and forgets its owner's sign-in first: who is signed in is enrolled.
func leave(ctx context.Context, c *Config, store *redisstore.Store, m delta.Mailbox) error {
	if m.ID != "" {
		if _, err := signIns(c, nil, store, false).ForgetSignIn(ctx, m.ID); err != nil {
			return err
		}
	}
	return store.Unenroll(ctx, m)
}

type unenrollCommand struct {
	Mailboxes []string `arg:"" name:"mailbox" help:"Addresses or directory ids."`
	Withdraw  bool     `help:"Take join details and meetings out first."`
	Plan      bool     `help:"With --withdraw: write nothing anywhere; tell what would be done."`
}

// Run unenrolls mailboxes. Their meetings and join details stay, unless they are withdrawn.
func (c *unenrollCommand) Run(s *surroundings) error {
	switch {
	case c.Withdraw:
		return c.withdraw(s)
	case c.Plan:
		return usageError{errors.New("--plan goes with --withdraw: to unenroll writes nothing into calendars")}
	}
	config, log, err := s.load()
	if err != nil {
		return err
	}
	store, err := s.openStore(config, log, false, false)
	if err != nil {
		return err
	}
	enrolled, err := store.Mailboxes(s.ctx)
	if err != nil {
		return errors.Join(err, store.Close())
	}
	mailboxes, err := chosen(enrolled, c.Mailboxes)
	errs := []error{err}
	for _, m := range mailboxes {
		err := leave(s.ctx, config, store, m)
		if err == nil {
			fmt.Fprintln(s.out, "unenrolled", m.Address)
		}
		errs = append(errs, err)
	}
	return errors.Join(append(errs, store.Close())...)
}
