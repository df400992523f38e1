package sweep

import (
	"context"
	"maps"
	"slices"
	"strings"

	"syncd/delta"
)

// heldMeeting stands before a meeting's id where its removal is held.
const heldMeeting = "meeting:"

// heldMeetings are the meetings among held removals.
func heldMeetings(held []string) set {
	var meetings set
	for _, id := range held {
		if meeting, ok := strings.CutPrefix(id, heldMeeting); ok {
			meetings.add(meeting)
		}
	}
	return meetings
}

// dropOrphans deletes those meetings that an operator released, and the others unless they are more than the limit. What was held
// and is no orphan any more is held no longer.
func (r *run) dropOrphans(ctx context.Context, orphans []stray, listed int) error {
	before, accepted := heldMeetings(r.memory.HeldRemovals()), heldMeetings(r.memory.Accepted())
	held := slices.DeleteFunc(slices.Clone(orphans), func(s stray) bool { return accepted[s.id] })
	if !r.Limit.exceeded(len(held), listed) {
		held = nil
	}
	var release, hold set
	release = maps.Clone(before)
	for _, s := range held {
		hold.add(heldMeeting + s.id)
		delete(release, s.id)
	}
	var meetings, spaceless []string
	for _, s := range orphans {
		if !hold[heldMeeting+s.id] {
			meetings = append(meetings, s.id)
			if s.spaceless {
				spaceless = append(spaceless, s.tag)
			}
		}
	}
	if len(held) > 0 {
		r.log.Error().Int("meetings", len(held)).
			Msg("more meetings than the limit for removals have no event: held; check, then `syncd resync --accept-removals`")
		r.report.Reasons[delta.HeldBack] += len(held)
	}
	if len(meetings) > 0 {
		r.log.Info().Int("meetings", len(meetings)).Msg("deleting meetings whose events are gone")
		r.report.Reasons[delta.Orphaned] += len(meetings)
	}
	if err := r.closeTagged(ctx, spaceless); err != nil {
		return err
	}
	if err := r.drop(ctx, false, meetings...); err != nil {
		return err
	}
	r.report.Held += len(held) - len(before)
	batch := delta.Batch{Hold: slices.Sorted(maps.Keys(hold))}
	for id := range release {
		batch.Release = append(batch.Release, heldMeeting+id)
	}
	if len(batch.Hold)+len(batch.Release) == 0 {
		return nil
	}
	return ofStore(r.write(ctx, batch))
}
