package sweep

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"syncd/delta"
	"syncd/parser"
)

// An event has one space for as long as it lives: it is found again by its tag when the keyword is typed anew, and when all that
// was remembered is lost. The meeting comes first, then the space, then the meeting's link is said in it, then the block is
// written, whose mark so proves the link, and last come the people. An event never goes without its meeting because of a space.

// space makes sure that an event which asks for one has its space, under its name and with the link of its meeting in it, and that
// the space of one which does not ask any more says so. details may be nil where they are not at hand.
func (r *run) space(ctx context.Context, s delta.Seen, record *delta.Record, details *parser.Details) error {
	if record.Kind != delta.Space || s.SharesSpace() {
		sure := r.records[s.ID].State != delta.Intent // else one may have been made before its series asked for one, and we were cut off
		if err := r.leaveSpace(ctx, s.ID, *record, sure); err != nil {
			return err
		}
		record.Space = delta.SpaceRecord{}
		return nil
	}
	if record.Space.Lacks == delta.SpaceGone || record.Meeting == "" {
		return nil
	}
	if record.Space.ID == "" {
		if err := r.obtainSpace(ctx, s, record); err != nil || record.Space.ID == "" {
			return err
		}
	}
	if err := r.nameSpace(ctx, s, record); err != nil || record.Space.ID == "" {
		return err
	}
	return r.postLink(ctx, s, record, details)
}

// obtainSpace gets the event's space: the one that carries its tag, or a new one.
func (r *run) obtainSpace(ctx context.Context, s delta.Seen, record *delta.Record) error {
	guests, err := r.guests(ctx, s)
	switch {
	case err != nil:
		return err
	case record.Space.Lacks == delta.SpaceRefused && !r.owing[s.ID]:
		return nil
	case len(guests) > delta.MaxSpace:
		return r.withoutSpace(record, delta.SpaceTooLarge)
	}
	tag := r.Keys.Tag(r.mailbox.ID, s.ID)
	found, err := r.spacesOf(ctx, tag)
	if err == nil && len(found) == 0 {
		found, err = r.makeSpace(ctx, delta.Title(s.Subject), tag)
	}
	switch {
	case errors.Is(err, errSpaceScope):
		return r.withoutSpace(record, delta.SpaceScope)
	case err != nil && refuses(err) && r.records[s.ID].Tries >= patience:
		r.log.Warn().Err(err).Str("event", s.ID).Msg("Webex makes no space: the event does without")
		return r.withoutSpace(record, delta.SpaceRefused)
	case err != nil && refuses(err):
		return fmt.Errorf("%w: no space: %v", delta.ErrRefused, err)
	case err != nil:
		return err
	}
	for _, spare := range found[1:] {
		if err := r.dropSpace(ctx, spare.ID); err != nil {
			return err
		}
	}
	if record.Reason == record.Space.Lacks {
		record.Reason = ""
	}
	record.Space = delta.SpaceRecord{ID: found[0].ID, Title: r.Keys.TitleSum(r.mailbox.ID, found[0].Title)}
	return r.interim(ctx, s.ID, *record)
}

// patience is how often a refusal is not believed: the third one is.
const patience = 2

// withoutSpace leaves an event without a space.
func (r *run) withoutSpace(record *delta.Record, why delta.Reason) error {
	r.report.Reasons[why]++
	record.Space = delta.SpaceRecord{Lacks: why}
	record.Reason = cmp.Or(record.Reason, why)
	return nil
}

// makeSpace makes a space. It was just looked for; whether another daemon made one meanwhile, or an answer got lost, is looked for
// after. The oldest counts, for everybody.
func (r *run) makeSpace(ctx context.Context, title, tag string) ([]delta.MadeSpace, error) {
	if err := r.mayWrite(ctx); err != nil {
		return nil, err
	}
	made, err := r.Meetings.MakeSpace(ctx, title, tag)
	if err = r.ofWebex(ctx, err); err != nil && !errors.Is(err, delta.ErrUnclear) {
		return nil, err
	}
	found, looked := r.spacesOf(ctx, tag)
	switch {
	case errors.Is(looked, errSpaceScope) && err == nil:
		r.spaces.refuse(time.Time{}) // it listed them before it made one
		r.newborn.add(made.ID)
		return []delta.MadeSpace{made}, nil // there it is, whatever the list says
	case looked != nil:
		return nil, looked // the next try looks again before it makes one
	case len(found) > 0:
		if delete(r.newborn, found[0].ID); err == nil && found[0].ID == made.ID {
			r.newborn.add(made.ID)
		}
		return found, nil
	case err != nil:
		return nil, err
	}
	r.newborn.add(made.ID) // lists lag
	return []delta.MadeSpace{made}, nil
}

// spacesOf lists the spaces that carry a tag, the oldest first.
func (r *run) spacesOf(ctx context.Context, tag string) ([]delta.MadeSpace, error) {
	if r.spaces.refusing(r.now) {
		return nil, errSpaceScope
	}
	return r.spacesNow(ctx, tag)
}

// spacesNow lists them although the token was refused lately.
func (r *run) spacesNow(ctx context.Context, tag string) ([]delta.MadeSpace, error) {
	found, err := r.lookForSpaces(ctx, tag)
	if err != nil && refuses(err) { // a refusal that is wrong would cost the event its space
		found, err = r.lookForSpaces(ctx, tag)
	}
	if err != nil && refuses(err) {
		r.spaces.refuse(r.now)
		r.log.Warn().Err(err).Msg("the Webex token may not see spaces: events do without, until it may")
		return nil, errSpaceScope
	}
	return found, err
}

// errSpaceScope says that the token lacks the scopes for spaces.
var errSpaceScope = errors.New("no scope for spaces")

