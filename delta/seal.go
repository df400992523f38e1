package delta

import (
	"crypto/hmac"
	"encoding/base64"
)

// Seal is the record with a MAC over what it names at Webex, for the event that it is of. Whoever can write into the store could
// otherwise have meetings changed and deleted that were never made for the event, or by syncd at all.
func (k Keys) Seal(mailbox, event string, r Record) Record {
	if r.State != Newer {
		r.Seal = k.seal(mailbox, event, r)
	}
	return r
}

// Sealed reports whether a record is as it was written, as far as it names something.
func (k Keys) Sealed(mailbox, event string, r Record) bool {
	return r.State == Newer || hmac.Equal([]byte(r.Seal), []byte(k.seal(mailbox, event, r)))
}

func (k Keys) seal(mailbox, event string, r Record) string {
	const length = 9 // three in four of base64; a guess costs a write into the store and a sweep
	if r.Meeting == "" && r.Old == "" && r.Space.ID == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(k.mac(k.mark, "record", mailbox, event, r.Meeting, r.Old, r.Space.ID)[:length])
}
