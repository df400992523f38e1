package sweep

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"syncd/delta"
	"syncd/recurrence"
)

// Company is the people around a meeting: whom it invites, and who is in the space beside it. Nothing here writes into a calendar.
type Company interface {
	Invitees(ctx context.Context, host, meeting string) ([]delta.Invitee, error)
	Invite(ctx context.Context, host, meeting string, addresses []string) error
	Uninvite(ctx context.Context, host, invitee string) error

	Spaces(ctx context.Context, later time.Time) ([]delta.MadeSpace, error)
	MakeSpace(ctx context.Context, title, tag string) (delta.MadeSpace, error)
	Space(ctx context.Context, id string) (delta.MadeSpace, error)
	NameSpace(ctx context.Context, id, title string) error
	DropSpace(ctx context.Context, id string) error
	Members(ctx context.Context, space string) ([]delta.Member, error)
	AddMember(ctx context.Context, space, address string) error
	RemoveMember(ctx context.Context, membership string) error
	Said(ctx context.Context, space string, enough func(delta.Message) bool) ([]delta.Message, error)
	Say(ctx context.Context, space, text string) error
	Unsay(ctx context.Context, message string) error
}

// company brings along to Webex whom the event brings together. Where nobody came or went, nothing is asked.
func (r *run) company(ctx context.Context, s delta.Seen, record *delta.Record, state delta.RecordState) error {
	if state == delta.Following {
		return r.companyOfException(ctx, s, record)
	}
	if state != delta.Linked && state != delta.Silent {
		return nil
	}
	if !record.Kind.Owned() || record.Meeting == "" {
		return nil
	}
	guests, err := r.guests(ctx, s)
	if err != nil {
		return err
	}
	gathering := r.Keys.Gathering(r.mailbox.ID, record.Meeting, record.Space.ID, guests)
	if gathering == record.Company && !(record.Partial && r.owing[s.ID]) {
		return nil
	}
	record.Partial = record.Partial && record.Space.ID != "" && record.Space.Title != r.Keys.TitleSum(r.mailbox.ID, delta.Title(s.Subject))
	if guests, err = r.persons(ctx, guests); err != nil {
		return err
	}
	if err := r.members(ctx, s, record, guests); err != nil {
		return err
	}
	if s.Recurrence == nil && !s.Start.After(r.now) {
		return nil // who joins a meeting that has begun has been told how
	}
	err = r.invitees(ctx, record, record.Meeting, guests)
	if errors.Is(err, delta.ErrGone) {
		return errMeetingGone
	}
	if err != nil {
		return err
	}
	r.judgeGuests(s, guests)
	record.Company = gathering
	return nil
}

// companyOfException does that for an occurrence that shares its series' meeting. Webex takes the series' invitees for it until it
// is told of others, and again once the series' times were changed.
func (r *run) companyOfException(ctx context.Context, s delta.Seen, record *delta.Record) error {
	if !s.Series.Kind.Owned() || s.Series.Meeting == "" || !s.Start.After(r.now) {
		return nil
	}
	before := r.records[s.ID]
	if s.Reset || before.Fingerprint == "" {
		record.Company = ""
	}
	guests, err := r.guests(ctx, s)
	if err != nil {
		return err
	}
	likeSeries := r.Keys.Gathering(r.mailbox.ID, s.Series.Meeting, s.Series.Space.ID, guests) == s.Series.Company
	sure := !s.Fresh || before.State != delta.NoRecord // else it may have had others before the store was lost
	if record.Company == "" && likeSeries && sure {
		return nil
	}
	occurrence := recurrence.OccurrenceID(s.Series.Meeting, s.OriginalStart)
	gathering := r.Keys.Gathering(r.mailbox.ID, occurrence, "", guests)
	if gathering == record.Company && !(record.Partial && r.owing[s.ID]) {
		return nil
	}
	record.Partial = false
	if guests, err = r.persons(ctx, guests); err != nil {
		return err
	}
	if err := r.invitees(ctx, record, occurrence, guests); err != nil && !errors.Is(err, delta.ErrGone) {
		return err
	}
	if record.Company = gathering; likeSeries && !record.Partial {
		record.Company = ""
	}
	return nil
}

// guests lists whom an event brings together besides its organiser.
func (r *run) guests(ctx context.Context, s delta.Seen) ([]string, error) {
	host, err := r.host(ctx)
	if err != nil {
		return nil, err
	}
	return delta.Guests(s.Event, host, r.mailbox.Address), nil
}

// persons leaves the distribution lists out of the guests. Webex would take each for somebody with an address. What was told is summed
// up with them, so that nothing is asked while the same are invited.
func (r *run) persons(ctx context.Context, guests []string) ([]string, error) {
	if r.Lists == nil || len(guests) == 0 {
		return guests, nil
	}
	lists, err := r.Lists(ctx, guests)
	if refuses(err) || errors.Is(err, delta.ErrCredentials) { // of this one permission, as far as we know
		return nil, fmt.Errorf("%w: %v", delta.ErrLists, err)
	}
	if err != nil {
		return nil, r.ofMailbox(err)
	}
	return slices.DeleteFunc(slices.Clone(guests), func(a string) bool {
		list := slices.Contains(lists, a)
		if list {
			r.report.Reasons[delta.ListLeftOut]++
		}
		return list
	}), nil
}