func (r *run) lookForSpaces(ctx context.Context, tag string) ([]delta.MadeSpace, error) {
	if err := r.webexReady(ctx); err != nil {
		return nil, err
	}
	since := r.spaces.since()
	fresh, err := r.Meetings.Spaces(ctx, since)
	if err != nil {
		return nil, r.ofWebex(ctx, err)
	}
	var found []delta.MadeSpace
	for _, space := range r.spaces.learn(fresh, tag) {
		if !slices.ContainsFunc(fresh, func(f delta.MadeSpace) bool { return f.ID == space.ID }) {
			_, err := r.Meetings.Space(ctx, space.ID)
			if errors.Is(err, delta.ErrGone) {
				r.spaces.forget(space.ID)
				continue
			}
			if err != nil {
				return nil, r.ofWebex(ctx, err)
			}
		}
		found = append(found, space)
	}
	return found, nil
}

// nameSpace gives the space its event's name, if that changed since. A name that people gave it stays until then.
func (r *run) nameSpace(ctx context.Context, s delta.Seen, record *delta.Record) error {
	title := delta.Title(s.Subject)
	sum := r.Keys.TitleSum(r.mailbox.ID, title)
	if sum == record.Space.Title {
		return nil
	}
	if record.Space.Title == "" { // the store was lost
		if err := r.webexReady(ctx); err != nil {
			return err
		}
		space, err := r.Meetings.Space(ctx, record.Space.ID)
		if err != nil {
			return r.spaceTrouble(ctx, s.ID, record, err)
		}
		if space.Title == title {
			record.Space.Title = sum
			return nil
		}
	}
	if err := r.mayWrite(ctx); err != nil {
		return err
	}
	if err := r.Meetings.NameSpace(ctx, record.Space.ID, title); err != nil {
		return r.spaceTrouble(ctx, s.ID, record, err)
	}
	record.Space.Title = sum
	return nil
}

// spaceTrouble says what a failure at a space means: nothing more to do where people deleted the space, or put syncd out of it; and
// where Webex refused for the third time.
func (r *run) spaceTrouble(ctx context.Context, event string, record *delta.Record, err error) error {
	err = r.ofWebex(ctx, err)
	if errors.Is(err, delta.ErrGone) {
		if gone, looked := r.spaceGone(ctx, record.Space.ID); gone {
			r.log.Info().Str("event", event).Msg("people deleted the space, or put syncd out of it: the event does without")
			return r.withoutSpace(record, delta.SpaceGone)
		} else if looked != nil {
			return looked
		}
	}
	switch {
	case !refuses(err):
		return err
	case r.records[event].Tries < patience:
		return fmt.Errorf("%w: %v", delta.ErrRefused, err)
	}
	r.report.Reasons[delta.SpaceRefused]++
	r.log.Warn().Err(err).Str("event", event).Msg("Webex refuses what is to be done in a space")
	record.Partial = true
	return nil
}

// spaceGone asks once more for a space that something was not found in.
func (r *run) spaceGone(ctx context.Context, id string) (bool, error) {
	_, err := r.Meetings.Space(ctx, id)
	if errors.Is(err, delta.ErrGone) {
		r.spaces.forget(id)
		return true, nil
	}
	return false, r.ofWebex(ctx, err)
}

// droppedSpace forgets the space of an event that was about to be left, if we had deleted it before we were cut off: else it would look
// as if people had.
func (r *run) droppedSpace(ctx context.Context, record *delta.Record) error {
	if record.Space.ID == "" {
		return nil
	}
	gone, err := r.spaceGone(ctx, record.Space.ID)
	if gone {
		record.Space = delta.SpaceRecord{}
	}
	return err
}

// dropSpace deletes a space that nobody but syncd is in.
func (r *run) dropSpace(ctx context.Context, id string) error {
	if err := r.webexReady(ctx); err != nil {
		return err
	}
	members, err := r.Meetings.Members(ctx, id)
	switch {
	case errors.Is(err, delta.ErrGone):
		_, err = r.spaceGone(ctx, id)
		return err // if it is there, it stays
	case err != nil:
		return r.ofWebex(ctx, err)
	case len(members) > 0:
		return nil
	}
	if err := r.effect(); err != nil {
		return err
	}
	if err := r.ofWebex(ctx, r.Meetings.DropSpace(ctx, id)); err != nil && !errors.Is(err, delta.ErrGone) {
		return err
	}
	r.spaces.forget(id) // should it be there after all, it is listed again
	return nil
}

// owed tries again what Webex refused, when the mailbox is looked over as a whole: spaces that could not be made, people who could
// not be brought in.
func (r *run) owed(ctx context.Context) error {
	due := r.memory.Resync() != nil || !r.cursor.OrphansAt.IsZero() && !r.now.Before(r.cursor.OrphansAt)
	if !due || r.dry {
		return nil
	}
	all, err := r.memory.AllRecords(ctx)
	if err != nil {
		return ofStore(err)
	}
	for id, record := range all {
		space := record.Space.Lacks == delta.SpaceScope || record.Space.Lacks == delta.SpaceRefused
		space = space && !r.spaces.refusing(r.now)
		settled := record.State == delta.Linked || record.State == delta.Silent || record.State == delta.Following
		if !space && !record.Partial || !settled || r.over(record) {
			continue
		}
		if err := r.recallMore(ctx, []string{id}); err != nil {
			return err
		}
		r.owing.add(id)
		e, err := r.read(ctx, id)
		switch {
		case errors.Is(err, delta.ErrGone): // a round will tell
			continue
		case err == nil:
			err = r.event(ctx, e)
		case !ends(ctx, err):
			err = r.later(ctx, delta.Event{ID: id}, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
