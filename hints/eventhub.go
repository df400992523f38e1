package hints

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azeventhubs/v2"
	"github.com/coder/websocket"
)

// Hub reads an Azure event hub into which Graph puts notifications. All that share its checkpoints share its partitions: each is read
// by one of them, and passes to another within a minute when that one dies. An event may be read twice, and none is passed over as long
// as the hub keeps it (a day or more).
type Hub struct {
	Namespace string // such as "example.servicebus.windows.net"
	Name      string
	Group     string // consumer group
	// Connection is a connection string with the right to listen. Where it is empty, Token gives tokens for
	// https://eventhubs.azure.net.
	Connection string
	Token      func(ctx context.Context) (string, error)
	// WebSockets opens connections over HTTPS, port 443, as its transport says, proxies and all; nil for AMQP on port 5671. Its
	// transport must not speak HTTP/2.
	WebSockets  *http.Client
	TLS         *tls.Config
	Checkpoints Checkpoints
	Ours        Ours
	Collector   *Collector
	Count       func(n Notices, unreadable bool) // may be nil
	Alive       func(ctx context.Context)        // told from time to time that a partition is being read
	Failed      func(err error)                  // told of trouble once, and with nil when it is over

	mu      sync.Mutex
	failing bool // guarded by mu
}

const (
	// atATime is how many events are taken at once.
	atATime = 300
	// moreWithin is how long others are waited for when one has come.
	moreWithin = 100 * time.Millisecond
	// silence is how long nothing may come until the hub is asked whether it is still there.
	silence = 30 * time.Second
	// answerWithin is how long it has for that.
	answerWithin = 20 * time.Second
	// before is how far back reading begins where there is no checkpoint: what changed while Redis was lost is found again.
	before = 10 * time.Minute
	// firstRest and longestRest are between two tries to connect.
	firstRest, longestRest = time.Second, 2 * time.Minute
)

// Run reads until ctx ends. Whatever fails, it begins again.
func (h *Hub) Run(ctx context.Context) {
	rest := firstRest
	for ctx.Err() == nil {
		began := time.Now()
		err := h.read(ctx)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			err = errors.New("the connection ended")
		}
		h.trouble(err)
		if rest *= 2; time.Since(began) > longestRest {
			rest = firstRest
		}
		rest = min(rest, longestRest)
		select {
		case <-ctx.Done():
		case <-time.After(rest/2 + rand.N(rest/2)):
		}
	}
}

// trouble says once that there is trouble, and once that it is over.
func (h *Hub) trouble(err error) {
	h.mu.Lock()
	news := (err != nil) != h.failing
	h.failing = err != nil
	h.mu.Unlock()
	if news && h.Failed != nil {
		h.Failed(err)
	}
}

// read connects and reads until something fails.
func (h *Hub) read(ctx context.Context) error {
	client, err := h.client()
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	var parts sync.WaitGroup
	defer func() {
		stop()
		parts.Wait()
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = client.Close(closing)
	}()
	store := checkpointStore{h.Checkpoints}
	processor, err := azeventhubs.NewProcessor(client, store, &azeventhubs.ProcessorOptions{
		StartPositions: h.start(), LoadBalancingStrategy: azeventhubs.ProcessorStrategyGreedy,
	})
	if err != nil {
		return hubError(err)
	}
	var broken error
	var once sync.Once
	parts.Go(func() {
		for {
			partition := processor.NextPartitionClient(ctx)
			if partition == nil {
				return
			}
			parts.Go(func() {
				if err := h.follow(ctx, client, partition); err != nil && ctx.Err() == nil {
					once.Do(func() { broken = err })
					stop()
				}
			})
		}
	})
	err = processor.Run(ctx)
	stop()
	parts.Wait()
	if err == nil {
		return broken
	}
	return hubError(err)
}

func (h *Hub) start() azeventhubs.StartPositions {
	since := time.Now().Add(-before)
	return azeventhubs.StartPositions{Default: azeventhubs.StartPosition{EnqueuedTime: &since}}
}

// follow reads a partition until another has it, which is no error.
func (h *Hub) follow(ctx context.Context, client *azeventhubs.ConsumerClient, p *azeventhubs.ProcessorPartitionClient) error {
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = p.Close(closing)
	}()
	for ctx.Err() == nil {
		events, err := h.receive(ctx, p)
		var refused *azeventhubs.Error
		switch {
		case errors.As(err, &refused) && refused.Code == azeventhubs.ErrorCodeOwnershipLost:
			return nil
		case err != nil:
			return hubError(err)
		}
		if len(events) == 0 {
			asking, cancel := context.WithTimeout(ctx, answerWithin)
			_, err := client.GetPartitionProperties(asking, p.PartitionID(), nil)
			cancel()
			if err != nil {
				return hubError(err)
			}
		} else if err := h.take(ctx, p, events); err != nil {
			return err
		}
		h.trouble(nil)
		if h.Alive != nil && ctx.Err() == nil {
			h.Alive(ctx)
		}
	}
	return nil
}

