package sweep

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"syncd/delta"
	"syncd/parser"
)

// show makes the event carry the block of its meeting, in one PATCH, and in none if it does already: after a crash, or a
// lost answer, nobody is mailed twice.
func (r *run) show(ctx context.Context, s delta.Seen, record *delta.Record, d parser.Details) error {
	block, err := r.render(ctx, s.Ref, d)
	if err != nil {
		return err
	}
	written := parser.Body{Content: block.Text}.Blocks()
	record.Block = r.Keys.DigestLines(written[0].Lines)
	patch := delta.Patch{
		Mark: r.Keys.Mark(r.mailbox.ID, s.ID, record.Mark()),
		Tag:  r.Keys.Tag(r.mailbox.ID, s.ID),
	}
	if place, ok := delta.WithLink(s.Location, d.Link); r.Policy.Link && ok {
		patch.Place = place
	}
	if patch.Place != nil || strings.Contains(s.Location.Text, d.Link) {
		record.Block = r.Keys.Located(record.Block)
		patch.Mark = r.Keys.Mark(r.mailbox.ID, s.ID, record.Mark())
	}
	if patch.Place == nil && !s.Copied && len(s.Own) == 1 && slices.Equal(s.Own[0].Lines, written[0].Lines) {
		return nil
	}
	body, err := s.Body.With(block, r.Keys.Wrote(s.Ref, r.records[s.ID].Block))
	if err != nil {
		return fmt.Errorf("%w: %w", delta.ErrRefused, err)
	}
	patch.Body = &body
	if known := r.records[s.ID]; known.State != delta.NoRecord {
		known.Block = known.Block.And(record.Block)
		if err := r.interim(ctx, s.ID, known); err != nil {
			return err
		}
	}
	// Crash here, or right after the PATCH: what it writes is known to be ours, and so is what it replaces.
	return r.patch(ctx, s, record, patch)
}

// hide takes the block out of the event, if it shows one.
func (r *run) hide(ctx context.Context, s delta.Seen, record delta.Record) error {
	if len(s.Own) == 0 {
		return r.hideLink(ctx, s, record)
	}
	body := s.Body.Without(s.Ref, r.Keys.Wrote(s.Ref, record.Block))
	patch := delta.Patch{Body: &body, Mark: r.Keys.Mark(r.mailbox.ID, s.ID, delta.Mark{})}
	if place, ok := delta.WithoutLink(s.Location, s.Own[0].Lines); ok {
		patch.Place = place
	}
	if err := r.patch(ctx, s, &record, patch); err != nil {
		return err
	}
	r.report.RemovedBlocks++
	return nil
}

// hideLink takes the join link out of the location of an event whose block a person took out.
func (r *run) hideLink(ctx context.Context, s delta.Seen, record delta.Record) error {
	wrote := r.Keys.Wrote(s.Ref, record.Block)
	for _, word := range strings.Fields(s.Location.Text) {
		if record.Block == "" || !strings.HasPrefix(word, "https://") || !wrote(s.Ref, word) {
			continue
		}
		if place, ok := delta.WithoutLink(s.Location, []string{word}); ok {
			return r.patch(ctx, s, &record, delta.Patch{Place: place, Mark: r.Keys.Mark(r.mailbox.ID, s.ID, delta.Mark{})})
		}
	}
	return nil
}

// patch writes into the event as it was when the decision was made, or not at all.
func (r *run) patch(ctx context.Context, s delta.Seen, record *delta.Record, p delta.Patch) error {
	if err := r.effect(); err != nil {
		return err
	}
	_, modified, err := r.calendar.Patch(ctx, s.ID, s.ETag, p)
	switch {
	case errors.Is(err, delta.ErrUnclear):
		return fmt.Errorf("%w: %w", errLookAgain, err)
	case err != nil:
		return r.ofMailbox(err)
	}
	r.report.Patched++
	r.report.Mails += s.Mails()
	record.Modified, record.Patched = latest(record.Modified, modified), time.Now()
	return nil
}

func (r *run) render(ctx context.Context, ref string, d parser.Details) (parser.Rendered, error) {
	words, err := r.blockWords(ctx)
	if err != nil {
		return parser.Rendered{}, err
	}
	block, err := parser.Render(ref, d, words, r.Parts)
	if err != nil {
		return block, fmt.Errorf("%w: %w", delta.ErrRefused, err)
	}
	return block, nil
}

// blockWords are the words of the operator's language, or of the mailbox's.
func (r *run) blockWords(ctx context.Context) (parser.Words, error) {
	if r.words != nil {
		return *r.words, nil
	}
	locale := r.Language
	if locale == "" {
		if r.cursor.Language == "" || r.full {
			language, err := r.calendar.Language(ctx)
			if err != nil {
				return parser.Words{}, r.ofMailbox(err)
			}
			if r.cursor.Language = language; language == "" {
				r.cursor.Language = "en-US"
			}
		}
		locale = r.cursor.Language
	}
	words, err := parser.WordsFor(locale)
	if err != nil {
		return words, err
	}
	r.words = &words
	return words, nil
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
