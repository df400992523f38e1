package delta

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"hash"
	"strings"

	"syncd/parser"
)

// Keys signs what syncd leaves behind at others, so that it knows its own again after losing everything but its key file.
// All values are bound to tenant and mailbox.
type Keys struct {
	tenant                  string
	tag, mark, digest, hint []byte
}

// NewKeys derives the signing keys of a tenant from the installation's master key of at least 32 bytes.
func NewKeys(master []byte, tenant string) (Keys, error) {
	if len(master) < 32 {
		return Keys{}, errors.New("master key is shorter than 32 bytes")
	}
	k := Keys{tenant: strings.ToLower(tenant)} // case tells no two tenants apart
	for label, into := range map[string]*[]byte{"tag": &k.tag, "mark": &k.mark, "fingerprint": &k.digest, "hint": &k.hint} {
		key, err := hkdf.Expand(sha256.New, master, "syncd "+label+" 1", 32)
		if err != nil {
			return Keys{}, fmt.Errorf("deriving the %s key: %w", label, err)
		}
		*into = key
	}
	return k, nil
}

var tagEncoding = base32.NewEncoding(parser.RefAlphabet).WithPadding(base32.NoPadding)

const (
	eventTagPrefix   = "sd1-" // the meeting of one event
	mailboxTagPrefix = "sdm-" // all meetings of one mailbox
	timesTagPrefix   = "sdt-" // what the meeting was last told of its times
	tagBytes         = 16
)

// Tag is the integration tag of an event's meeting at Webex: 30 characters that reveal nothing.
func (k Keys) Tag(mailbox, event string) string {
	return eventTagPrefix + tagEncoding.EncodeToString(k.mac(k.tag, "event", mailbox, event)[:tagBytes])
}

// MailboxTag is on every meeting made for a mailbox, so that they can be listed.
func (k Keys) MailboxTag(mailbox string) string {
	return mailboxTagPrefix + tagEncoding.EncodeToString(k.mac(k.tag, "mailbox", mailbox)[:tagBytes])
}

// Tags are what a meeting carries: for which event it is, for which mailbox, and which times it was told last. The last one tells,
// when all else is lost, whether the event moved meanwhile.
func (k Keys) Tags(mailbox, event, when string) []string {
	return []string{k.Tag(mailbox, event), k.MailboxTag(mailbox), timesTagPrefix + when}
}

// ToldTimes reports whether a meeting's tags say that it was told of the times when; known is false where they say nothing.
func ToldTimes(tags []string, when string) (same, known bool) {
	for _, tag := range tags {
		if told, ok := strings.CutPrefix(tag, timesTagPrefix); ok {
			return told == when, true
		}
	}
	return false, false
}

// EventTag picks the event tag out of a meeting's tags.
func EventTag(tags []string) (string, bool) {
	for _, tag := range tags {
		if strings.HasPrefix(tag, eventTagPrefix) {
			return tag, true
		}
	}
	return "", false
}

// Ref is the reference of an event's join block: the first characters of its tag.
func (k Keys) Ref(mailbox, event string) string {
	return k.Tag(mailbox, event)[len(eventTagPrefix):][:parser.RefLen]
}

// mac is an HMAC over parts, each with its length before it, so that no two lists of parts are alike.
func (k Keys) mac(key []byte, parts ...string) []byte {
	h := hmac.New(sha256.New, key)
	writePart(h, k.tenant)
	for _, p := range parts {
		writePart(h, p)
	}
	return h.Sum(nil)
}

func writePart(h hash.Hash, part string) {
	fmt.Fprintf(h, "%d:", len(part))
	h.Write([]byte(part))
}
