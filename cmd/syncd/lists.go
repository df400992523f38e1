package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"syncd/graph"
)

// listed reads names, in lower case and each once, that are separated by commas or stand in a file, one a line. It says of each
// that check refuses where it stands.
func listed(list string, check func(name string) error) ([]string, error) {
	text, inFile := list, false
	if path, ok := strings.CutPrefix(list, "@"); ok {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		text, inFile = strings.TrimPrefix(string(raw), "\ufeff"), true
	}
	var names []string
	var wrong []error
	have := map[string]bool{}
	lines, entries := 0, 0
	for line := range strings.SplitSeq(text, "\n") {
		lines++
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		for name := range strings.SplitSeq(line, ",") {
			entries++
			place := fmt.Sprintf("entry %d", entries)
			if inFile {
				place = fmt.Sprintf("line %d", lines)
			}
			name = strings.ToLower(strings.TrimSpace(name))
			if name == "" || strings.HasPrefix(name, "#") || have[name] {
				continue
			}
			names, have[name] = append(names, name), true
			if err := check(name); err != nil {
				wrong = append(wrong, fmt.Errorf("%s: %w", place, err))
			}
		}
	}
	return names, few(wrong)
}

// few joins errors, the first of them where there are many.
func few(errs []error) error {
	const most = 20
	if len(errs) > most {
		errs = append(errs[:most:most], fmt.Errorf("and %d more", len(errs)-most))
	}
	if len(errs) < 2 {
		return errors.Join(errs...)
	}
	return fmt.Errorf("\n%w", errors.Join(errs...))
}

// checkAddress refuses what cannot be an address. Which addresses there are the directory knows.
func checkAddress(name string) error {
	local, domain, _ := strings.Cut(name, "@")
	switch {
	case strings.ContainsFunc(name, func(r rune) bool { return r == ';' || unicode.IsSpace(r) || unicode.IsControl(r) }):
		return fmt.Errorf("%s is no address: want no blank or semicolon in it, and a comma between two", short(name))
	case local == "" || domain == "" || strings.Contains(domain, "@"):
		return fmt.Errorf("%s is no address: want one @ in it", short(name))
	case strings.ContainsAny(name, `:"<>()[]\`):
		return fmt.Errorf("%s is no address: want no mailto:, quotes or brackets around it", short(name))
	case local == "*" || strings.ContainsAny(domain, "!#$%&'*+/=?^`{|}~"):
		return fmt.Errorf("%s is no address: want one such as ada@example.com, no pattern and no quotes", short(name))
	}
	return nil
}

// directoryID is how Entra writes its ids.
var directoryID = regexp.MustCompile("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")

// checkMailbox takes what can be enrolled: an address or a directory id.
func checkMailbox(name string) error {
	switch {
	case directoryID.MatchString(strings.ToLower(name)):
		return nil
	case namesGroup(name):
		return fmt.Errorf("%s is no address: groups are named in %s", short(name), both("mailboxes"))
	}
	return checkAddress(name)
}

// namesGroup reports whether a name is a directory group's.
func namesGroup(name string) bool { return strings.HasPrefix(strings.ToLower(name), inGroup) }

// inGroup is what the id of a directory group follows in the list of mailboxes.
const inGroup = "group:"

// parseMailboxes checks the list. It is read again whenever mailboxes are enrolled.
func parseMailboxes(list string) (string, error) {
	_, err := configuredMailboxes(list)
	return list, err
}

// configuredMailboxes reads the list of addresses, directory ids and groups.
func configuredMailboxes(list string) ([]string, error) {
	return listed(list, func(name string) error {
		group, isGroup := strings.CutPrefix(name, inGroup)
		if !isGroup {
			return checkMailbox(name)
		}
		if group == "" || strings.ContainsFunc(group, func(r rune) bool {
			return !strings.ContainsRune("-_.", r) && (r < '0' || r > '9') && (r < 'a' || r > 'z')
		}) {
			return fmt.Errorf("%s: want %s and the group's directory id", short(name), inGroup)
		}
		return nil
	})
}

// Lists are the distribution lists among attendees. Graph does not mark them: they are named, or the directory is asked.
type Lists struct {
	Named     []string
	Directory bool // ask the directory too
}

// inDirectory is the word for that.
const inDirectory = "directory"

func parseLists(value string) (Lists, error) {
	isDirectory := func(name string) bool { return name == inDirectory }
	names, err := listed(value, func(name string) error {
		if isDirectory(name) {
			return nil
		}
		return checkAddress(name)
	})
	if err != nil {
		return Lists{}, err
	}
	return Lists{Directory: slices.ContainsFunc(names, isDirectory), Named: slices.DeleteFunc(names, isDirectory)}, nil
}

// among tells which of some addresses are lists; nil where none can be.
func (l Lists) among(directory *graph.Client) func(context.Context, []string) ([]string, error) {
	if !l.Directory && len(l.Named) == 0 {
		return nil
	}
	return func(ctx context.Context, addresses []string) ([]string, error) {
		var found, unknown []string
		for _, a := range addresses {
			if slices.Contains(l.Named, a) {
				found = append(found, a)
			} else {
				unknown = append(unknown, a)
			}
		}
		if !l.Directory {
			return found, nil
		}
		more, err := directory.Lists(ctx, unknown)
		return append(found, more...), err
	}
}
