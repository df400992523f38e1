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
	link := ""
	if r.Policy.Link {
		link = d.Link
	}
	older, own := s.Own, r.records[s.ID].Block
	if s.Series != nil { // its series' goes, where it has one of its own, or shows an older one
		older, own = slices.Concat(s.Own, s.Shared), shared(*s.Series, r.records[s.ID])
	}
	placed := r.Keys.InPlace(own)
	if s.Copied {
		older, placed = s.Body.Blocks(), true // what came along with another event's block goes with it
	}
	if place, ok := delta.Relink(s.Location, link, r.wroteLink(older, own, d.Link, placed)); ok {
		patch.Place = place
	}
	if patch.Place != nil && link != "" || strings.Contains(s.Location.Text, d.Link) && (link != "" || placed) {
		record.Block = r.Keys.Located(record.Block)
		patch.Mark = r.Keys.Mark(r.mailbox.ID, s.ID, record.Mark())
	}
	if patch.Place == nil && !s.Copied && len(s.Own) == 1 && slices.Equal(s.Own[0].Lines, written[0].Lines) {
		return nil
	}
	ours, err := r.wrote(ctx, s, own)
	if err != nil {
		return err
	}
	body, err := s.Body.With(block, ours)
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

// wrote tells which lines in the blocks that an event shows are ours, and not typed into them: in its own by what its record says was
// written, in its series' or in that of another event of the mailbox, from which it was copied, by what theirs say.
func (r *run) wrote(ctx context.Context, s delta.Seen, own delta.Digest) (parser.Ours, error) {
	written := map[string]delta.Digest{s.Ref: own}
	if s.Series != nil && s.Ref != s.SeriesRef {
		written[s.SeriesRef] = shared(*s.Series, r.records[s.ID])
	}
	if s.Copied {
		records := r.records
		if !r.all {
			var err error
			if records, err = r.memory.AllRecords(ctx); err != nil {
				return nil, ofStore(err)
			}
		}
		for id, record := range records {
			if ref := r.Keys.Ref(r.mailbox.ID, id); written[ref] == "" {
				written[ref] = record.Block
			}
		}
	}
	ours := map[string][]func(string) bool{} // of each block with the reference: somebody may have doubled it
	for _, b := range s.Body.Blocks() {
		ours[b.Ref] = append(ours[b.Ref], r.Keys.Wrote(b, written[b.Ref], r.Parts))
	}
	return func(ref, line string) bool {
		return slices.ContainsFunc(ours[ref], func(wrote func(string) bool) bool { return wrote(line) })
	}, nil
}

// shared is what was written into the block that an exception has from its series. It may be older or newer than that of the series.
func shared(series, exception delta.Record) delta.Digest {
	return series.Block + exception.Block
}

// hide takes the block out of the event, and our link out of its location, as far as they are there.
func (r *run) hide(ctx context.Context, s delta.Seen, record delta.Record) error {
	patch := delta.Patch{Mark: r.Keys.Mark(r.mailbox.ID, s.ID, record.Left())}
	place, linked := delta.Relink(s.Location, "", r.wroteLink(s.Own, record.Block, "", r.Keys.InPlace(record.Block)))
	if linked {
		patch.Place = place
	}
	if len(s.Own) > 0 {
		ours, err := r.wrote(ctx, s, record.Block)
		if err != nil {
			return err
		}
		body := s.Body.Without(s.Ref, ours)
		patch.Body = &body
	}
	if patch.Body == nil && patch.Place == nil {
		return nil
	}
	if err := r.patch(ctx, s, &record, patch); err != nil {
		return err
	}
	if patch.Body != nil {
		r.report.RemovedBlocks++
	}
	return nil
}

// wroteLink returns a function that tells whether we put a link into the location: placed says that we put one there, and one of these
// blocks shows it, or it is in the digest of what was written. keep, which is "" for none, stays whoever wrote it.
func (r *run) wroteLink(blocks []parser.Block, written delta.Digest, keep string, placed bool) func(link string) bool {
	return func(link string) bool {
		shown := slices.ContainsFunc(blocks, func(b parser.Block) bool { return slices.Contains(b.Lines, link) })
		return placed && link != keep && (shown || r.Keys.Has(written, link))
	}
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
