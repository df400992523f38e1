package delta

import (
	"slices"
	"strings"
	"time"
)

// Batch is a set of writes to what is remembered of one mailbox. All are carried out, or none.
type Batch struct {
	Records map[string]Record // event id → what to remember; nothing about it has to be tried again
	Interim map[string]Record // event id → how far it is; whether it has to be tried again stays as it was
	Retries map[string]Retry  // event id → what to remember, and when to try again
	Forget  []string          // event ids of which nothing is remembered any more
	Hold    []string          // event ids whose removal waits for an operator
	Release []string          // event ids whose removal waits no longer
	Cursor  *Cursor
	NewLink bool    // Cursor has another link than before
	Served  *Resync // a request that is done
	GiveUp  bool    // the lease ends with this batch
}

// Retry is an event that has to be tried again.
type Retry struct {
	Record Record
	At     time.Time
}

// Empty reports a batch that would write nothing.
func (b *Batch) Empty() bool {
	return len(b.Records) == 0 && len(b.Interim) == 0 && len(b.Retries) == 0 && len(b.Forget) == 0 && len(b.Hold) == 0 && len(b.Release) == 0 &&
		b.Cursor == nil && b.Served == nil && !b.GiveUp
}

// Waiting is an event that waits for another try.
type Waiting struct {
	ID string
	At time.Time
}

// Resync is a request for a full round of one mailbox and a search for orphans.
type Resync struct {
	ID     string // of the entry in the stream
	Accept bool   // carry out the removals that are held now
	// Rewrite writes the join details anew where they would look different today.
	Rewrite bool
}

const acceptWord, rewriteWord = "accept-removals", "rewrite"

// String is the form in which a request waits at its mailbox.
func (r Resync) String() string {
	text := r.ID
	if r.Accept {
		text += " " + acceptWord
	}
	if r.Rewrite {
		text += " " + rewriteWord
	}
	return text
}

// ParseResync reads that form; nil for "".
func ParseResync(s string) *Resync {
	if s == "" {
		return nil
	}
	id, options, _ := strings.Cut(s, " ")
	words := strings.Fields(options)
	return &Resync{ID: id, Accept: slices.Contains(words, acceptWord), Rewrite: slices.Contains(words, rewriteWord)}
}
