package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"syncd/delta"
	"syncd/redisstore"
)

// Whom a command means by the names that it was given.

// chosen are the enrolled mailboxes with the given addresses or ids, each once; all of them if none is given.
func chosen(enrolled []delta.Mailbox, names []string) ([]delta.Mailbox, error) {
	if len(names) == 0 {
		return enrolled, nil
	}
	if err := named(names); err != nil {
		return nil, err
	}
	var out []delta.Mailbox
	var errs []error
	taken := map[string]bool{}
	for _, name := range names {
		i := slices.IndexFunc(enrolled, func(m delta.Mailbox) bool {
			return strings.EqualFold(m.Address, name) || strings.EqualFold(m.ID, name)
		})
		if i < 0 {
			errs = append(errs, unenrolled(name))
			continue
		}
		if m := enrolled[i]; !taken[m.Key()] {
			out, taken[m.Key()] = append(out, m), true
		}
	}
	return out, errors.Join(errs...)
}

// unenrolled says how whoever is named could be enrolled.
func unenrolled(name string) error {
	if namesGroup(name) {
		return fmt.Errorf("%s is not enrolled: it is a group, whose members are, each by himself (see `syncd mailboxes`), where %s names it", name, both("mailboxes"))
	}
	return fmt.Errorf("%s is not enrolled: see `syncd mailboxes`, or `syncd enroll %s`", name, name)
}

// named refuses a mailbox without a name, such as an empty variable of a script gives. It must not stand for all of them.
func named(names []string) error {
	if slices.Contains(names, "") {
		return errors.New("a mailbox is named by an empty word: want an address or a directory id")
	}
	return nil
}

// unaliased gives names as [chosen] knows them: for another address, by which a mailbox was asked for when it was enrolled, its
// directory id.
func unaliased(ctx context.Context, store *redisstore.Store, enrolled []delta.Mailbox, names []string) ([]string, error) {
	if _, err := chosen(enrolled, names); err == nil || len(names) == 0 {
		return names, nil
	}
	lower := make([]string, len(names))
	for i, name := range names {
		lower[i] = strings.ToLower(name)
	}
	aliases, err := store.Aliases(ctx, lower)
	if err != nil {
		return nil, err
	}
	out := slices.Clone(names)
	for i, name := range lower {
		id, ok := aliases[name]
		if _, err := chosen(enrolled, names[i:i+1]); ok && err != nil {
			out[i] = id
		}
	}
	return out, nil
}

// pick are the enrolled mailboxes that are named, by whatever address they were enrolled by; all of them if none is.
func pick(ctx context.Context, store *redisstore.Store, enrolled []delta.Mailbox, names []string) ([]delta.Mailbox, error) {
	names, err := unaliased(ctx, store, enrolled, names)
	if err != nil {
		return nil, err
	}
	found, err := chosen(enrolled, names)
	if err != nil {
		err = usageError{err}
	}
	return found, err
}

// separated parts names at commas.
func separated(names []string) []string {
	var out []string
	for _, name := range names {
		for one := range strings.SplitSeq(name, ",") {
			out = append(out, strings.TrimSpace(one))
		}
	}
	return out
}
