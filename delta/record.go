package delta

import (
	"cmp"
	"encoding/json"
	"fmt"
	"time"
)

// Record is what is remembered of an event that asks, or asked, for a meeting.
type Record struct {
	State   RecordState
	Keyword string // as typed, in plain form: a change of it, not of the operator's choices, changes the kind
	Asked   Kind   // what the keyword meant then
	Kind    Kind   // what the event got
	// Meeting is the Webex meeting's id. Tag is its integration tag, there to be read by people; it can be computed.
	Meeting string
	Tag     string
	// Old is a meeting that gives way to Meeting and is not deleted yet.
	Old         string
	Fingerprint string
	Times       string // the part of the fingerprint that says when
	Block       Digest
	Restored    int // how often the block was put back
	Remade      int // how often the meeting was made again
	Modified    time.Time
	Patched     time.Time // when syncd last wrote into the event; zero where that is not known
	End         time.Time // end of the event, of a series the last one; zero for a series without end
	Master      bool      // of a series as a whole
	Series      string    // the series master's id, on exceptions
	Original    time.Time // when an exception would start by the pattern
	// Shares names, on an exception that follows its series, what of the series it was last brought in line with: the meeting's
	// id, or "room". On one that has a meeting of its own it is the series' meeting that does without it.
	Shares string
	Gone   string // on series: UTC starts of the occurrences that were deleted at Webex, as in its ids
	// Told is what the meeting was last told of title and times, as [Keys.Told] has it; "" where that is not known.
	Told string
	// Company is who was brought to the meeting and the space, as [Keys.Gathering] has it. On an exception that follows its series,
	// "" stands for the series' own company.
	Company string
	Partial bool // somebody was refused, which is tried again now and then
	Space   SpaceRecord
	Reason  Reason // why it is as it is, where that is not plain
	Tries   int    // failed tries in a row
	newer   string // a record of a later version, as it was read
}

// Mark is what the event itself is to say of this.
func (r Record) Mark() Mark {
	return Mark{Keyword: r.Keyword, Kind: r.Kind, Meeting: r.Meeting, Block: r.Block, Restored: r.Restored, Remade: r.Remade, Space: r.Space.ID}
}

// Left is what the event is to say once its block was taken out.
func (r Record) Left() Mark {
	if r.State != Dead {
		return Mark{}
	}
	return Mark{Keyword: r.Keyword, Remade: dead}
}

// Shared is what an exception of this series is in line with. See [Record.Shares].
func (r Record) Shared() string { return cmp.Or(r.Meeting, "room") }

// RecordState is how far syncd is with an event.
type RecordState string

// The states of a record.
const (
	// NoRecord is the state of an event that nothing is remembered of.
	NoRecord RecordState = ""
	// Intent: a meeting is about to be made, or the block to be written. Look for what is there already.
	Intent RecordState = "intent"
	// Linked: the event carries the block of its meeting.
	Linked RecordState = "linked"
	// Silent: the meeting stands, and the person does not want the block.
	Silent RecordState = "silent"
	// Dead: the host deleted the meeting twice. Nothing is made until the keyword is typed anew.
	Dead RecordState = "dead"
	// Following: an exception that shares the meeting of its series.
	Following RecordState = "following"
	// Apart: an exception that asks for nothing while its series has a meeting.
	Apart RecordState = "apart"
	// Leaving: block and meeting are being taken away.
	Leaving RecordState = "leaving"
	// Newer: a later version of syncd wrote the record. Nothing is done about its event, and it is written as it was read.
	Newer RecordState = "newer"
)

// recordVersion is the schema of stored records. Unknown versions are left alone.
const recordVersion = 1

// storedRecord is Record as JSON in Redis. Members may be added; one that changes its meaning needs a new version.
type storedRecord struct {
	Version     int         `json:"v"`
	State       RecordState `json:"state"`
	Keyword     string      `json:"keyword,omitempty"`
	Asked       Kind        `json:"asked,omitempty"`
	Kind        Kind        `json:"kind,omitempty"`
	Meeting     string      `json:"meeting,omitempty"`
	Tag         string      `json:"tag,omitempty"`
	Old         string      `json:"old,omitempty"`
	Fingerprint string      `json:"fingerprint,omitempty"`
	Times       string      `json:"times,omitempty"`
	Block       Digest      `json:"block,omitempty"`
	Restored    int         `json:"restored,omitempty"`
	Remade      int         `json:"remade,omitempty"`
	Modified    int64       `json:"modified,omitempty"` // Unix seconds
	Patched     int64       `json:"patched,omitempty"`  // Unix seconds
	End         int64       `json:"end,omitempty"`      // Unix seconds
	Master      bool        `json:"master,omitempty"`
	Series      string      `json:"series,omitempty"`
	Original    int64       `json:"original,omitempty"` // Unix seconds
	Shares      string      `json:"shares,omitempty"`
	Gone        string      `json:"gone,omitempty"`
	Told        string      `json:"told,omitempty"`
	Company     string      `json:"company,omitempty"`
	Partial     bool        `json:"partial,omitempty"`
	Space       SpaceRecord `json:"space,omitzero"`
	Reason      Reason      `json:"reason,omitempty"`
	Tries       int         `json:"tries,omitempty"`
}

// Encode writes a record for the store.
func (r Record) Encode() string {
	if r.newer != "" {
		return r.newer
	}
	raw, _ := json.Marshal(storedRecord{
		Version: recordVersion, State: r.State, Keyword: r.Keyword, Asked: r.Asked, Kind: r.Kind, Meeting: r.Meeting, Tag: r.Tag, Old: r.Old,
		Fingerprint: r.Fingerprint, Times: r.Times, Block: r.Block, Restored: r.Restored, Remade: r.Remade,
		Modified: seconds(r.Modified), Patched: seconds(r.Patched), End: seconds(r.End), Master: r.Master, Series: r.Series, Original: seconds(r.Original), Shares: r.Shares, Gone: r.Gone, Told: r.Told,
		Company: r.Company, Partial: r.Partial, Space: r.Space, Reason: r.Reason, Tries: r.Tries,
	}) // plain data, it cannot fail
	return string(raw)
}

// DecodeRecord reads a stored record. A damaged one is an error; the caller may take it for lost, since everything in it
// can be had again. One of a later version is [Newer], and is left alone.
func DecodeRecord(raw string) (Record, error) {
	var s storedRecord
	err := json.Unmarshal([]byte(raw), &s)
	if s.Version > recordVersion { // whatever its other members are then
		return Record{State: Newer, Reason: NewerRecord, newer: raw}, nil
	}
	if err != nil {
		return Record{}, fmt.Errorf("damaged record: %w", err)
	}
	if s.Version != recordVersion || s.State == NoRecord {
		return Record{}, fmt.Errorf("damaged record: version %d, state %q", s.Version, s.State)
	}
	return Record{
		State: s.State, Keyword: s.Keyword, Asked: s.Asked, Kind: s.Kind, Meeting: s.Meeting, Tag: s.Tag, Old: s.Old,
		Fingerprint: s.Fingerprint, Times: s.Times, Block: s.Block, Restored: s.Restored, Remade: s.Remade,
		Modified: fromSeconds(s.Modified), Patched: fromSeconds(s.Patched), End: fromSeconds(s.End), Master: s.Master, Series: s.Series, Original: fromSeconds(s.Original), Shares: s.Shares, Gone: s.Gone, Told: s.Told,
		Company: s.Company, Partial: s.Partial, Space: s.Space, Reason: s.Reason, Tries: s.Tries,
	}, nil
}

func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func fromSeconds(s int64) time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(s, 0).UTC()
}
