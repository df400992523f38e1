package schedules

import (
	"context"
	"time"
)

// Queue is when each mailbox is due. All daemons share it. It is kept outside this process, so every call may fail, and a call
// whose answer was lost may have been carried out; none does harm when it comes twice.
type Queue interface {
	// Take hands out up to n mailboxes of a lane that are due, the longest due first as near as may be, and puts each off by
	// hold: when this process dies it comes to another one then.
	Take(ctx context.Context, lane Lane, n int, hold time.Duration) (Taken, error)
	// Put says when mailboxes that were taken come next.
	Put(ctx context.Context, returns []Return) error
	// Hasten makes mailboxes due at once where they would be later. What is in no lane stays out.
	Hasten(ctx context.Context, mailboxes []string) error
	// Fill makes the queue hold just these mailboxes. What is missing is due after the time that first gives, in the lane of
	// full rounds.
	Fill(ctx context.Context, mailboxes []string, first func(mailbox string) time.Duration) (added, removed int, err error)
}

// Lane parts what everybody gets from what takes long.
type Lane int

const (
	// Ordinary are sweeps of what changed since the last one.
	Ordinary Lane = iota
	// Full are mailboxes of which nothing is known, and such whose window rolls. They yield to ordinary sweeps.
	Full
)

// Taken is what a lane gave.
type Taken struct {
	Jobs    []Job
	Waiting int           // due mailboxes that were left
	Size    int           // mailboxes in the lane, due or not
	Next    time.Duration // until one of them is due; less than 0 for none
}

// Job is a mailbox whose time has come.
type Job struct {
	Mailbox string
	Lane    Lane
	Late    time.Duration // since when it was due
	// Claim is how the queue knows, when the job comes back, whether the mailbox was hastened meanwhile.
	Claim string
	// Was is what the claim would have to be for it to come again only because nobody gave it back in time.
	Was string
}

// Return gives a job back.
type Return struct {
	Job
	At   time.Time // when it is due again. One that was hastened since it was taken comes when that says, if that is sooner.
	To   Lane
	Gone bool // it is enrolled no longer: take it out
}
