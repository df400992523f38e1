package webex

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"syncd/delta"
	"syncd/rest"
)

// Spaces know no acting on behalf: they are made by the Service App's own account, which is a member of each (Create a Room).
// They carry no integration tags. What stands in for one is the last word of the description, which a private space may have as
// well (Create a Room, example); a change of the title leaves it alone.

type spaceJSON struct {
	ID          string   `json:"id"`
	Title       string   `json:"title"`
	Created     string   `json:"created"`
	Creator     string   `json:"creatorId"`
	Description string   `json:"description"`
	Errors      failures `json:"errors"`
}

func (s spaceJSON) id() string { return s.ID }

func (s spaceJSON) space() delta.MadeSpace {
	tag, _ := delta.EventTag(strings.Fields(s.Description))
	return delta.MadeSpace{ID: s.ID, Title: s.Title, Tag: tag, Created: s.created()}
}

// created is the zero time where Webex tells none.
func (s spaceJSON) created() time.Time {
	t, _ := time.Parse(time.RFC3339, s.Created)
	return t
}

const maxSpaces = "1000" // a page of rooms (List Rooms)

// Spaces lists the spaces that this account made for events, later than a time, in no order. What somebody else made and put the
// same words on is left out.
func (c *Client) Spaces(ctx context.Context, later time.Time) ([]delta.MadeSpace, error) {
	me, err := c.me(ctx)
	if err != nil {
		return nil, err
	}
	query := url.Values{"type": {"group"}, "sortBy": {"created"}, "max": {maxSpaces}}
	var found []delta.MadeSpace
	hidden := false
	err = pages(ctx, c, c.rest.URL(query, "rooms"), func(items []spaceJSON) bool {
		for _, s := range items {
			_, unread := s.Errors["description"]
			hidden = hidden || unread && s.Creator == me
			if made := s.space(); made.ID != "" && made.Tag != "" && s.Creator == me && made.Created.After(later) {
				found = append(found, made)
			}
		}
		return newestFirst(items) && !items[len(items)-1].created().After(later)
	})
	if err == nil && hidden {
		err = fmt.Errorf("%w: a space that cannot be read", delta.ErrTrouble) // it may be the one that is looked for
	}
	if err != nil {
		return nil, spaceError("listing spaces", err)
	}
	return found, nil
}

// newestFirst reports whether a page is in the order in which a list may be left early. It is not promised.
func newestFirst(items []spaceJSON) bool {
	return len(items) > 0 && slices.IsSortedFunc(items, func(a, b spaceJSON) int { return b.created().Compare(a.created()) })
}

// MakeSpace makes a space for the event with the tag, with this account as the only member. A lost answer is
// [delta.ErrUnclear]: there may be one now, to be found by its tag.
func (c *Client) MakeSpace(ctx context.Context, title, tag string) (delta.MadeSpace, error) {
	body := map[string]any{"title": title, "description": "syncd " + tag, "isPublic": false}
	var answer spaceJSON
	err := c.rest.Do(ctx, rest.Call{Method: http.MethodPost, URL: c.rest.URL(nil, "rooms"), Body: body, Decode: rest.JSON(&answer)})
	switch {
	case err != nil:
		return delta.MadeSpace{}, spaceError("making a space", err)
	case answer.ID == "":
		return delta.MadeSpace{}, fmt.Errorf("%w: a space without id", delta.ErrUnclear)
	}
	return answer.space(), nil
}

// Space reads a space. One that is not there, or that this account was put out of, is [delta.ErrGone].
func (c *Client) Space(ctx context.Context, id string) (delta.MadeSpace, error) {
	var answer spaceJSON
	err := c.rest.Do(ctx, rest.Call{Method: http.MethodGet, URL: c.rest.URL(nil, "rooms", id), Decode: rest.JSON(&answer)})
	if err != nil {
		return delta.MadeSpace{}, spaceError("reading a space", err)
	}
	return answer.space(), nil
}

// NameSpace gives a space another title.
func (c *Client) NameSpace(ctx context.Context, id, title string) error {
	body := map[string]string{"title": title}
	return spaceError("renaming a space", c.rest.Do(ctx, rest.Call{Method: http.MethodPut, URL: c.rest.URL(nil, "rooms", id), Body: body}))
}

// DropSpace deletes a space, or leaves it where this account may not (Delete a Room). Of one without other members nothing is
// left either way.
func (c *Client) DropSpace(ctx context.Context, id string) error {
	return spaceError("deleting a space", c.rest.Do(ctx, rest.Call{Method: http.MethodDelete, URL: c.rest.URL(nil, "rooms", id)}))
}

type memberJSON struct {
	ID     string   `json:"id"`
	Person string   `json:"personId"`
	Email  string   `json:"personEmail"`
	Errors failures `json:"errors"`
}

func (m memberJSON) id() string { return m.ID }

