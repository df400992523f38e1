package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"syncd/delta"
)

// another is the mailbox that is enrolled under the address of m and is not m.
func (e enrolled) another(m delta.Mailbox) (other delta.Mailbox, ok bool) {
	other, ok = e[m.Address]
	return other, ok && m.ID != "" && other.ID != "" && !strings.EqualFold(other.ID, m.ID)
}

// errTaken says that an address is enrolled for another mailbox.
var errTaken = errors.New("the address is enrolled for another mailbox")

// makeWay sees that nobody else is enrolled under the address of a mailbox. Somebody is where he was renamed and a newcomer got his
// address: he is enrolled under the one that he has now, else his meetings would be the newcomer's. One whose mailbox is gone is not
// enrolled any more.
func (e *engine) makeWay(ctx context.Context, m delta.Mailbox, known enrolled) error {
	other, ok := known.another(m)
	if !ok {
		return nil
	}
	now, err := e.owners.find(ctx, other.ID)
	switch {
	case errors.Is(err, delta.ErrMailbox):
		if err = e.roster.drop(other); err == nil {
			err = e.store.Unenroll(ctx, other)
		}
		if err == nil {
			e.log.Info().Str("mailbox", other.Address).Str("was", other.ID).Str("is", m.ID).Msg("the address is another mailbox's now, and the one that had it is gone: unenrolled")
		}
		return err
	case err != nil:
		return fmt.Errorf("%w, %s, which cannot be looked up: %w", errTaken, other.ID, err)
	case now.Address == m.Address:
		return fmt.Errorf("%w, %s, whose address it is too by the directory", errTaken, other.ID)
	}
	// If we crash after this, he is enrolled under both, and the newcomer takes the one from him next time.
	if err := e.store.Enroll(ctx, now); err != nil {
		return err
	}
	known.add(now)
	e.log.Info().Str("mailbox", now.Address).Str("was", other.Address).Msg("has another address by now: enrolled under that")
	return e.roster.add(now, now.Address)
}
