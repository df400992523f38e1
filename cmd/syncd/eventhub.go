package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"syncd/graph"
	"syncd/hints"
	"syncd/rest"
)

// Reading the event hub into which Graph puts notifications.

// eventHubScope is whose tokens Event Hubs takes, in every cloud.
const eventHubScope = "https://eventhubs.azure.net"

// hubPlace is the namespace and the hub that a notification address names; none where it names a secret in a key vault, which only
// Graph reads.
func (c *Config) hubPlace() (namespace, hub string) {
	u, err := url.Parse(strings.TrimPrefix(c.NotificationURL, eventHub))
	if err != nil || !strings.HasPrefix(c.NotificationURL, eventHub) {
		return "", ""
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	if len(parts) != 2 || !strings.EqualFold(parts[0], "eventhubname") {
		return "", ""
	}
	return u.Host, parts[1]
}

// connectionParts are the parts of a connection string, by their names in lower case.
func connectionParts(s string) map[string]string {
	parts := map[string]string{}
	for part := range strings.SplitSeq(s, ";") {
		name, value, _ := strings.Cut(part, "=")
		parts[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
	}
	return parts
}

// parseHubConnection takes a connection string. That of the emulator, which has no TLS, is for this machine only.
func parseHubConnection(s string) (string, error) {
	parts := connectionParts(s)
	u, err := url.Parse(parts["endpoint"])
	if err != nil || u.Scheme != "sb" || u.Host == "" || parts["sharedaccesskeyname"] == "" || parts["sharedaccesskey"] == "" {
		return "", errors.New("want Endpoint=sb://NAMESPACE.servicebus.windows.net/;SharedAccessKeyName=...;SharedAccessKey=...;EntityPath=HUB")
	}
	ip := net.ParseIP(u.Hostname())
	if strings.EqualFold(parts["usedevelopmentemulator"], "true") && u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", errors.New("UseDevelopmentEmulator means no TLS, and is for this machine only")
	}
	return s, nil
}

// newHub makes the reader of the event hub; nil where there is none to read.
func (h *hinting) newHub() (*hints.Hub, error) {
	c := h.config
	if !strings.HasPrefix(c.NotificationURL, eventHub) {
		return nil, nil
	}
	roots, err := roots(c)
	if err != nil {
		return nil, err
	}
	var last atomic.Int64
	hub := &hints.Hub{
		Group: c.HubGroup, Connection: c.HubConnection, TLS: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		Checkpoints: h.store.Checkpoints(), Ours: h.ours, Collector: &h.collector,
		Count: func(n hints.Notices, unreadable bool) { h.metrics.noticed("eventhub", n, unreadable) },
		Alive: func(ctx context.Context) {
			if now := time.Now().Unix(); now-last.Load() >= int64(lookAtHints/time.Second) {
				last.Store(now)
				_ = h.store.HintsRead(ctx, time.Now()) // else the ordinary rhythm holds, which is right where Redis is down
			}
		},
		Failed: func(err error) {
			if err == nil {
				h.log.Info().Msg("the event hub is read again")
				return
			}
			h.log.Error().Str("error", hubTrouble(err)).Msg("cannot read the event hub; trying again. Mailboxes have the ordinary rhythm meanwhile")
		},
	}
	hub.Namespace, hub.Name = c.hubPlace()
	if c.HubTransport == "websockets" {
		transport, err := newTransport(c)
		if err != nil {
			return nil, err
		}
		transport.ForceAttemptHTTP2, transport.Protocols = false, new(http.Protocols)
		transport.Protocols.SetHTTP1(true) // a WebSocket begins with HTTP/1.1
		hub.WebSockets = &http.Client{Transport: transport}
	}
	if c.HubConnection != "" {
		return hub, nil
	}
	transport, err := newTransport(c)
	if err != nil {
		return nil, err
	}
	tokens, err := graph.NewAppTokens(graph.Credential{
		LoginURL: c.LoginURL, TenantID: c.TenantID, ClientID: c.ClientID, Certificate: c.ClientCertificate,
		GraphURL: eventHubScope, Transport: transport, Warn: renewalFailed(h.log, "Microsoft"),
	})
	if err != nil {
		return nil, err
	}
	hub.Token = func(ctx context.Context) (string, error) { return tokens.Token(ctx, "") }
	return hub, nil
}

// hubTrouble says what is wrong without quoting what a server sent.
func hubTrouble(err error) string {
	var refused *hints.HubError
	if errors.As(err, &refused) {
		return refused.Error()
	}
	return fmt.Sprint(rest.Cause(err))
}