func (m *memberJSON) check() error { return m.Errors.check("id", "personId", "personEmail") }

// Members lists the members of a space but for this account.
func (c *Client) Members(ctx context.Context, space string) ([]delta.Member, error) {
	me, err := c.me(ctx)
	if err != nil {
		return nil, err
	}
	var found []delta.Member
	err = pages(ctx, c, c.rest.URL(url.Values{"roomId": {space}, "max": {maxSpaces}}, "memberships"), func(items []memberJSON) bool {
		for _, m := range items {
			if m.ID != "" && m.Person != me {
				found = append(found, delta.Member{ID: m.ID, Address: strings.ToLower(m.Email)})
			}
		}
		return false
	})
	return found, spaceError("listing members", err)
}

// AddMember puts somebody into a space. Who is in it already is [delta.ErrConflict].
func (c *Client) AddMember(ctx context.Context, space, address string) error {
	body := map[string]string{"roomId": space, "personEmail": address}
	return spaceError("adding a member", c.rest.Do(ctx, rest.Call{Method: http.MethodPost, URL: c.rest.URL(nil, "memberships"), Body: body}))
}

// RemoveMember ends a membership. One that is not there is [delta.ErrGone].
func (c *Client) RemoveMember(ctx context.Context, membership string) error {
	return spaceError("removing a member", c.rest.Do(ctx, rest.Call{Method: http.MethodDelete, URL: c.rest.URL(nil, "memberships", membership)}))
}

type messageJSON struct {
	ID     string   `json:"id"`
	Person string   `json:"personId"`
	Text   string   `json:"text"`
	Errors failures `json:"errors"`
}

func (m messageJSON) id() string { return m.ID }

func (m *messageJSON) check() error { return m.Errors.check("id", "personId") }

// maxMessages is a page of messages, and saidPages how far back in a space is looked. What is looked for was said a moment ago, or
// the space is old and the store was lost.
const (
	maxMessages = "100"
	saidPages   = 10
)

// Said lists what this account said in a space, newest first, until enough of it was seen.
func (c *Client) Said(ctx context.Context, space string, enough func(delta.Message) bool) ([]delta.Message, error) {
	me, err := c.me(ctx)
	if err != nil {
		return nil, err
	}
	var found []delta.Message
	looked, hidden := 0, false
	err = pages(ctx, c, c.rest.URL(url.Values{"roomId": {space}, "max": {maxMessages}}, "messages"), func(items []messageJSON) bool {
		done := false
		for _, m := range items {
			hidden = hidden || !done && m.Person == me && m.Errors["text"] != nil
			if m.Person == me && m.ID != "" {
				found = append(found, delta.Message{ID: m.ID, Text: m.Text})
				done = done || enough(found[len(found)-1])
			}
		}
		looked++
		return done || looked == saidPages
	})
	if err == nil && hidden {
		err = fmt.Errorf("%w: a message that cannot be read", delta.ErrTrouble) // it may be the one that is looked for
	}
	if err != nil {
		return nil, spaceError("reading a space's messages", err)
	}
	return found, nil
}

// Say says something in a space.
func (c *Client) Say(ctx context.Context, space, text string) error {
	body := map[string]string{"roomId": space, "text": text}
	return spaceError("saying something in a space", c.rest.Do(ctx, rest.Call{Method: http.MethodPost, URL: c.rest.URL(nil, "messages"), Body: body}))
}

// Unsay takes back something that this account said.
func (c *Client) Unsay(ctx context.Context, message string) error {
	return spaceError("taking a message back", c.rest.Do(ctx, rest.Call{Method: http.MethodDelete, URL: c.rest.URL(nil, "messages", message)}))
}

// spaceError makes of a 401 what it is here: some of Webex's services answer a token without their scope so, and that must not be
// taken for a token that is no good for meetings either.
func spaceError(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, delta.ErrCredentials):
		return fmt.Errorf("%s: %w: the token was not accepted", what, delta.ErrAccess)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// self is the account that the token stands for, once it was asked for.
type self struct {
	mu sync.Mutex
	id string // guarded by mu
}

// me is this account's person id.
func (c *Client) me(ctx context.Context) (string, error) {
	c.self.mu.Lock()
	known := c.self.id
	c.self.mu.Unlock()
	if known != "" {
		return known, nil
	}
	var answer struct {
		ID string `json:"id"`
	}
	err := c.rest.Do(ctx, rest.Call{Method: http.MethodGet, URL: c.rest.URL(nil, "people", "me"), Decode: rest.JSON(&answer)})
	switch {
	case err != nil:
		return "", spaceError("asking who we are", err)
	case answer.ID == "":
		return "", fmt.Errorf("%w: asking who we are: no id", delta.ErrTrouble)
	}
	c.self.mu.Lock()
	defer c.self.mu.Unlock()
	c.self.id = answer.ID
	return answer.ID, nil
}
