package graph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"syncd/delta"
	"syncd/rest"
)

// A trial is an event that `syncd doctor` makes, changes and removes again. It has no attendees, no location and no keyword: nobody is
// mailed, and a daemon that sees it finds nothing to do. It carries a word by which it is found again also where the answer to its
// making was lost (singlevaluelegacyextendedproperty-get.md).

const (
	trialProperty   = "String {6f2c1c4e-5b1d-4c55-9e0e-2f0b8a7d3c61} Name SyncdTrial"
	patchedProperty = "String {6f2c1c4e-5b1d-4c55-9e0e-2f0b8a7d3c61} Name SyncdTrialPatched"
)

type trialJSON struct {
	ID         string         `json:"id"`
	ETag       string         `json:"@odata.etag"`
	Properties []propertyJSON `json:"singleValueExtendedProperties"`
}

// MakeTrial makes a trial of half an hour with a word that no other has. A lost answer is [delta.ErrUnclear]: there may be one now.
func (c *Calendar) MakeTrial(ctx context.Context, word string, start time.Time) (id, etag string, err error) {
	const layout = "2006-01-02T15:04:05"
	at := func(t time.Time) map[string]string {
		return map[string]string{"dateTime": t.UTC().Format(layout), "timeZone": "UTC"}
	}
	var answer trialJSON
	err = c.do(ctx, rest.Call{
		Method: http.MethodPost, URL: c.url(nil, events), Header: prefer(immutable, utc), Decode: rest.JSON(&answer),
		Body: map[string]any{
			"subject": "syncd doctor", "body": patchBodyJSON{"text", "A test event. It may be deleted."},
			"start": at(start), "end": at(start.Add(30 * time.Minute)), "showAs": "free", "isReminderOn": false, "transactionId": word,
			"singleValueExtendedProperties": []propertyJSON{{trialProperty, word}},
		},
	})
	switch {
	case err != nil:
		return "", "", fmt.Errorf("making an event: %w", err)
	case answer.ID == "" || answer.ETag == "":
		return "", "", fmt.Errorf("making an event: %w: it has no id or no version", delta.ErrUnclear)
	}
	return answer.ID, answer.ETag, nil
}

// PatchTrial puts an extended property on a trial that has the version etag, and reads it back. Where Exchange itself has
// touched the event meanwhile it takes the new version, a few times.
func (c *Calendar) PatchTrial(ctx context.Context, id, etag, word string) error {
	const tries = 3
	for try := 1; ; try++ {
		header := prefer(immutable, utc)
		header.Set("If-Match", etag)
		err := c.do(ctx, rest.Call{
			Method: http.MethodPatch, URL: c.url(nil, events, id), Header: header, Decode: rest.JSON(&trialJSON{}),
			Body: patchJSON{Properties: []propertyJSON{{patchedProperty, word}}},
		})
		if err != nil && (!errors.Is(err, delta.ErrConflict) || try == tries) {
			return fmt.Errorf("patching the event: %w", err)
		}
		var answer trialJSON
		query := url.Values{"$select": {"id"}, "$expand": {"singleValueExtendedProperties($filter=id eq '" + patchedProperty + "')"}}
		if failed := c.do(ctx, rest.Call{Method: http.MethodGet, URL: c.url(query, events, id), Header: prefer(immutable, utc), Decode: rest.JSON(&answer)}); failed != nil {
			return fmt.Errorf("reading the event back: %w", failed)
		}
		if etag = answer.ETag; err != nil {
			continue
		}
		for _, p := range answer.Properties {
			if strings.EqualFold(p.ID, patchedProperty) && p.Value == word {
				return nil
			}
		}
		return fmt.Errorf("%w: the event does not show the extended property that was written into it", delta.ErrRefused)
	}
}

// DropTrial removes a trial, known by its id or else by its word, and reports how many there were. Nothing to remove is no error.
func (c *Calendar) DropTrial(ctx context.Context, id, word string) (removed int, err error) {
	ids := []string{id}
	if id == "" {
		filter := "singleValueExtendedProperties/Any(ep: ep/id eq '" + trialProperty + "' and ep/value eq '" + word + "')"
		if ids, err = c.list(ctx, url.Values{"$select": {"id"}, "$filter": {filter}}, nil); err != nil {
			return 0, err
		}
	}
	for _, id := range ids {
		err := c.do(ctx, rest.Call{Method: http.MethodDelete, URL: c.url(nil, events, id), Header: prefer(immutable)})
		if err != nil && !errors.Is(err, delta.ErrGone) {
			return removed, fmt.Errorf("removing the event: %w", err)
		}
		removed++
	}
	return removed, nil
}
