package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"syncd/delta"
)

// enrolled is who is enrolled, by address and by directory id, both in lower case.
type enrolled map[string]delta.Mailbox

func enrolledOf(list []delta.Mailbox) enrolled {
	known := make(enrolled, 2*len(list))
	for _, m := range list {
		known.add(m)
	}
	return known
}

func (e enrolled) add(m delta.Mailbox) {
	e[m.Address] = m
	if m.ID != "" {
		e[strings.ToLower(m.ID)] = m
	}
}

// has reports whether a mailbox needs not be enrolled. One that was not found is looked up by its sweeps.
func (e enrolled) has(m delta.Mailbox) bool {
	name := m.Address
	if m.ID != "" {
		name = strings.ToLower(m.ID)
	}
	_, ok := e[name]
	return ok
}

// enrollConfigured enrolls what the configuration names and is not enrolled yet. A mailbox that cannot be found is enrolled
// without a directory id; it is looked up again with every sweep, and shown as parked meanwhile. It gives the groups that cannot be
// read. enlisted, if set, is told that the list grew.
func (e *engine) enrollConfigured(ctx context.Context, enlisted func()) ([]unread, error) {
	names, err := e.names()
	if err != nil {
		return nil, err
	}
	members, _, err := e.named(ctx, slices.DeleteFunc(names, namesGroup))
	if err != nil {
		return nil, err
	}
	if err := e.enrollAll(ctx, append(members, e.owners.mailboxes()...), enlisted); err != nil { // whoever signed in, also after the store was lost
		return nil, err
	}
	return e.enrollJoined(ctx, enlisted)
}

// enrollJoined enrolls who is in the groups by now. It gives the groups that cannot be read.
func (e *engine) enrollJoined(ctx context.Context, enlisted func()) ([]unread, error) {
	groups, err := groupsOf(e.config)
	if err != nil { // it changed since
		return nil, err
	}
	members, failed, err := e.named(ctx, groups)
	if err != nil {
		return nil, err
	}
	return failed, e.enrollAll(ctx, members, enlisted)
}

// lookupsAtOnce is how many mailboxes are looked up at a time.
const lookupsAtOnce = 8

// enrollAll enrolls those who are not enrolled yet.
func (e *engine) enrollAll(ctx context.Context, members []delta.Mailbox, enlisted func()) error {
	list, err := e.store.Mailboxes(ctx)
	if err != nil {
		return err
	}
	known := enrolledOf(list)
	fresh, err := e.notEnrolled(ctx, members, known)
	if err != nil {
		return err
	}
	if len(fresh) > lookupsAtOnce {
		e.log.Info().Int("mailboxes", len(fresh)).Msg("mailboxes are new and are looked up")
	}
	for some := range slices.Chunk(fresh, lookupsAtOnce) {
		for i, looked := range e.lookUpAll(ctx, some) {
			m := some[i]
			if known.has(m) { // by another of its names
				continue
			}
			enrolled, err := e.enrollFound(ctx, m, looked, known, true)
			switch {
			case errors.Is(err, errTaken):
				e.log.Warn().Err(err).Str("mailbox", m.Address).Str("id", m.ID).Msg("cannot be enrolled now")
			case err != nil:
				return err
			default:
				known.add(enrolled)
			}
		}
		if enlisted != nil {
			enlisted()
		}
	}
	return nil
}

// lookedUp is what the directory says of a mailbox.
type lookedUp struct {
	found delta.Mailbox
	err   error
}

// lookUp looks a mailbox up, unless its id is known.
func (e *engine) lookUp(ctx context.Context, m delta.Mailbox) lookedUp {
	if m.ID != "" {
		return lookedUp{m, nil}
	}
	found, err := e.owners.find(ctx, m.Address)
	return lookedUp{found, err}
}

// lookUpAll looks some up at the same time.
func (e *engine) lookUpAll(ctx context.Context, some []delta.Mailbox) []lookedUp {
	looked := make([]lookedUp, len(some))
	var looking sync.WaitGroup
	for i, m := range some {
		looking.Go(func() { looked[i] = e.lookUp(ctx, m) })
	}
	looking.Wait()
	return looked
}

// names are what the configuration names. Its file may have changed since it was read.
func (e *engine) names() ([]string, error) {
	names, err := configuredMailboxes(e.config.Mailboxes)
	if err != nil {
		return nil, usageError{fmt.Errorf("%s: %w", both("mailboxes"), err)}
	}
	return names, nil
}

