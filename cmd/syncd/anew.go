package main

import (
	"context"
	"slices"
	"strings"

	"syncd/delta"
)

// madeAnew looks whether a mailbox that is gone was made anew: the configuration names it, and in the directory that name is another's
// by now, who is enrolled in its place. Whom somebody enrolled by hand he may have meant in person.
func (e *engine) madeAnew(ctx context.Context, gone delta.Mailbox) (anew delta.Mailbox, ok bool) {
	names, err := configuredMailboxes(e.config.Mailboxes)
	if err != nil {
		return anew, false
	}
	aliases, err := e.store.Aliases(ctx, names)
	if err != nil {
		return anew, false
	}
	i := slices.IndexFunc(names, func(name string) bool {
		return name == gone.Address || strings.Contains(name, "@") && strings.EqualFold(aliases[name], gone.ID)
	})
	if i < 0 {
		return anew, false
	}
	if anew, err = e.owners.find(ctx, names[i]); err != nil || strings.EqualFold(anew.ID, gone.ID) {
		return anew, false // its mailbox may come back
	}
	if err = e.roster.drop(gone); err == nil {
		err = e.store.Unenroll(ctx, gone)
	}
	// If we crash here, the next start enrolls it.
	if err == nil {
		err = e.store.EnrollAs(ctx, anew, names[i])
	}
	if err != nil {
		e.log.Warn().Err(err).Str("mailbox", gone.Address).Msg("was made anew, and cannot be enrolled now")
		return anew, false
	}
	e.log.Info().Str("mailbox", gone.Address).Str("was", gone.ID).Str("is", anew.ID).Msg("the mailbox was made anew: enrolled with its new directory id")
	return anew, true
}
