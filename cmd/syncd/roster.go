package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rs/zerolog"

	"syncd/delta"
	"syncd/redisstore"
	"syncd/vault"
)

// roster is the copy of who is enrolled that each machine has in its state folder, for the day on which Redis is lost: nothing else knows
// whom somebody enrolled by hand. It is a text, a line for each mailbox and each alias, of one tenant.
type roster struct {
	store  *redisstore.Store
	path   string
	tenant string
	log    zerolog.Logger
}

func rosterOf(c *Config, store *redisstore.Store, log zerolog.Logger) roster {
	return roster{store: store, path: filepath.Join(c.StateDir, "enrolled"), tenant: c.TenantID, log: log}
}

// whose is the tenant that it is of; "" where there is none that can be read.
func (r roster) whose() string {
	raw, err := os.ReadFile(r.path)
	head, _, _ := strings.Cut(string(raw), "\n")
	tenant, ok := strings.CutPrefix(head, rosterForm)
	if err != nil || !ok {
		return ""
	}
	return tenant
}

// rosterList is what stands in it.
type rosterList struct {
	mailboxes []delta.Mailbox
	aliases   map[string]string // name → directory id
}

// rosterForm begins its first line, which the tenant ends.
const rosterForm = "syncd enrolled 1 "

func (r roster) head() string { return rosterForm + strings.ToLower(r.tenant) }

// read reads it. Another tenant's is none. What can be read of a damaged one counts, and the rest is told of.
func (r roster) read() (rosterList, error) {
	raw, err := os.ReadFile(r.path)
	if errors.Is(err, fs.ErrNotExist) {
		return rosterList{aliases: map[string]string{}}, nil
	}
	list, whole := r.parse(string(raw))
	if err != nil {
		return list, fmt.Errorf("reading who was enrolled: %w", err)
	}
	if !whole {
		r.log.Warn().Str("file", r.path).Int("mailboxes", len(list.mailboxes)).
			Msg("the list of who was enrolled by hand is damaged: it is kept as .damaged, and who is missing in `syncd mailboxes` has to be enrolled again")
		err = vault.WriteFile(r.path+".damaged", raw)
	}
	return list, err
}

// parse reads its text; whole tells that nothing of it is damaged.
func (r roster) parse(text string) (list rosterList, whole bool) {
	list.aliases = map[string]string{}
	head, rest, _ := strings.Cut(text, "\n")
	if head != r.head() {
		return list, strings.HasPrefix(head, rosterForm)
	}
	whole = strings.HasSuffix(text, "\n")
	for line := range strings.Lines(rest) {
		switch words := strings.Split(strings.TrimSuffix(line, "\n"), "\t"); {
		case len(words) == 3 && words[0] == "mailbox":
			list.mailboxes = append(list.mailboxes, delta.Mailbox{Address: words[1], ID: words[2]})
		case len(words) == 3 && words[0] == "alias":
			list.aliases[words[1]] = words[2]
		default:
			whole = false
		}
	}
	return list, whole
}

// write writes it, if it is another one.
func (r roster) write(list rosterList) error {
	var lines []string
	add := func(words ...string) {
		if line := strings.Join(words, "\t"); strings.Count(line, "\t") == 2 && !strings.Contains(line, "\n") {
			lines = append(lines, line)
		}
	}
	for _, m := range list.mailboxes {
		add("mailbox", m.Address, m.ID)
	}
	for name, id := range list.aliases {
		add("alias", name, id)
	}
	slices.Sort(lines)
	text := []byte(strings.Join(append([]string{r.head()}, lines...), "\n") + "\n")
	if there, err := os.ReadFile(r.path); err == nil && bytes.Equal(there, text) {
		return nil
	}
	return vault.WriteFile(r.path, text)
}

// keep writes down who is enrolled. A Redis that is not known may have been emptied while that was read, and then nobody is.
func (r roster) keep(ctx context.Context, mailboxes []delta.Mailbox) error {
	aliases, err := r.store.AllAliases(ctx)
	if err != nil {
		return err
	}
	known, err := r.store.Known(ctx)
	if err != nil || !known {
		return err
	}
	return r.write(rosterList{mailboxes, aliases})
}

// add adds a mailbox that somebody called by some name.
func (r roster) add(m delta.Mailbox, name string) error {
	list, err := r.read()
	if err != nil {
		return err
	}
	list.mailboxes = append(slices.DeleteFunc(list.mailboxes, func(one delta.Mailbox) bool { return one.Address == m.Address }), m)
	if name != m.Address && name != strings.ToLower(m.ID) {
		list.aliases[name] = m.ID
	}
	return r.write(list)
}

// drop takes a mailbox out.
func (r roster) drop(m delta.Mailbox) error {
	list, err := r.read()
	if err != nil || len(list.mailboxes) == 0 {
		return err
	}
	list.mailboxes = slices.DeleteFunc(list.mailboxes, func(one delta.Mailbox) bool {
		return one.Address == m.Address || one.ID != "" && one.ID == m.ID
	})
	for name, id := range list.aliases {
		if id == m.ID {
			delete(list.aliases, name)
		}
	}
	return r.write(list)
}

// lost gives who was enrolled before Redis was emptied; nobody where it was not.
func (r roster) lost(ctx context.Context) ([]delta.Mailbox, error) {
	known, err := r.store.Known(ctx)
	if err != nil || known {
		return nil, err
	}
	list, err := r.read()
	return list.mailboxes, err
}

// recall enrolls them again, and reports whether Redis is new or was emptied.
func (r roster) recall(ctx context.Context) (emptied bool, err error) {
	known, err := r.store.Known(ctx)
	if err != nil || known {
		return false, err
	}
	list, err := r.read()
	if err != nil || len(list.mailboxes) == 0 {
		return true, err
	}
	there, err := r.store.Mailboxes(ctx)
	if err != nil {
		return true, err
	}
	missing := slices.DeleteFunc(list.mailboxes, enrolledOf(there).has) // by whatever address
	if err := r.store.Recall(ctx, missing, list.aliases); err != nil {
		return true, err
	}
	if len(missing) > 0 {
		r.log.Warn().Int("mailboxes", len(missing)).Str("from", r.path).Msg("redis is new or was emptied: who was enrolled is enrolled again")
	}
	return true, nil
}
