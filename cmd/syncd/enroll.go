package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"syncd/delta"
	"syncd/redisstore"
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
	names, err := configuredMailboxes(e.config.Mailboxes)
	if err != nil { // it changed since
		return nil, usageError{fmt.Errorf("%s: %w", both("mailboxes"), err)}
	}
	names = slices.DeleteFunc(names, func(name string) bool { return strings.HasPrefix(name, inGroup) })
	members, _, err := e.named(ctx, names)
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

// configured are the mailboxes that the configuration names, the members of its groups, and whose owners have signed in.
func (e *engine) configured(ctx context.Context) (members []delta.Mailbox, failed []unread, err error) {
	names, err := configuredMailboxes(e.config.Mailboxes)
	if err != nil { // it changed since
		return nil, nil, usageError{fmt.Errorf("%s: %w", both("mailboxes"), err)}
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

// chosen are the enrolled mailboxes with the given addresses or ids, each once; all of them if none is given.
func chosen(enrolled []delta.Mailbox, names []string) ([]delta.Mailbox, error) {
	if len(names) == 0 {
		return enrolled, nil
	}
	if err := named(names); err != nil {
		return nil, err
	}
	var out []delta.Mailbox
	var errs []error
	taken := map[string]bool{}
	for _, name := range names {
		i := slices.IndexFunc(enrolled, func(m delta.Mailbox) bool {
			return strings.EqualFold(m.Address, name) || strings.EqualFold(m.ID, name)
		})
		if i < 0 {
			errs = append(errs, unenrolled(name))
			continue
		}
		if m := enrolled[i]; !taken[m.Key()] {
			out, taken[m.Key()] = append(out, m), true
		}
	}
	return out, errors.Join(errs...)
}

// unenrolled says how whoever is named could be enrolled.
func unenrolled(name string) error {
	if namesGroup(name) {
		return fmt.Errorf("%s is not enrolled: it is a group, whose members are, each by himself (see `syncd mailboxes`), where %s names it", name, both("mailboxes"))
	}
	return fmt.Errorf("%s is not enrolled: see `syncd mailboxes`, or `syncd enroll %s`", name, name)
}

// named refuses a mailbox without a name, such as an empty variable of a script gives. It must not stand for all of them.
func named(names []string) error {
	if slices.Contains(names, "") {
		return errors.New("a mailbox is named by an empty word: want an address or a directory id")
	}
	return nil
}

// unaliased gives names as [chosen] knows them: for another address, by which a mailbox was asked for when it was enrolled, its
// directory id.
func unaliased(ctx context.Context, store *redisstore.Store, enrolled []delta.Mailbox, names []string) ([]string, error) {
	if _, err := chosen(enrolled, names); err == nil || len(names) == 0 {
		return names, nil
	}
	lower := make([]string, len(names))
	for i, name := range names {
		lower[i] = strings.ToLower(name)
	}
	aliases, err := store.Aliases(ctx, lower)
	if err != nil {
		return nil, err
	}
	out := slices.Clone(names)
	for i, name := range lower {
		id, ok := aliases[name]
		if _, err := chosen(enrolled, names[i:i+1]); ok && err != nil {
			out[i] = id
		}
	}
	return out, nil
}

// pick are the enrolled mailboxes that are named, by whatever address they were enrolled by; all of them if none is.
func pick(ctx context.Context, store *redisstore.Store, enrolled []delta.Mailbox, names []string) ([]delta.Mailbox, error) {
	names, err := unaliased(ctx, store, enrolled, names)
	if err != nil {
		return nil, err
	}
	found, err := chosen(enrolled, names)
	if err != nil {
		err = usageError{err}
	}
	return found, err
}

// separated parts names at commas.
func separated(names []string) []string {
	var out []string
	for _, name := range names {
		for one := range strings.SplitSeq(name, ",") {
			out = append(out, strings.TrimSpace(one))
		}
	}
	return out
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
