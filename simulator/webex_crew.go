package simulator

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// What people do in spaces, and what an organisation forbids.

// MakeSpace is a person making a space with some members. It gives the space's id.
func (w *World) MakeSpace(by, title, description string, members ...string) (id string, err error) {
	w.mu.Lock()
	creator := w.webex.user(by)
	if creator == nil {
		defer w.mu.Unlock()
		err = fmt.Errorf("%q has no Webex account", by)
		w.misused(err)
		return "", err
	}
	r := &space{id: cisco(w, "ROOM"), title: title, about: description, created: w.now(), creator: creator}
	w.webex.spaces.rooms[r.id] = r
	w.mu.Unlock()
	for _, email := range append([]string{by}, members...) {
		if err := w.JoinSpace(r.id, email); err != nil {
			return "", err
		}
	}
	return r.id, nil
}

// JoinSpace is somebody being added to a space by another person.
func (w *World) JoinSpace(id, email string) error {
	return w.inSpace(id, func(r *space) {
		if r.membership(email) == nil {
			m := &membership{id: cisco(w, "MEMBERSHIP"), email: email, made: w.now()}
			r.members = append(r.members, m)
			w.webex.spaces.byMember[m.id] = r
		}
	})
}

// LeaveSpace is somebody leaving a space; also the client's own account can be put out.
func (w *World) LeaveSpace(id, email string) error {
	return w.inSpace(id, func(r *space) {
		r.members = slices.DeleteFunc(r.members, func(m *membership) bool { return strings.EqualFold(m.email, email) })
		r.left = append(r.left, strings.ToLower(email))
	})
}

// SayInSpace is somebody saying something in a space.
func (w *World) SayInSpace(id, email, text string) error {
	return w.inSpace(id, func(r *space) {
		r.messages = append(r.messages, Message{ID: cisco(w, "MESSAGE"), From: email, Text: text, At: w.now()})
	})
}

// DeleteSpace is somebody deleting a space.
func (w *World) DeleteSpace(id string) error {
	return w.inSpace(id, func(r *space) { r.deleted, r.killed = true, true })
}

func (w *World) inSpace(id string, act func(*space)) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.webex.spaces.room(id)
	if r == nil {
		err := fmt.Errorf("there is no space %q", id)
		w.misused(err)
		return err
	}
	act(r)
	return nil
}

// Bar makes Webex refuse an address as an invitee and as a member of spaces.
func (w *World) Bar(email string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.webex.barred[strings.ToLower(email)] = true
}

// Unbar ends that.
func (w *World) Unbar(email string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.webex.barred, strings.ToLower(email))
}

// WithholdSpaces takes the scopes for spaces out of all tokens, or gives them back.
func (w *World) WithholdSpaces(withhold bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.webex.noSpaces = withhold
}

// deleteMessage lets somebody take back what he said.
func (c *call) deleteMessage(args map[string]string) *answer {
	for _, r := range c.w.webex.spaces.rooms {
		i := slices.IndexFunc(r.messages, func(m Message) bool { return m.ID == args["message"] })
		switch {
		case i < 0 || r.deleted:
		case r.messages[i].From != c.me().email:
			return c.refusal(http.StatusForbidden, "Only the author of a message may delete it.")
		default:
			r.messages = slices.Delete(r.messages, i, i+1)
			return noContent()
		}
	}
	return c.refusal(http.StatusNotFound, "Could not find a message with provided ID.")
}
