// Package hints takes Graph's notifications where they arrive, in an Azure event hub or at a webhook, and says which mailboxes they
// name. It is a way in for strangers, so it believes nothing: a notification counts when its clientState is one that only we can have
// made, and then it is worth one look at one mailbox, no more. What it says of the event is not even read.
//
// Floods cost little: who is named a thousand times between two deliveries is delivered once, and what is forged costs one MAC.
//
// It knows nothing of ours. Whoever uses it says what our clientStates look like, where hints go, and where the checkpoints of event
// hubs are kept.
package hints

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Ours tells the mailbox of a clientState; ok is false for one that is not ours.
type Ours func(clientState string) (mailbox string, ok bool)

// Notices are what some notifications say.
type Notices struct {
	Changed []string // mailboxes in which something may have changed
	// Ending are those whose subscription ended, or will unless it is renewed: reauthorizationRequired, subscriptionRemoved
	// (change-notifications-lifecycle-events.md).
	Ending  []string
	Foreign int // notifications that are not ours
}

// notification is what is read of one (change-notifications-overview.md).
type notification struct {
	ClientState    string `json:"clientState"`
	ChangeType     string `json:"changeType"`
	LifecycleEvent string `json:"lifecycleEvent"`
}

// most is how many notifications one message may hold. Graph sends some dozens.
const most = 10_000

// Read reads a message: {"value":[...]}. A message that makes no sense is an error, and a notification that does not is foreign.
func Read(message []byte, ours Ours) (Notices, error) {
	var m struct {
		Value []json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal(message, &m); err != nil || m.Value == nil {
		return Notices{}, fmt.Errorf("a message of %d bytes that is no list of notifications", len(message)) // its text is not shown
	}
	var out Notices
	for i, raw := range m.Value {
		var n notification
		switch {
		case i >= most, json.Unmarshal(raw, &n) != nil:
			out.Foreign++
			continue
		case strings.HasPrefix(n.ChangeType, "Validation:"):
			continue // what Graph puts into an event hub with each new subscription
		}
		mailbox, ok := ours(n.ClientState)
		if !ok {
			out.Foreign++
			continue
		}
		out.Changed = append(out.Changed, mailbox)
		if n.LifecycleEvent != "" && n.LifecycleEvent != "missed" {
			out.Ending = append(out.Ending, mailbox)
		}
	}
	return out, nil
}