// judgeGuests counts why not everybody is brought along.
func (r *run) judgeGuests(s delta.Seen, guests []string) {
	if s.HideOthers && len(s.Attendees) > 0 {
		r.report.Reasons[delta.GuestsHidden]++
	}
	if len(guests) > delta.MaxInvited {
		r.report.Reasons[delta.GuestsCut]++
	}
}

// invitees makes a meeting, series or occurrence invite just these people. The host is none of them, however Webex lists him.
func (r *run) invitees(ctx context.Context, record *delta.Record, meeting string, guests []string) error {
	err := r.invitedAll(ctx, record, meeting, guests)
	if errors.Is(err, errInvited) { // the list will tell
		delete(r.newborn, meeting)
		err = r.invitedAll(ctx, record, meeting, guests)
	}
	return err
}

// errInvited says that Webex has somebody as invited who was not in its list.
var errInvited = fmt.Errorf("%w: somebody is invited and not listed", delta.ErrTrouble)

func (r *run) invitedAll(ctx context.Context, record *delta.Record, meeting string, guests []string) error {
	host, err := r.host(ctx)
	if err != nil {
		return err
	}
	there := map[string]string{} // address → invitation
	if !r.newborn[meeting] {
		if err := r.webexReady(ctx); err != nil {
			return err
		}
		list, err := r.Meetings.Invitees(ctx, host, meeting)
		if err != nil {
			return r.ofWebex(ctx, err)
		}
		for _, i := range list {
			there[i.Address] = i.ID
		}
	}
	guests = guests[:min(len(guests), delta.MaxInvited)]
	var missing []string
	for _, address := range guests {
		if _, ok := there[address]; !ok {
			missing = append(missing, address)
		}
		delete(there, address)
	}
	for address, invitation := range there {
		if address == host || address == r.mailbox.Address {
			continue
		}
		if err := r.uninvite(ctx, record, host, invitation); err != nil {
			return err
		}
	}
	refused := 0
	for len(missing) > 0 {
		n := min(len(missing), inviteAtOnce)
		if err := r.invite(ctx, host, meeting, missing[:n], &refused); err != nil {
			delete(r.newborn, meeting) // somebody may be in it by now
			return err
		}
		missing = missing[n:]
	}
	delete(r.newborn, meeting)
	record.Partial = record.Partial || refused > 0
	return nil
}

const (
	// inviteAtOnce is how many people one request invites (Create Meeting Invitees).
	inviteAtOnce = 100
	// maxRefusals is after how many people who are refused one by one it is no use to go on: it is not they who are refused.
	maxRefusals = 20
)

// invite invites people. Webex takes all of them or none, so that who is refused is found by halves; the others are invited.
func (r *run) invite(ctx context.Context, host, meeting string, who []string, refused *int) error {
	if *refused > maxRefusals {
		return nil
	}
	if err := r.mayWrite(ctx); err != nil {
		return err
	}
	err := r.ofWebex(ctx, r.Meetings.Invite(ctx, host, meeting, who))
	if len(who) == 1 && refuses(err) { // somebody left out by mistake would stay out
		err = r.ofWebex(ctx, r.Meetings.Invite(ctx, host, meeting, who))
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, delta.ErrGone) || !refuses(err):
		return err
	case len(who) == 1 && errors.Is(err, delta.ErrConflict):
		return errInvited
	case len(who) == 1:
		*refused++
		r.report.Reasons[delta.GuestRefused]++
		r.log.Warn().Err(err).Msg("Webex does not take somebody as an invitee")
		return nil
	}
	half := len(who) / 2
	if err := r.invite(ctx, host, meeting, who[:half], refused); err != nil {
		return err
	}
	return r.invite(ctx, host, meeting, who[half:], refused)
}

func (r *run) uninvite(ctx context.Context, record *delta.Record, host, invitation string) error {
	if err := r.mayWrite(ctx); err != nil {
		return err
	}
	err := r.ofWebex(ctx, r.Meetings.Uninvite(ctx, host, invitation))
	if refuses(err) {
		err = r.ofWebex(ctx, r.Meetings.Uninvite(ctx, host, invitation))
	}
	if errors.Is(err, delta.ErrGone) { // a list said otherwise, and is asked once more in a day
		record.Partial = true
		return nil
	}
	if refuses(err) {
		r.report.Reasons[delta.GuestRefused]++
		record.Partial = true
		r.log.Warn().Err(err).Msg("Webex does not take an invitation back")
		return nil
	}
	return err
}

// mayWrite is asked before every write at Webex.
func (r *run) mayWrite(ctx context.Context) error {
	if err := r.webexReady(ctx); err != nil {
		return err
	}
	return r.effect()
}

// refuses reports that a vendor understood and will not do it, as far as that can be told from one answer.
func refuses(err error) bool {
	if errors.As(err, new(*delta.LaterError)) || errors.Is(err, delta.ErrUnclear) {
		return false
	}
	for _, kind := range []error{delta.ErrRefused, delta.ErrAccess, delta.ErrConflict, delta.ErrGone} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}
