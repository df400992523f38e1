package simulator

import "time"

// Quirks are the oddities that the references report but that not every answer shows. What the vendors always do is not here.
// Chances are between 0 and 1.
type Quirks struct {
	// Graph, calendarView/delta (microsoft-graph.md 1.2 to 1.5)
	SyncStates       int           // sync states kept per mailbox, older ones answer 410; 0 = 3
	EmptyPage        float64       // chance of an empty page with a nextLink before a full one
	ShortPage        float64       // chance that a page holds fewer items than asked for
	Twice            float64       // chance that an item comes twice in a round
	Replay           float64       // chance that an item of an earlier round comes again unchanged
	MasterMissing    float64       // chance that an incremental round leaves out a changed series' master
	LeftOut          []string      // members that incremental rounds leave out of every other changed event
	RemovedAtFirst   float64       // chance that a first round reports something gone or outside of the window under @removed
	OccurrencesGone  bool          // a deleted series also reports its occurrences under @removed
	Endless          bool          // the same ids on every page, new skiptokens, never a deltaLink
	DeltaLag         time.Duration // a change shows up in delta only after this time
	FirstLinkExpired bool          // the first nextLink of a round answers SyncStateNotFound
	OrderedPages     bool          // items come in the order of their making (else the order is undefined)

	// Graph, elsewhere
	PlainJSON       bool // no unknown members, enum text always in lower case
	KeepText        bool // a text body is returned as text even where HTML is the rule
	OwnProperties   bool // occurrences do not show the extended properties of their master
	OldOccurrenceID bool // occurrences in delta keep the changing id form, whatever Prefer says (microsoft-graph.md 2.4)
	SpuriousClash   float64
	PropertyMails   bool // a PATCH of extended properties alone mails the attendees too (microsoft-graph.md 10.4)

	// Entra
	SlowDown bool // who asks for a device code's token sooner than its interval says is told slow_down (RFC 8628, 3.5)

	// Graph, subscriptions (microsoft-graph.md 7)
	ShortSubscriptions bool // they live for 4,230 minutes at most, as older pages say
	MostSubscriptions  int  // that there may be in all, more answer 403; 0 = any number
	Silent             bool // notifications are lost

	// Webex (webex.md 2.1 to 2.3)
	ListLag       time.Duration // a new meeting shows in lists only after this time
	EmptyListPage float64       // chance of an empty page with a next link
	ListedTwice   float64       // chance that the last one of a first page is on the next page too
	MaxNull       bool          // next links carry max=null
	ListErrors    bool          // an element of a list carries errors inside a 200
	DropOldToken  bool          // a refresh kills the older refresh token at once
}

// Odd is a world in which everything odd happens now and then, and each round still ends.
func Odd() Quirks {
	return Quirks{
		EmptyPage: 0.1, ShortPage: 0.2, Twice: 0.1, Replay: 0.1, MasterMissing: 0.2, RemovedAtFirst: 0.1, OccurrencesGone: true,
		SpuriousClash: 0.02, EmptyListPage: 0.1, ListedTwice: 0.1, MaxNull: true,
	}
}

func (q Quirks) syncStates() int {
	if q.SyncStates <= 0 {
		return 3
	}
	return q.SyncStates
}
