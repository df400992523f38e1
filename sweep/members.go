package sweep

import (
	"context"
	"errors"
	"maps"
	"slices"

	"syncd/delta"
)

// members brings the members of the event's space in line with it. Who was in it before stays, whoever comes or goes; who left of
// his own accord is not fetched back.
func (r *run) members(ctx context.Context, s delta.Seen, record *delta.Record, guests []string) error {
	space := &record.Space
	if space.ID == "" {
		return nil
	}
	host, err := r.host(ctx)
	if err != nil {
		return err
	}
	there := map[string]string{} // address → membership
	if !r.newborn[space.ID] {
		list, err := r.Meetings.Members(ctx, space.ID)
		if err != nil {
			return r.spaceTrouble(ctx, s.ID, record, err)
		}
		for _, m := range list {
			there[m.Address] = m.ID
		}
	}
	wanted := append([]string{host}, guests...)
	if len(guests) > delta.MaxSpace {
		r.report.Reasons[delta.SpaceTooLarge]++
		wanted = nil // nobody else comes in
	}
	if err := r.join(ctx, s, record, wanted, there); err != nil || space.ID == "" {
		return err
	}
	delete(r.newborn, space.ID)
	var around delta.People
	for _, address := range slices.Concat(guests, []string{host}, slices.Collect(maps.Keys(there))) {
		around = around.With(r.Keys.Person(space.ID, address))
	}
	space.Added = space.Added.Among(around) // who is neither wanted nor there did not leave by himself: wanted again, he comes in again
	for _, address := range append(guests, host) {
		delete(there, address)
	}
	for address, membership := range there {
		person := r.Keys.Person(space.ID, address)
		if !space.Added.Has(person) {
			continue
		}
		refused, err := r.removeMember(ctx, s, membership)
		if err != nil {
			return err
		}
		if refused {
			record.Partial = true
			continue
		}
		space.Added = space.Added.Without(person)
		// Crash here: he is not in it any more, and whether his mark goes is all the same.
	}
	return nil
}

// join adds who is missing. That they are ours is remembered before they are.
func (r *run) join(ctx context.Context, s delta.Seen, record *delta.Record, wanted []string, there map[string]string) error {
	space := &record.Space
	var missing []string
	for _, address := range wanted {
		person := r.Keys.Person(space.ID, address)
		joining := space.Adding && (space.Joining == "" || space.Joining.Has(person))
		left := space.Added.Has(person) && !joining
		if _, in := there[address]; in || left {
			continue
		}
		missing = append(missing, address)
		space.Added = space.Added.With(person)
	}
	if len(missing) == 0 {
		space.Adding, space.Joining = false, ""
		return nil
	}
	space.Adding, space.Joining = true, ""
	for _, address := range missing {
		space.Joining = space.Joining.With(r.Keys.Person(space.ID, address))
	}
	if err := r.interim(ctx, s.ID, *record); err != nil {
		return err
	}
	// Crash here: some of them are in it, all of them count as ours, and the others are added when it is looked at again.
	for _, address := range missing {
		if err := r.mayWrite(ctx); err != nil {
			return err
		}
		err := r.ofWebex(ctx, r.Meetings.AddMember(ctx, space.ID, address))
		if refuses(err) { // somebody left out by mistake would stay out
			err = r.ofWebex(ctx, r.Meetings.AddMember(ctx, space.ID, address))
		}
		switch {
		case err == nil:
			continue
		case !refuses(err):
			return err
		case errors.Is(err, delta.ErrConflict): // somebody else was faster, which the list tells in a day
			record.Partial = true
		case errors.Is(err, delta.ErrGone):
			if err := r.spaceTrouble(ctx, s.ID, record, err); err != nil || space.ID == "" {
				return err
			}
			fallthrough
		default:
			r.report.Reasons[delta.MemberRefused]++
			record.Partial = true
			r.log.Warn().Err(err).Str("event", s.ID).Msg("Webex does not take somebody into a space")
		}
		space.Added = space.Added.Without(r.Keys.Person(space.ID, address))
	}
	space.Adding, space.Joining = false, ""
	return r.interim(ctx, s.ID, *record)
}

func (r *run) removeMember(ctx context.Context, s delta.Seen, membership string) (refused bool, err error) {
	if err := r.mayWrite(ctx); err != nil {
		return false, err
	}
	err = r.ofWebex(ctx, r.Meetings.RemoveMember(ctx, membership))
	if refuses(err) {
		err = r.ofWebex(ctx, r.Meetings.RemoveMember(ctx, membership))
	}
	if errors.Is(err, delta.ErrGone) { // a list said otherwise, and is asked once more in a day
		return true, nil
	}
	if !refuses(err) {
		return false, err
	}
	r.report.Reasons[delta.MemberRefused]++
	r.log.Warn().Err(err).Str("event", s.ID).Msg("Webex does not let somebody out of a space")
	return true, nil
}
