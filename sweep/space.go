package sweep

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
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
		if err := r.closeSpace(ctx, *record); err != nil {
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
	case looked != nil:
		return nil, looked // the next try looks again before it makes one
	case len(found) > 0:
		r.newborn[found[0].ID] = err == nil && found[0].ID == made.ID
		return found, nil
	case err != nil:
		return nil, err
	}
	r.newborn[made.ID] = true // lists lag
	return []delta.MadeSpace{made}, nil
}

// spacesOf lists the spaces that carry a tag, the oldest first.
func (r *run) spacesOf(ctx context.Context, tag string) ([]delta.MadeSpace, error) {
	if r.spaces.refusing(r.now) {
		return nil, errSpaceScope
	}
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
		if err := r.spaceTrouble(ctx, s.ID, record, err); err != nil || record.Space.ID == "" {
			return err
		}
	}
	record.Space.Title = sum
	return nil
}

// postLink says in the space how to join the meeting, once for each meeting.
func (r *run) postLink(ctx context.Context, s delta.Seen, record *delta.Record, details *parser.Details) error {
	if record.Space.Posted == record.Meeting {
		return nil
	}
	if details == nil {
		read, err := r.details(ctx, *record)
		if err != nil {
			return err
		}
		details = &read
	}
	words, err := r.blockWords(ctx)
	if err != nil {
		return err
	}
	ours := func(m delta.Message) bool { return strings.Contains(m.Text, details.Link) }
	if err := r.sayOnce(ctx, record.Space.ID, words.Join+"\n"+details.Link, ours); err != nil {
		if err := r.spaceTrouble(ctx, s.ID, record, err); err != nil || record.Space.ID == "" {
			return err
		}
	}
	record.Space.Posted = record.Meeting
	return r.interim(ctx, s.ID, *record)
}

// sayOnce says something in a space, unless it stands there. Of what two daemons said at once the oldest stays.
func (r *run) sayOnce(ctx context.Context, space, text string, same func(delta.Message) bool) error {
	if !r.newborn[space] {
		said, err := r.said(ctx, space, same)
		if err != nil || slices.ContainsFunc(said, same) {
			return err
		}
	}
	if err := r.mayWrite(ctx); err != nil {
		return err
	}
	if err := r.ofWebex(ctx, r.Meetings.Say(ctx, space, text)); err != nil {
		return err
	}
	said, err := r.said(ctx, space, same)
	if err != nil {
		return err
	}
	said = slices.DeleteFunc(said, func(m delta.Message) bool { return !same(m) })
	return r.unsay(ctx, said[:max(len(said)-1, 0)])
}

func (r *run) said(ctx context.Context, space string, enough func(delta.Message) bool) ([]delta.Message, error) {
	if err := r.webexReady(ctx); err != nil {
		return nil, err
	}
	said, err := r.Meetings.Said(ctx, space, enough)
	return said, r.ofWebex(ctx, err)
}

