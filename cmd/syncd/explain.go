package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"text/tabwriter"
	"time"

	"syncd/delta"
	"syncd/parser"
	"syncd/sweep"
)

type explainCommand struct {
	Mailbox string `arg:"" help:"Address or directory id."`
	Event   string `arg:"" help:"The event's id, as the log and the status show it."`
	JSON    bool   `name:"json" help:"Print JSON."`
}

// shownExplanation is what `syncd explain --json` prints. Of the event's texts it has the keyword and what may be joined.
type shownExplanation struct {
	Mailbox string       `json:"mailbox"`
	Event   string       `json:"event"`
	Gone    bool         `json:"gone,omitempty"` // Graph has no such event
	Keyword string       `json:"keyword,omitempty"`
	Asked   delta.Kind   `json:"asked,omitempty"`
	Limit   delta.Reason `json:"limit,omitempty"` // why Webex cannot hold a meeting of its own for it
	Action  delta.Action `json:"action"`          // what a sweep would do now
	Reason  delta.Reason `json:"reason"`
	Mails   bool         `json:"mails"`  // doing it would mail the attendees
	Blocks  int          `json:"blocks"` // own join blocks that a reader sees
	Foreign bool         `json:"foreign,omitempty"`
	Copied  bool         `json:"copied,omitempty"` // another event's block is shown
	Held    bool         `json:"held,omitempty"`
	NextAt  *time.Time   `json:"next_at,omitempty"`
	Record  *shownRecord `json:"record,omitempty"`
	// Candidates are all links and addresses that may be joined, best first; Denied are those that join nothing.
	Candidates []parseCandidate `json:"candidates,omitempty"`
	Denied     []parseDenial    `json:"denied,omitempty"`
}

type shownRecord struct {
	State     delta.RecordState `json:"state"`
	Kind      delta.Kind        `json:"kind,omitempty"`
	Meeting   string            `json:"meeting,omitempty"`
	Tag       string            `json:"tag,omitempty"`
	Series    string            `json:"series,omitempty"`
	Reason    delta.Reason      `json:"reason,omitempty"`
	Tries     int               `json:"tries,omitempty"`
	Restored  int               `json:"restored,omitempty"`
	Remade    int               `json:"remade,omitempty"`
	PatchedAt *time.Time        `json:"patched_at,omitempty"`
}

// Run tells why an event is as it is. It writes nothing anywhere.
func (c *explainCommand) Run(s *surroundings) error {
	e, err := s.newEngine(false, true)
	if err != nil {
		return err
	}
	shown, err := c.explain(s, e)
	if err = errors.Join(err, e.close()); err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(s.out).Encode(shown)
	}
	return shown.print(s)
}

func (c *explainCommand) explain(s *surroundings, e *engine) (*shownExplanation, error) {
	enrolled, err := e.store.Mailboxes(s.ctx)
	if err != nil {
		return nil, err
	}
	boxes, err := pick(s.ctx, e.store, enrolled, []string{c.Mailbox})
	if err != nil { // it may be about to be enrolled
		if enrolled, _, err = e.foreseen(s.ctx); err != nil {
			return nil, err
		}
		boxes, err = pick(s.ctx, e.store, enrolled, []string{c.Mailbox})
	}
	if err != nil {
		return nil, err
	}
	x, err := e.sweeper.Explain(s.ctx, boxes[0], c.Event)
	if err != nil {
		return nil, err
	}
	shown := shownOf(boxes[0], c.Event, x)
	shown.Candidates, shown.Denied = candidatesIn(e.config.Parser, parser.Text{
		Location: x.Seen.Location.Text, Body: x.Seen.Body.Content, HTML: x.Seen.Body.HTML,
	})
	ownFirst(shown.Candidates, slices.Concat(x.Seen.Own, x.Seen.Shared))
	return shown, nil
}

// ownFirst puts those before all others that are in the event's own join details.
func ownFirst(candidates []parseCandidate, own []parser.Block) {
	for i, c := range candidates {
		if slices.ContainsFunc(own, func(b parser.Block) bool { return c.JoinURL != "" && slices.Contains(b.Lines, c.JoinURL) }) {
			candidates[i].Rank, candidates[i].Rule = parser.RankOwn, "own join details"
		}
	}
	slices.SortStableFunc(candidates, func(a, b parseCandidate) int { return a.Rank - b.Rank })
}

func shownOf(m delta.Mailbox, id string, x sweep.Explanation) *shownExplanation {
	out := &shownExplanation{
		Mailbox: m.Address, Event: id, Gone: x.Gone, Keyword: x.Seen.Keyword, Asked: x.Seen.Asked, Limit: x.Seen.Limit,
		Action: x.Decision.Action, Reason: x.Decision.Reason, Mails: x.Decision.Patches(x.Seen), Blocks: len(x.Seen.Own),
		Foreign: x.Seen.Foreign, Copied: x.Seen.Copied, Held: x.Held, NextAt: moment(x.Waits),
	}
	if have := x.Decision.Have; x.Known {
		out.Record = &shownRecord{
			State: have.State, Kind: have.Kind, Meeting: have.Meeting, Tag: have.Tag, Series: have.Series, Reason: have.Reason,
			Tries: have.Tries, Restored: have.Restored, Remade: have.Remade, PatchedAt: moment(have.Patched),
		}
	}
	return out
}

// print writes a line for each thing that there is to say.
func (x *shownExplanation) print(s *surroundings) error {
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	say := func(there bool, label, format string, args ...any) {
		if there {
			fmt.Fprintf(w, "%s\t"+format+"\n", append([]any{label}, args...)...)
		}
	}
	mails := "nobody is mailed"
	if x.Mails {
		mails = "the attendees are mailed"
	}
	say(x.Gone, "event", "gone: Graph has no such event")
	say(!x.Gone && x.Keyword == "", "asks for", "nothing: no keyword in the location")
	say(x.Keyword != "", "asks for", "%s, typed as %s", x.Asked, x.Keyword)
	say(x.Limit != "", "limit", "%s: Webex holds no meeting of its own for it", x.Limit)
	say(true, "a sweep does", "%s (%s); %s", x.Action, x.Reason, mails)
	say(x.Blocks > 0, "join details", "%d block of its own in the text", x.Blocks)
	say(x.Copied, "", "another event's block in the text")
	say(x.Foreign, "", "Webex details of somebody else in the text")
	say(x.Held, "held", "its removal waits for `syncd resync %s --accept-removals`", x.Mailbox)
	say(x.NextAt != nil, "next try", "%s", clock(x.NextAt))
	if r := x.Record; r != nil {
		say(true, "remembered", "%s %s", r.State, r.Kind)
		say(r.Meeting != "", "meeting", "%s, tag %s", r.Meeting, r.Tag)
		say(r.Series != "", "series", "%s", r.Series)
		say(r.Reason != "", "because", "%s, after %d tries", r.Reason, r.Tries)
		say(r.Restored+r.Remade > 0, "repaired", "block %d times, meeting %d times", r.Restored, r.Remade)
		say(r.PatchedAt != nil, "last write", "%s", clock(r.PatchedAt))
	} else {
		say(true, "remembered", "nothing")
	}
	for i, c := range x.Candidates {
		label := ""
		if i == 0 {
			label = "may be joined"
		}
		say(true, label, "rank %d: %s %s in the %s, by %s", c.Rank, c.Provider, cmp.Or(c.JoinURL, c.SIP), c.Where, c.Rule)
	}
	return w.Flush()
}
