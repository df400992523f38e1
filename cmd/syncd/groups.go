package main

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"syncd/delta"
	"syncd/redisstore"
	"syncd/sweep"
)

// Groups of the configuration. A daemon reads them again and again, for who joined; who leaves one stays enrolled. Those whose members
// cannot be read concern nobody who is enrolled, and are listed as if they were mailboxes that cannot be read.

// unread is a group that cannot be read, as the configuration writes it.
type unread struct {
	name string
	err  error
}

// groupsAgain is how soon a daemon reads such groups again, at first and at most.
const groupsAgain, groupsAgainMost = 5 * time.Second, 5 * time.Minute

// groupsNext is the soonest and the latest at which a daemon reads groups again that it could read, so that whoever joins is served within
// an hour. That is a request for each 999 members, nothing beside the sweeps. When it is between the two is left to chance, else all
// daemons that were started at once, or waited for the same Redis, would do it in step.
const groupsNext, groupsNextMost = 45 * time.Minute, 55 * time.Minute

// parkGroups notes, for `syncd status`, which groups cannot be read, when that is tried again, and that the others can be.
func (e *engine) parkGroups(ctx context.Context, failed []unread, again time.Time) error {
	names, err := groupsOf(e.config)
	if err != nil || len(names) == 0 {
		return err
	}
	for _, group := range failed {
		names = slices.DeleteFunc(names, func(name string) bool { return name == group.name })
		if err := e.store.Park(ctx, group.name, delta.Parked, sweep.ReasonOf(group.err), time.Now(), again); err != nil {
			return err
		}
	}
	return e.store.Unpark(ctx, names...)
}

// groupsOf are the groups that the configuration names.
func groupsOf(c *Config) ([]string, error) {
	names, err := configuredMailboxes(c.Mailboxes)
	if err != nil {
		return nil, usageError{err}
	}
	return slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, inGroup) }), nil
}

// parkedGroups are those that could not be read when that was tried last.
func parkedGroups(ctx context.Context, c *Config, store *redisstore.Store) (parked []delta.Mailbox, err error) {
	names, err := groupsOf(c)
	if err != nil || len(names) == 0 {
		return nil, err
	}
	groups := make([]delta.Mailbox, len(names))
	for i, name := range names {
		groups[i] = delta.Mailbox{Address: name}
	}
	views, err := store.Views(ctx, groups, false)
	for i, v := range views {
		if v.Cursor.State == delta.Parked {
			parked = append(parked, groups[i])
		}
	}
	return parked, err
}

// regroup is when a daemon reads groups again.
type regroup struct {
	at    time.Time       // zero for never
	pause time.Duration   // before it, where some could not be read
	told  map[string]bool // names of groups that the log told of
}

// heard notes how it went with groups, some of which failed, and tells the log of what is new.
func (g *regroup) heard(d *daemon, groups []string, failed []unread, now time.Time) {
	before := g.told
	g.told = map[string]bool{}
	for _, group := range failed {
		if g.told[group.name] = true; !before[group.name] {
			d.log.Error().Err(group.err).Str("group", group.name).Str("reason", string(sweep.ReasonOf(group.err))).
				Msg("a group cannot be read; the others are served, and it is tried again")
		}
	}
	for name := range before {
		if !g.told[name] {
			d.log.Info().Str("group", name).Msg("the group can be read again")
		}
	}
	switch {
	case len(groups) == 0:
		g.at, g.pause = time.Time{}, 0
		return
	case len(failed) == 0:
		g.at, g.pause = now.Add(groupsNext+rand.N(groupsNextMost-groupsNext)), 0
		return
	}
	g.pause = min(max(groupsAgain, 2*g.pause), groupsAgainMost)
	g.at = now.Add(g.pause)
	for _, group := range failed {
		if at := notBefore(group.err, time.Time{}); at.After(g.at) { // a Retry-After
			g.at = at
		}
	}
}

// due reports whether they are to be read now.
func (g *regroup) due(now time.Time) bool { return !g.at.IsZero() && !now.Before(g.at) }