func (r *run) unsay(ctx context.Context, messages []delta.Message) error {
	for _, m := range messages {
		if err := r.mayWrite(ctx); err != nil {
			return err
		}
		if err := r.ofWebex(ctx, r.Meetings.Unsay(ctx, m.ID)); err != nil && !errors.Is(err, delta.ErrGone) {
			return err
		}
	}
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

// leaveSpace closes the space of an event that is withdrawn. Where the record may not know of one, the tag does.
func (r *run) leaveSpace(ctx context.Context, event string, record delta.Record, sure bool) error {
	known := record.Space.ID != "" || sure || record.Space.Lacks == delta.SpaceGone
	if !known && record.Kind != delta.MyRoom && record.Kind != delta.OneTime {
		found, err := r.spacesOf(ctx, r.Keys.Tag(r.mailbox.ID, event))
		if err != nil && !errors.Is(err, errSpaceScope) {
			return err
		}
		for _, space := range found {
			record.Space.ID = space.ID
			if err := r.closeSpace(ctx, record); err != nil {
				return err
			}
		}
		return nil
	}
	err := r.closeSpace(ctx, record)
	if err != nil && refuses(err) {
		return r.spaceTrouble(ctx, event, &record, err)
	}
	return err
}

// closeSpace says in a space that its meeting is off. The space stays, for people have talked in it; one in which nothing was ever
// said, and so nobody is, goes. What was over needs no word.
func (r *run) closeSpace(ctx context.Context, record delta.Record) error {
	id := record.Space.ID
	if id == "" || r.over(record) {
		return nil
	}
	any := func(delta.Message) bool { return true }
	said, err := r.said(ctx, id, any)
	if errors.Is(err, delta.ErrGone) {
		gone, looked := r.spaceGone(ctx, id)
		if gone {
			return nil
		}
		err = cmp.Or(looked, fmt.Errorf("%w: no messages of a space that is there", delta.ErrTrouble))
	}
	switch {
	case err != nil:
		return err
	case len(said) == 0:
		return r.dropSpace(ctx, id)
	case isOff(said[0]):
		return nil
	}
	words, err := r.blockWords(ctx)
	if err != nil {
		return err
	}
	if err := r.mayWrite(ctx); err != nil {
		return err
	}
	if err := r.ofWebex(ctx, r.Meetings.Say(ctx, id, words.Off)); err != nil {
		return err
	}
	if said, err = r.said(ctx, id, any); err != nil {
		return err
	}
	offs := slices.IndexFunc(said, func(m delta.Message) bool { return !isOff(m) })
	return r.unsay(ctx, said[:max(offs-1, 0)])
}

// isOff tells the word that a meeting is off from the one how to join it.
func isOff(m delta.Message) bool { return !strings.Contains(m.Text, "https://") }

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

// closeTagged closes the spaces of events that are gone, and of which nothing is remembered.
func (r *run) closeTagged(ctx context.Context, tags []string) error {
	for _, tag := range tags {
		found, err := r.spacesOf(ctx, tag)
		if errors.Is(err, errSpaceScope) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, space := range found {
			if err := r.closeSpace(ctx, delta.Record{Space: delta.SpaceRecord{ID: space.ID}}); err != nil {
				return err
			}
		}
	}
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
		return r.store(err)
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
		r.owing[id] = true
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

// spaceIndex knows the spaces that this account made for events, so that only what is new has to be listed to find one.
type spaceIndex struct {
	mu      sync.Mutex
	byTag   map[string][]delta.MadeSpace // guarded by mu; each list the oldest first
	newest  time.Time                    // guarded by mu; by Webex's clock
	refused time.Time                    // guarded by mu; when the token was last found to lack the scopes
}

const (
	listLag    = 10 * time.Minute // how long a new space may take to be listed
	refusalFor = time.Hour
)

// since is from when on spaces have to be listed; zero for all of them.
func (x *spaceIndex) since() time.Time {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.newest.IsZero() {
		return time.Time{}
	}
	return x.newest.Add(-listLag)
}

// learn takes new spaces in and gives those that carry a tag.
func (x *spaceIndex) learn(spaces []delta.MadeSpace, tag string) []delta.MadeSpace {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.byTag == nil {
		x.byTag = map[string][]delta.MadeSpace{}
	}
	for _, s := range spaces {
		same := func(o delta.MadeSpace) bool { return o.ID == s.ID }
		list := append(slices.DeleteFunc(x.byTag[s.Tag], same), s)
		slices.SortFunc(list, func(a, b delta.MadeSpace) int {
			return cmp.Or(a.Created.Compare(b.Created), strings.Compare(a.ID, b.ID))
		})
		x.byTag[s.Tag] = list
		x.newest = latest(x.newest, s.Created)
	}
	return slices.Clone(x.byTag[tag])
}

func (x *spaceIndex) forget(id string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for tag, list := range x.byTag {
		if list = slices.DeleteFunc(list, func(s delta.MadeSpace) bool { return s.ID == id }); len(list) == 0 {
			delete(x.byTag, tag)
		} else {
			x.byTag[tag] = list
		}
	}
}

func (x *spaceIndex) refuse(now time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.refused = now
}

func (x *spaceIndex) refusing(now time.Time) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return !x.refused.IsZero() && now.Sub(x.refused) < refusalFor
}
