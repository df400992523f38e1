package simulator

import (
	"fmt"
	"net/http"
	"time"
)

// messages are the texts beside error codes; clients must not read them.
var messages = map[string]string{
	"InvalidAuthenticationToken":  "Access token has expired or is not yet valid.",
	"ErrorAccessDenied":           "Access is denied. Check credentials and try again.",
	"Authorization_RequestDenied": "Insufficient privileges to complete the operation.",
	"ErrorItemNotFound":           "The specified object was not found in the store.",
	"ErrorInvalidIdMalformed":     "Id is malformed.",
	"ErrorInvalidUser":            "The requested user is invalid.",
	"Request_ResourceNotFound":    "Resource does not exist or one of its queried reference-property objects are not present.",
	"MailboxNotEnabledForRESTAPI": "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
	"ApplicationThrottled":        "Application is over its MailboxConcurrency limit.",
	"TooManyRequests":             "Please retry again later.",
	"ErrorIrresolvableConflict": "The send or update operation could not be performed because the change key passed in the request " +
		"does not match the current change key for the item.",
	"ErrorDuplicateTransactionId": "Your request can't be completed. The TransactionId specified in the request has already been used to create a different event.",
	"ErrorInvalidRequest":         "Your request can't be completed. The range between the start and end dates is greater than the allowed range. Maximum number of days: 1825",
}

// refusal is an error in the shape of the call's service.
func (c *call) refusal(status int, code string) *answer {
	switch c.Service {
	case Entra:
		return c.denied(status, code, 90006, "The request was refused.")
	case Webex:
		return c.webexError(status, code)
	}
	text := messages[code]
	if text == "" {
		text = "The request was refused: " + code
	}
	return c.graphError(status, code, text)
}

// graphError is the envelope of microsoft-graph.md 8.7.
func (c *call) graphError(status int, code, message string) *answer {
	inner := map[string]any{
		"date":              c.w.now().UTC().Format("2006-01-02T15:04:05"),
		"request-id":        requestID(c.N),
		"client-request-id": requestID(c.N),
	}
	if id := c.r.Header.Get("client-request-id"); id != "" {
		inner["client-request-id"] = id
	}
	a := jsonAnswer(status, map[string]any{"error": map[string]any{"code": code, "message": message, "innerError": inner}})
	a.set("request-id", requestID(c.N))
	a.set("Date", c.w.now().UTC().Format(http.TimeFormat))
	return a
}

// webexError is the error object of webex.md 2.1.
func (c *call) webexError(status int, description string) *answer {
	tracking := fmt.Sprintf("ROUTERGW_%s", requestID(c.N))
	a := jsonAnswer(status, map[string]any{
		"message":    description,
		"errors":     []map[string]string{{"description": description}},
		"trackingId": tracking,
	})
	return a.set("trackingid", tracking).set("Content-Type", "application/json;charset=UTF-8")
}

func requestID(n int64) string { return fmt.Sprintf("5eed0000-0000-4000-8000-%012x", n) }

// stampFormat is how Graph writes an instant: seven digits of fraction.
func stampFormat(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.0000000Z") }
