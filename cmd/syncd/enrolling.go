package main

import (
	"context"
	"time"
)

// A daemon looks up whom its configuration names, and the members of groups, beside its sweeps: a directory that is slow, or does not
// answer for one of them, keeps nobody else waiting. What of it concerns the list of mailboxes alone is done as the list is read.

// enrolling is one such look.
type enrolling struct {
	began  time.Time
	failed []unread // groups that cannot be read
	err    error
}

// enrollAnew enrolls what the configuration names, once, and again where Redis was emptied; then also what was known here. Who joined a
// group is enrolled when the groups are read again.
func (d *daemon) enrollAnew(ctx context.Context, now time.Time) error {
	if err := d.owns(ctx); err != nil {
		return err
	}
	if d.looking != nil {
		select {
		case done := <-d.looking:
			d.looking = nil
			return d.looked(ctx, done)
		default:
			return nil
		}
	}
	known, err := d.store.Known(ctx)
	lost := !known
	if err == nil && known { // by this daemon, or by another that was quicker and knew less
		lost, err = d.roll.Lost(ctx)
	}
	if err != nil || !lost && d.enrolled && !d.groups.due(now) {
		return err
	}
	if lost || !d.enrolled {
		d.enrolled = false
		d.keepWebexTokens(ctx)
		if err := d.roll.Restore(ctx); err != nil {
			return err
		}
		if _, err := d.roster.recall(ctx); err != nil {
			return err
		}
	}
	d.look(ctx, now)
	return nil
}

// look begins to look up whom the configuration names.
func (d *daemon) look(ctx context.Context, now time.Time) {
	enroll := d.enrollConfigured
	if d.enrolled {
		enroll = d.enrollJoined // who is named was enrolled, and perhaps unenrolled since
	}
	looking := make(chan enrolling, 1)
	d.looking = looking
	d.lookups.Go(func() {
		failed, err := enroll(ctx, d.runner.Enlisted)
		looking <- enrolling{now, failed, err}
		d.runner.Enlisted()
	})
}

// looked notes how that went.
func (d *daemon) looked(ctx context.Context, done enrolling) error {
	if done.err != nil {
		return done.err
	}
	if lost, err := d.roll.Lost(ctx); lost || err != nil { // meanwhile: it begins anew
		d.enrolled = false
		return err
	}
	groups, err := groupsOf(d.config)
	if err != nil {
		return err
	}
	d.enrolled, d.kept = true, false
	d.groups.heard(d, groups, done.failed, done.began)
	if err := d.parkGroups(ctx, done.failed, d.groups.at); err != nil {
		return err
	}
	return d.store.SetKnown(ctx, time.Now())
}
