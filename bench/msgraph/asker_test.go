//go:build unix

package msgraph

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
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
	site
	bare    *http.Client
	graph   *graph.Client
	sweeper *sweep.Sweeper
	redis   *redistest.Server
	adapter abstractions.RequestAdapter
	watch   *recorder
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

// recorder notes what is asked while it is on.
type recorder struct {
	http.RoundTripper
	on    bool
	asked []*http.Request
}

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	if r.on {
		r.asked = append(r.asked, request.Clone(context.Background()))
	}
	return r.RoundTripper.RoundTrip(request)
}

func newAsker(b *testing.B, s site) *asker {
	b.Helper()
	a := &asker{site: s, bare: &http.Client{Transport: s.trusting()}, redis: redistest.Start(b), watch: &recorder{RoundTripper: s.trusting()}}
	var err error
	a.graph, err = graph.New(s.GraphURL, s.trusting(), token(s.Token))
	must(b, err)
	calendars, err := graph.New(s.GraphURL, a.watch, token(s.Token))
	must(b, err)
	meetings, err := webex.New(s.WebexURL, s.trusting(), webex.FixedToken(s.WebexToken))
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
	client := &http.Client{Transport: khttp.NewCustomTransportWithParentTransport(s.trusting(), core.GetDefaultMiddlewaresWithOptions(&options)...)}
	abstractions.RegisterDefaultDeserializer(func() serialization.ParseNodeFactory { return kjson.NewJsonParseNodeFactory() })
	a.adapter, err = core.NewGraphRequestAdapterBaseWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(
		authentication.NewBaseBearerTokenAuthenticationProvider(token(s.Token)), options, nil, nil, client)
	must(b, err)
	return a
}

func (s site) trusting() *http.Transport {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.CA)
	return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 4}
}

// record sweeps once, and notes what that asked for.
func (a *asker) record(b *testing.B) {
	b.Helper()
	a.watch.on = true
	_, err := a.sweep(b.Context())
	must(b, err)
	a.watch.on = false
	a.asked = a.watch.asked
}

func (a *asker) floor(ctx context.Context) (int, error) {
	for _, request := range a.asked {
		response, err := a.bare.Do(request.Clone(ctx))
		if err != nil {
			return 0, err
		}
		_, err = io.Copy(io.Discard, response.Body)
		if err := errors.Join(err, response.Body.Close()); err != nil || response.StatusCode != http.StatusOK {
			return 0, fmt.Errorf("status %d, %w", response.StatusCode, err)
		}
	}
	return 0, nil
}

// changes asks for what came since the link of each mailbox.
func (a *asker) changes(ctx context.Context) (events int, err error) {
	for i, m := range a.Mailboxes {
		n, err := a.round(ctx, m, a.asked[i].URL.String())
		if err != nil {
			return 0, err
		}
		events += n
	}
	return events, nil
}

// whole asks for all there is.
func (a *asker) whole(ctx context.Context) (int, error) { return a.round(ctx, a.Mailboxes[0], "") }

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
	for _, m := range a.Mailboxes {
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
	if len(a.Mailboxes) == 1 {
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
