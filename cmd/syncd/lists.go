package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"syncd/graph"
)

// listed reads names, in lower case and each once, that are separated by commas or stand in a file, one a line. One that is no address
// has to be known.
func listed(list string, known func(string) bool) ([]string, error) {
	separators := ","
	if path, ok := strings.CutPrefix(list, "@"); ok {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		list, separators = strings.TrimPrefix(string(raw), "\ufeff"), ",\n\r"
	}
	var names []string
	have := map[string]bool{}
	for _, name := range strings.FieldsFunc(list, func(r rune) bool { return strings.ContainsRune(separators, r) }) {
		name = strings.ToLower(strings.TrimSpace(name))
		switch {
		case name == "" || strings.HasPrefix(name, "#") || have[name]:
		case !strings.Contains(name, "@") && !known(name):
			return nil, fmt.Errorf("%q is no address", name)
		default:
			names, have[name] = append(names, name), true
		}
	}
	return names, nil
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
	names, err := listed(value, isDirectory)
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
