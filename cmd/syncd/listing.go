package main

import (
	"context"
	"errors"
	"iter"
	"slices"

	"syncd/delta"
	"syncd/pages"
	"syncd/redisstore"
)

// listing makes what `syncd mailboxes`, `status` and `cursors` print and the API gives: one and the same.
type listing struct {
	config *Config
	store  *redisstore.Store
}

// shownAtOnce is how many mailboxes are read in one go.
const shownAtOnce = 1000

func (s listing) mailboxes(ctx context.Context) iter.Seq2[shownMailbox, error] {
	return func(yield func(shownMailbox, error) bool) {
		enrolled, err := s.store.Mailboxes(ctx)
		if err != nil {
			yield(shownMailbox{}, err)
			return
		}
		for _, m := range enrolled {
			if !yield(shownMailbox{m.Address, m.ID}, nil) {
				return
			}
		}
	}
}

// status tells of mailboxes that are named also which events wait, which removals are held, and what their rhythm will be.
func (s listing) status(ctx context.Context, names []string) iter.Seq2[shownStatus, error] {
	groups := func() ([]delta.Mailbox, error) { return parkedGroups(ctx, s.config, s.store) }
	return viewed(ctx, s.store, names, groups, func(views []redisstore.View, enrolled int) ([]shownStatus, error) {
		plan, err := readPlan(ctx, s.config, s.store, views, enrolled)
		if err != nil {
			return nil, err
		}
		var out []shownStatus
		for _, v := range views {
			out = append(out, statusOf(plan, v, len(names) > 0))
		}
		return out, nil
	})
}

func (s listing) cursors(ctx context.Context, names []string) iter.Seq2[shownCursor, error] {
	nobody := func() ([]delta.Mailbox, error) { return nil, nil }
	return viewed(ctx, s.store, names, nobody, func(views []redisstore.View, _ int) ([]shownCursor, error) {
		var out []shownCursor
		for _, v := range views {
			out = append(out, cursorOf(v))
		}
		return out, nil
	})
}

// viewed reads mailboxes, some at a time, and shows them. show is also told how many are enrolled; others are listed as if they were.
func viewed[T any](ctx context.Context, store *redisstore.Store, names []string, others func() ([]delta.Mailbox, error), show func(views []redisstore.View, enrolled int) ([]T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		enrolled, err := store.Mailboxes(ctx)
		var more, mailboxes []delta.Mailbox
		if err == nil {
			more, err = others()
		}
		if err == nil {
			mailboxes, err = enrolledAs(ctx, store, append(enrolled, more...), names)
		}
		if err != nil {
			yield(none, err)
			return
		}
		for some := range slices.Chunk(mailboxes, shownAtOnce) {
			var list []T
			views, err := store.Views(ctx, some, len(names) > 0)
			if err == nil {
				list, err = show(views, len(enrolled))
			}
			if err != nil {
				yield(none, err)
				return
			}
			for _, one := range list {
				if !yield(one, nil) {
					return
				}
			}
		}
	}
}

// enrolledAs are the mailboxes of some names, or all.
func enrolledAs(ctx context.Context, store *redisstore.Store, enrolled []delta.Mailbox, names []string) ([]delta.Mailbox, error) {
	mailboxes, err := pick(ctx, store, enrolled, names)
	var unknown usageError
	if errors.As(err, &unknown) {
		return nil, usageError{pages.NotEnrolled{Err: unknown.error}}
	}
	return mailboxes, err
}

// gathered is a list of all that is shown; never nil, since that is no list in JSON.
func gathered[T any](items iter.Seq2[T, error]) ([]T, error) {
	list := []T{}
	for item, err := range items {
		if err != nil {
			return nil, err
		}
		list = append(list, item)
	}
	return list, nil
}

// anything hides what a list is of.
func anything[T any](items iter.Seq2[T, error]) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		for item, err := range items {
			if !yield(item, err) {
				return
			}
		}
	}
}
