package simulator

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"time"
)

// Item ids look and behave like Exchange's: some 150 characters of standard base64, so with '/', '+' and '='; case matters,
// and every fifth item of a mailbox differs from the one before in the case of one letter only. An item has two ids, the one
// that Prefer: IdType="ImmutableId" asks for and the other; occurrence ids are made from the master and the date.
// (microsoft-graph.md 2.1, 2.4 and 1.4)
const (
	idSize   = 113
	stampAt  = 3
	dateAt   = 51
	keyAt    = 55
	keySize  = 24
	tailAt   = keyAt + keySize
	caseFrom = 80 // first character that holds only key bytes beyond those that mask the date
	caseTo   = 104
)

// ref names an item of a mailbox: a single event or a master by its key, an occurrence by the key and its original date.
type ref struct {
	key  string // keySize raw bytes
	date string // yyyy-mm-dd of the occurrence, "" for singles and masters
}

// stamp is what all ids of one mailbox have in common.
type stamp struct{ head, tail []byte }

func newStamp(rng *rand.Rand) stamp {
	return stamp{head: randomBytes(rng, dateAt-stampAt), tail: randomBytes(rng, idSize-tailAt)}
}

// id renders r in the immutable or the changing form.
func (s stamp) id(r ref, immutable bool) string {
	var b [idSize]byte
	b[0], b[1], b[2] = 0x00, 0x03, 0x24
	copy(b[stampAt:], s.head)
	if immutable {
		b[0], b[1], b[2] = 0x00, 0x09, 0x00
		for i := stampAt; i < dateAt; i++ {
			b[i] ^= 0xa5
		}
	}
	binary.BigEndian.PutUint32(b[dateAt:], dayNumber(r.date))
	copy(b[keyAt:], r.key)
	for i := range 4 {
		b[dateAt+i] ^= b[keyAt+i]
	}
	copy(b[tailAt:], s.tail)
	return base64.StdEncoding.EncodeToString(b[:])
}

// ref reads an id of either form; false when it is not an id of this mailbox.
func (s stamp) ref(id string) (ref, bool) {
	b, err := base64.StdEncoding.Strict().DecodeString(id)
	if err != nil || len(b) != idSize {
		return ref{}, false
	}
	for i := range 4 {
		b[dateAt+i] ^= b[keyAt+i]
	}
	r := ref{key: string(b[keyAt:tailAt]), date: dayName(binary.BigEndian.Uint32(b[dateAt:]))}
	if id != s.id(r, true) && id != s.id(r, false) {
		return ref{}, false
	}
	return r, true
}

// newKey makes the key of a new item; twin, if given, is a key whose ids the new ids shall equal but for the case of a letter.
func newKey(rng *rand.Rand, twin string) string {
	if twin != "" {
		id := []byte(stamp{}.id(ref{key: twin}, false))
		for i := caseFrom; i < caseTo; i++ {
			if c := id[i]; c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
				id[i] ^= 0x20
				b, _ := base64.StdEncoding.DecodeString(string(id))
				return string(b[keyAt:tailAt])
			}
		}
	}
	return string(randomBytes(rng, keySize))
}

// dayNumber counts days since 1970 from 1 on; 0 is no date.
func dayNumber(date string) uint32 {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return 0
	}
	return uint32(t.Unix()/86400) + 1
}

func dayName(n uint32) string {
	if n == 0 {
		return ""
	}
	return time.Unix(int64(n-1)*86400, 0).UTC().Format(time.DateOnly)
}

func randomBytes(rng *rand.Rand, n int) []byte {
	b := make([]byte, n+8)
	for i := 0; i < n; i += 8 {
		binary.LittleEndian.PutUint64(b[i:], rng.Uint64())
	}
	return b[:n]
}

func randomHex(rng *rand.Rand, chars int) string {
	return hex.EncodeToString(randomBytes(rng, (chars+1)/2))[:chars]
}

func randomDigits(rng *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('0' + rng.IntN(10))
	}
	if n > 0 && b[0] == '0' {
		b[0] = '2'
	}
	return string(b)
}

func guid(rng *rand.Rand) string {
	h := randomHex(rng, 32)
	return fmt.Sprintf("%s-%s-4%s-8%s-%s", h[:8], h[8:12], h[13:16], h[17:20], h[20:])
}
