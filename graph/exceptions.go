package graph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"syncd/delta"
	"syncd/rest"
)

// Exceptions lists the occurrences that differ from their series, of all series of the calendar, whenever they are. No list has them: it
// is one request for the series and one for each of them (event.md, exceptionOccurrences, which has to be named twice).
func (c *Calendar) Exceptions(ctx context.Context) ([]string, error) {
	masters, err := c.list(ctx, url.Values{"$select": {"id,type"}, "$top": {"999"}}, func(e listed) bool {
		return eventType([]byte(e.Type)) == delta.Master
	})
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, master := range masters {
		var answer struct {
			Exceptions []listed `json:"exceptionOccurrences"`
		}
		err := c.do(ctx, rest.Call{
			Method: http.MethodGet, Header: prefer(immutable, utc), Decode: rest.JSON(&answer),
			URL: c.url(url.Values{"$select": {"id,exceptionOccurrences"}, "$expand": {"exceptionOccurrences"}}, events, master),
		})
		if errors.Is(err, delta.ErrGone) || errors.Is(err, delta.ErrRefused) {
			continue // gone between the list and now, or a cloud that does not know the question
		}
		if err != nil {
			return nil, fmt.Errorf("reading a series' exceptions: %w", err)
		}
		for _, e := range answer.Exceptions {
			ids = append(ids, e.ID)
		}
	}
	return ids, nil
}