// configured are the mailboxes that the configuration names, the members of its groups, and whose owners have signed in.
func (e *engine) configured(ctx context.Context) (members []delta.Mailbox, failed []unread, err error) {
	names, err := e.names()
	if err != nil {
		return nil, nil, err
	}
	members, failed, err = e.named(ctx, names)
	return append(members, e.owners.mailboxes()...), failed, err // also after the store was lost
}

// named are mailboxes by their names, and the members of groups. Of the former nothing is known but what was typed. A group that
// cannot be read concerns its members only.
func (e *engine) named(ctx context.Context, names []string) (members []delta.Mailbox, failed []unread, err error) {
	for _, name := range names {
		group, isGroup := strings.CutPrefix(name, inGroup)
		if !isGroup {
			members = append(members, delta.Mailbox{Address: name})
			continue
		}
		found, err := e.graph.Members(ctx, group)
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		if err != nil {
			failed = append(failed, unread{name, err})
		}
		members = append(members, found...)
	}
	return members, failed, nil
}

// notEnrolled are those among some mailboxes.
func (e *engine) notEnrolled(ctx context.Context, members []delta.Mailbox, known enrolled) ([]delta.Mailbox, error) {
	fresh := slices.DeleteFunc(slices.Clone(members), known.has)
	names := make([]string, len(fresh))
	for i, m := range fresh {
		names[i] = m.Address
	}
	aliases, err := e.store.Aliases(ctx, names)
	return slices.DeleteFunc(fresh, func(m delta.Mailbox) bool {
		_, there := known[strings.ToLower(aliases[m.Address])]
		return m.ID == "" && there
	}), err
}

// enroll looks a mailbox up and enrolls it.
func (e *engine) enroll(ctx context.Context, m delta.Mailbox, known enrolled) (delta.Mailbox, error) {
	return e.enrollFound(ctx, m, e.lookUp(ctx, m), known, false)
}

// enrollFound enrolls a mailbox that was looked up under its primary address; one that is enrolled keeps the address that it has.
// lenient enrolls also what cannot be found now.
func (e *engine) enrollFound(ctx context.Context, m delta.Mailbox, looked lookedUp, known enrolled, lenient bool) (delta.Mailbox, error) {
	found, err := looked.found, looked.err
	switch {
	case err == nil:
		if there, ok := known[strings.ToLower(found.ID)]; ok && m.ID == "" && there.Address != strings.ToLower(found.ID) {
			found = there
		}
		if err := e.makeWay(ctx, found, known); err != nil {
			return m, err
		}
		if m.ID != "" {
			return found, e.store.Enroll(ctx, found)
		}
		return found, e.store.EnrollAs(ctx, found, m.Address)
	case ctx.Err() != nil, !lenient:
		return m, err
	}
	e.log.Warn().Err(err).Str("mailbox", m.Address).Msg("cannot be looked up now")
	return m, e.store.Enroll(ctx, m)
}

type enrollCommand struct {
	Mailboxes []string `arg:"" name:"mailbox" help:"Addresses or directory ids."`
}

// Run enrolls mailboxes, each or none of the ones that cannot be found.
func (c *enrollCommand) Run(s *surroundings) error {
	var wrong []error
	for _, name := range c.Mailboxes {
		wrong = append(wrong, checkMailbox(name))
	}
	if err := errors.Join(wrong...); err != nil {
		return usageError{err}
	}
	e, err := s.newEngine(false, false)
	if err != nil {
		return err
	}
	list, err := e.store.Mailboxes(s.ctx)
	if err != nil {
		return errors.Join(err, e.close())
	}
	var errs []error
	for _, name := range c.Mailboxes {
		name = strings.ToLower(name)
		m, err := e.enroll(s.ctx, delta.Mailbox{Address: name}, enrolledOf(list))
		if err == nil {
			err = e.roster.add(m, name)
		}
		switch {
		case err != nil:
		case m.Address == name:
			fmt.Fprintln(s.out, "enrolled", name)
		default:
			fmt.Fprintf(s.out, "enrolled %s, which is the address of %s\n", m.Address, name)
		}
		errs = append(errs, err)
	}
	return errors.Join(append(errs, e.close())...)
}
