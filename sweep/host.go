package sweep

import (
	"context"
	"errors"

	"syncd/delta"
)

// Webex knows people by one address, which should be the primary one of their mailbox. People marry and companies are renamed, in the
// one place before the other. So the address is read anew each day, and where Webex does not know it, the owner's others are tried.

// host is the address by which Webex knows the mailbox's owner.
func (r *run) host(ctx context.Context) (string, error) {
	if r.cursor.Host == "" || (r.full || r.daily) && !r.hostRead {
		host, err := r.calendar.Host(ctx)
		if err != nil {
			return "", r.ofMailbox(err)
		}
		r.cursor.Host, r.hostRead = host, true
	}
	return r.cursor.Host, nil
}

// webexHost is host, where Webex may be asked now.
func (r *run) webexHost(ctx context.Context) (string, error) {
	host, err := r.host(ctx)
	if err != nil {
		return "", err
	}
	return host, r.webexReady(ctx)
}

// mostAddresses bounds how many are tried.
const mostAddresses = 10

// rehost looks, once in a sweep, whether Webex knows the owner by another address than the one that was tried. An error counts as
// no: the event waits for another reason already.
func (r *run) rehost(ctx context.Context, why error) bool {
	if !errors.Is(why, delta.ErrHost) || r.rehosted {
		return false
	}
	r.rehosted = true
	addresses, err := r.calendar.Addresses(ctx)
	if err != nil {
		return false
	}
	for _, address := range addresses[:min(len(addresses), mostAddresses)] {
		if address == r.cursor.Host || r.webexReady(ctx) != nil {
			continue
		}
		// Any list of his would do; this one says 404 of whom Webex does not know, and needs no further permission.
		_, err := r.Meetings.Tagged(ctx, address, r.Keys.MailboxTag(r.mailbox.ID), r.now, r.now.Add(orphanReach))
		if r.ofWebex(ctx, err) == nil {
			r.cursor.Host, r.hostRead = address, true
			return true
		}
	}
	return false
}
