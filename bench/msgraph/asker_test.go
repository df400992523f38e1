//go:build unix

package msgraph

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoft/kiota-abstractions-go/authentication"
	"github.com/microsoft/kiota-abstractions-go/serialization"
	khttp "github.com/microsoft/kiota-http-go"
	kjson "github.com/microsoft/kiota-serialization-json-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"
	"github.com/microsoftgraph/msgraph-sdk-go/users"
	"github.com/rs/zerolog"

	"syncd/delta"
	"syncd/graph"
	"syncd/parser"
	"syncd/redisstore"
	"syncd/redisstore/redistest"
	"syncd/simulator/floor"
	"syncd/sweep"
	"syncd/webex"
)

// asker asks Graph for what changed, in four ways, each over a connection of its own, for the same bytes over the same TLS:
//
//	floor    a bare net/http client that throws the answer away
//	changes  package graph, which reads it; whole, where nothing is known yet
//	sweep    all that syncd does: it reads and decides, and has its lease and its cursor in a real Redis
//	library  msgraph-sdk-go with its ordinary middleware, which reads it
type asker struct {
	floor.Site
	boxes   []delta.Mailbox
	bare    *http.Client
	graph   *graph.Client
	sweeper *sweep.Sweeper
	redis   *redistest.Server
	adapter abstractions.RequestAdapter
	watch   *floor.Recorder
	asked   []*http.Request // what a sweep of all mailboxes asked for
}

const (
	behind = 24 * time.Hour
	ahead  = 180 * 24 * time.Hour
)

// token is a bearer token, for both libraries.
type token string

func (t token) Token(context.Context, string) (string, error) { return string(t), nil }

// GetAuthorizationToken implements [authentication.AccessTokenProvider].
func (t token) GetAuthorizationToken(context.Context, *url.URL, map[string]any) (string, error) {
	return string(t), nil
}

// GetAllowedHostsValidator implements [authentication.AccessTokenProvider].
func (t token) GetAllowedHostsValidator() *authentication.AllowedHostsValidator {
	return &authentication.AllowedHostsValidator{}
}

func newAsker(b *testing.B, mailboxes, events int) *asker {
	b.Helper()
	s := floor.Start(b, mailboxes, events)
	a := &asker{Site: s, bare: &http.Client{Transport: s.Transport()}, redis: redistest.Start(b), watch: &floor.Recorder{RoundTripper: s.Transport()}}
	for _, m := range s.Mailboxes {
		a.boxes = append(a.boxes, delta.Mailbox(m))
	}
	var err error
	a.graph, err = graph.New(s.GraphURL, s.Transport(), token(s.Token))
	must(b, err)
	calendars, err := graph.New(s.GraphURL, a.watch, token(s.Token))
	must(b, err)
	meetings, err := webex.New(s.WebexURL, s.Transport(), webex.FixedToken(s.WebexToken))
	must(b, err)
	keys, err := delta.NewKeys([]byte("a master key of thirty-two bytes"), s.Tenant)
	must(b, err)
	store, err := redisstore.Open(b.Context(), redisstore.Options{URL: a.redis.URL, LeaseTTL: time.Minute})
	must(b, err)
	b.Cleanup(func() { _ = store.Close() })
	a.sweeper = &sweep.Sweeper{
		Open:     func(m delta.Mailbox) sweep.Calendar { return calendars.Calendar(m) },
		Claim:    func(ctx context.Context, m delta.Mailbox) (sweep.Memory, error) { return store.Claim(ctx, m) },
		Meetings: meetings, Pauses: store, Quotas: store, Keys: keys, Policy: delta.Policy{Webex: delta.MyRoom, Meet: delta.Space},
		Limit: sweep.Limit{Count: 20, Share: 0.5}, Behind: behind, Ahead: ahead, Parts: parser.DefaultParts(), Log: zerolog.Nop(),
	}
	options := core.GraphClientOptions{GraphServiceLibraryVersion: "1.89.0"}
	client := &http.Client{Transport: khttp.NewCustomTransportWithParentTransport(s.Transport(), core.GetDefaultMiddlewaresWithOptions(&options)...)}
	abstractions.RegisterDefaultDeserializer(func() serialization.ParseNodeFactory { return kjson.NewJsonParseNodeFactory() })
	a.adapter, err = core.NewGraphRequestAdapterBaseWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(
		authentication.NewBaseBearerTokenAuthenticationProvider(token(s.Token)), options, nil, nil, client)
	must(b, err)
	return a
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// record sweeps once, and notes what that asked for.
func (a *asker) record(b *testing.B) {
	b.Helper()
	a.watch.On = true
	_, err := a.sweep(b.Context())
	must(b, err)
	a.watch.On = false
	a.asked = a.watch.Asked
}

func (a *asker) floor(ctx context.Context) (int, error) { return 0, floor.Fetch(ctx, a.bare, a.asked) }

// changes asks for what came since the link of each mailbox.
func (a *asker) changes(ctx context.Context) (events int, err error) {
	for i, m := range a.boxes {
		n, err := a.round(ctx, m, a.asked[i].URL.String())
		if err != nil {
			return 0, err
		}
		events += n
	}
	return events, nil
}

// whole asks for all there is.
func (a *asker) whole(ctx context.Context) (int, error) { return a.round(ctx, a.boxes[0], "") }

func (a *asker) round(ctx context.Context, m delta.Mailbox, link string) (events int, err error) {
	for page, err := range a.graph.Calendar(m).Round(ctx, link, time.Now().Add(-behind), time.Now().Add(ahead)) {
		if err != nil {
			return 0, err
		}
		events += len(page.Events)
	}
	return events, nil
}

func (a *asker) sweep(ctx context.Context) (events int, err error) {
	for _, m := range a.boxes {
		report, err := a.sweeper.Sweep(ctx, m)
		if err != nil {
			return 0, err
		}
		events += report.Items
	}
	return events, nil
}

// library begins where the sweep began, and follows Graph's links to the end of each round.
func (a *asker) library(ctx context.Context) (events int, err error) {
	first := a.asked
	if len(a.boxes) == 1 {
		first = a.asked[:1]
	}
	headers := abstractions.NewRequestHeaders()
	headers.Add("Prefer", a.asked[0].Header.Get("Prefer"))
	config := &users.ItemCalendarViewDeltaRequestBuilderGetRequestConfiguration{Headers: headers}
	for _, request := range first {
		for next := request.URL.String(); next != ""; {
			page, err := users.NewItemCalendarViewDeltaRequestBuilder(next, a.adapter).GetAsDeltaGetResponse(ctx, config)
			if err != nil {
				return 0, err
			}
			events += len(page.GetValue())
			if next = ""; page.GetOdataNextLink() != nil {
				next = *page.GetOdataNextLink()
			}
		}
	}
	return events, nil
}