// receive waits for an event, and then a moment for those that come with it.
func (h *Hub) receive(ctx context.Context, p *azeventhubs.ProcessorPartitionClient) ([]*azeventhubs.ReceivedEventData, error) {
	first, err := within(ctx, p, silence, 1)
	if err != nil || len(first) == 0 {
		return nil, err
	}
	more, err := within(ctx, p, moreWithin, atATime-1)
	return append(first, more...), err
}

// within receives some events in some time. None is no error.
func within(ctx context.Context, p *azeventhubs.ProcessorPartitionClient, patience time.Duration, n int) ([]*azeventhubs.ReceivedEventData, error) {
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	events, err := p.ReceiveEvents(waiting, n, nil)
	if errors.Is(err, context.DeadlineExceeded) && waiting.Err() != nil {
		err = nil
	}
	return events, err
}

// take passes on what events say. The checkpoint moves after that.
func (h *Hub) take(ctx context.Context, p *azeventhubs.ProcessorPartitionClient, events []*azeventhubs.ReceivedEventData) error {
	for _, e := range events {
		n, err := Read(e.Body, h.Ours)
		if h.Count != nil {
			h.Count(n, err != nil)
		}
		h.Collector.Add(n)
	}
	if err := h.Collector.Flush(ctx); err != nil {
		return err
	}
	if err := p.UpdateCheckpoint(ctx, events[len(events)-1], nil); err != nil {
		return hubError(err)
	}
	return nil
}

// HubError is trouble that Event Hubs itself names.
type HubError struct{ Code azeventhubs.ErrorCode }

func (e *HubError) Error() string {
	switch e.Code {
	case azeventhubs.ErrorCodeUnauthorizedAccess:
		return "event hub: access denied: the connection string, or the role Azure Event Hubs Data Receiver, is wrong"
	case azeventhubs.ErrorCodeConnectionLost:
		return "event hub: connection lost"
	}
	return "event hub: " + string(e.Code)
}

// hubError keeps what the service wrote out of errors it names.
func hubError(err error) error {
	var named *azeventhubs.Error
	switch {
	case errors.As(err, &named):
		return &HubError{named.Code}
	case strings.Contains(err.Error(), "status code 401"): // of a type that the client keeps to itself
		return &HubError{azeventhubs.ErrorCodeUnauthorizedAccess}
	}
	return fmt.Errorf("event hub: %w", err)
}

// client makes a connection's client; it connects when it is used.
func (h *Hub) client() (*azeventhubs.ConsumerClient, error) {
	options := &azeventhubs.ConsumerClientOptions{
		ApplicationID: "syncd", TLSConfig: h.TLS,
		RetryOptions: azeventhubs.RetryOptions{MaxRetries: 2, RetryDelay: time.Second, MaxRetryDelay: 10 * time.Second},
	}
	if h.WebSockets != nil {
		options.NewWebSocketConn = h.dial
	}
	var client *azeventhubs.ConsumerClient
	var err error
	if h.Connection != "" {
		name := h.Name
		if properties, parsed := azeventhubs.ParseConnectionString(h.Connection); parsed == nil && properties.EntityPath != nil {
			name = "" // it names the hub itself, and may not be told it twice
		}
		client, err = azeventhubs.NewConsumerClientFromConnectionString(h.Connection, name, h.Group, options)
	} else {
		client, err = azeventhubs.NewConsumerClient(h.Namespace, h.Name, h.Group, credential(h.Token), options)
	}
	if err != nil {
		return nil, hubError(err)
	}
	return client, nil
}

// longestMessage is more than any frame that Event Hubs sends.
const longestMessage = 4 << 20

// dial opens a WebSocket (the path and subprotocol are Event Hubs' own).
func (h *Hub) dial(ctx context.Context, to azeventhubs.WebSocketConnParams) (net.Conn, error) {
	client := *h.WebSockets
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	ws, _, err := websocket.Dial(ctx, to.Host, &websocket.DialOptions{HTTPClient: &client, Subprotocols: []string{"amqp"}})
	if err != nil {
		return nil, fmt.Errorf("opening a WebSocket: %w", err)
	}
	conn := websocket.NetConn(context.Background(), ws, websocket.MessageBinary) // it lives until it is closed
	ws.SetReadLimit(longestMessage)
	return conn, nil
}

// credential gives tokens to the client.
type credential func(ctx context.Context) (string, error)

// assumedLife is how long a token is taken to live. Who gives it renews it in time; the client asks every few minutes.
const assumedLife = 5 * time.Minute

// GetToken implements [azcore.TokenCredential].
func (c credential) GetToken(ctx context.Context, _ policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := c(ctx)
	return azcore.AccessToken{Token: token, ExpiresOn: time.Now().Add(assumedLife)}, err
}
