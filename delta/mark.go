package delta

import (
	"crypto/hmac"
	"encoding/base64"
	"strconv"
	"strings"
)

// MarkProperty and TagProperty name the extended properties that syncd keeps on an event. They travel with a copy of the event,
// which is why the mark carries a MAC over the event's id. The tag alone can be searched for.
const (
	MarkProperty = "String {6f2c1c4e-5b1d-4c55-9e0e-2f0b8a7d3c61} Name SyncdMark"
	TagProperty  = "String {6f2c1c4e-5b1d-4c55-9e0e-2f0b8a7d3c61} Name SyncdTag"
)

// Mark is what an event itself says of its meeting, so that a lost Redis loses nothing.
type Mark struct {
	Valid   bool   // ours, and made for this event
	Keyword string // as typed, in plain form
	Kind    Kind   // "" once the meeting was withdrawn
	Meeting string
	Block   Digest // the lines of the block as written
	// Restored counts how often the block was put back after a person had taken it out, Remade how often the meeting was made
	// again after its host had deleted it. Both are respected the second time.
	Restored, Remade int
	Space            string // the space's id; the meeting's link was said in it before this was written
}

const markVersion = "1"

// dead is what Remade says on an event that was given up: its host deleted the meeting that was made again, too.
const dead = 2

// Dead reports that the event was given up: nothing is made for it until another keyword is typed.
func (m Mark) Dead() bool { return m.Valid && m.Kind == "" && m.Remade >= dead }

// Mark writes a mark for an event.
func (k Keys) Mark(mailbox, event string, m Mark) string {
	fields := []string{markVersion, m.Keyword, string(m.Kind), m.Meeting, strconv.Itoa(m.Restored), strconv.Itoa(m.Remade), string(m.Block)}
	if m.Space != "" {
		fields = append(fields, m.Space)
	}
	value := strings.Join(fields, " ")
	return value + " " + k.markMAC(mailbox, event, value)
}

// ReadMark reads the mark of an event. A value that was made for another event, by another installation, or by hand is not
// Valid.
func (k Keys) ReadMark(mailbox, event, value string) Mark {
	i := strings.LastIndexByte(value, ' ')
	if i < 0 || !hmac.Equal([]byte(value[i+1:]), []byte(k.markMAC(mailbox, event, value[:i]))) {
		return Mark{}
	}
	fields := strings.Split(value[:i], " ")
	if len(fields) < 7 || len(fields) > 8 || fields[0] != markVersion {
		return Mark{}
	}
	restored, err1 := strconv.Atoi(fields[4])
	remade, err2 := strconv.Atoi(fields[5])
	space := ""
	if len(fields) == 8 {
		space = fields[7]
	}
	return Mark{
		Valid: err1 == nil && err2 == nil, Keyword: fields[1], Kind: Kind(fields[2]), Meeting: fields[3],
		Restored: restored, Remade: remade, Block: Digest(fields[6]), Space: space,
	}
}

func (k Keys) markMAC(mailbox, event, value string) string {
	return base64.RawURLEncoding.EncodeToString(k.mac(k.mark, mailbox, event, value)[:16])
}
