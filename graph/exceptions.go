package graph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"syncd/delta"
	"syncd/rest"
)

// No list has the occurrences that differ from their series. They are asked for series by series (event.md, exceptionOccurrences,
// which has to be named twice; what is selected goes for them too).

// Exceptions lists them of all series of the calendar, whenever they are: a request for the list of series and one for each of them.
func (c *Calendar) Exceptions(ctx context.Context) ([]string, error) {
	masters, err := c.list(ctx, url.Values{"$select": {"id,type"}, "$top": {"999"}}, func(e listed) bool {
		return eventType([]byte(e.Type)) == delta.Master
	})
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, master := range masters {
		differing, err := c.exceptions(ctx, master)
		if errors.Is(err, delta.ErrGone) || errors.Is(err, delta.ErrRefused) {
			continue // gone between the list and now, or a cloud that does not know the question
		}
		if err != nil {
			return nil, err
		}
		for _, e := range differing {
			ids = append(ids, e.ID)
		}
	}
	return ids, nil
}

// Later lists the occurrences that differ from their series and begin at a time or later. It is one request.
func (c *Calendar) Later(ctx context.Context, master string, from time.Time) ([]string, error) {
	differing, err := c.exceptions(ctx, master)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, e := range differing {
		if start, known := e.Start.read(); !known || !start.Before(from) {
			ids = append(ids, e.ID)
		}
	}
	return ids, nil
}

// exceptions asks for the occurrences of a series that differ.
func (c *Calendar) exceptions(ctx context.Context, master string) ([]listed, error) {
	var answer struct {
		Exceptions []listed `json:"exceptionOccurrences"`
	}
	err := c.do(ctx, rest.Call{
		Method: http.MethodGet, Header: prefer(immutable, utc), Decode: rest.JSON(&answer),
		URL: c.url(url.Values{"$select": {"id,start,exceptionOccurrences"}, "$expand": {"exceptionOccurrences"}}, events, master),
	})
	if err != nil {
		return nil, fmt.Errorf("reading a series' exceptions: %w", err)
	}
	return answer.Exceptions, nil
}
