package simulator

import (
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf16"
)

// wireCache keeps the JSON of an item in the form that is asked for most.
type wireCache struct{ atomic.Pointer[cached] }

type cached struct {
	quirks int
	json   []byte
}

// writer renders items for one request.
type writer struct {
	box    *Mailbox
	reader string // address of the mailbox
	p      preferences
	sel    selection
	exp    expansion
	quirks Quirks
}

// members renders what is between the braces of an item.
func (w writer) members(it *item) []byte {
	usual := w.p.immutable && w.p.zone == "UTC" && !w.p.text && w.sel == nil && w.exp.properties == nil && !w.exp.exceptions
	flags := 0
	if w.quirks.KeepText {
		flags |= 1
	}
	if w.quirks.PlainJSON {
		flags |= 2
	}
	if usual {
		if c := it.wire.Load(); c != nil && c.quirks == flags {
			return c.json
		}
	}
	b := w.render(it)
	if usual {
		it.wire.Store(&cached{flags, b})
	}
	return b
}

func (w writer) id(r ref) string { return w.box.stamp.id(r, w.p.immutable) }

// render writes all members that are selected. (microsoft-graph.md 2.1; order as in fixtures/graph)
func (w writer) render(it *item) []byte {
	o := &object{sel: w.sel, b: make([]byte, 0, 2048+len(it.body.content))}
	odd := !w.quirks.PlainJSON && it.key[0]%8 == 0
	o.always("@odata.etag", it.etag())
	o.always("id", w.id(ref{it.key, it.master}))
	o.str("createdDateTime", stampFormat(it.created))
	o.str("lastModifiedDateTime", stampFormat(it.changed))
	o.str("changeKey", it.changeKey())
	o.raw("categories", "[]")
	o.orNull("transactionId", it.transaction)
	o.str("originalStartTimeZone", it.zone)
	o.str("originalEndTimeZone", it.zone)
	o.str("iCalUId", it.icalUID())
	o.raw("reminderMinutesBeforeStart", "15")
	o.bool("isReminderOn", true)
	o.bool("hasAttachments", false)
	o.str("subject", it.subject)
	w.preview(o, it)
	o.str("importance", "normal")
	o.str("sensitivity", cased(it.sensitivity, odd))
	o.bool("isAllDay", it.allDay)
	o.bool("isCancelled", it.cancelled)
	o.bool("isDraft", it.draft)
	o.bool("isOrganizer", it.mine)
	o.bool("responseRequested", true)
	o.bool("hideAttendees", it.hidden)
	w.series(o, it)
	o.str("showAs", cased(it.showAs, odd))
	o.str("webLink", "https://outlook.office365.com/owa/?itemid="+w.id(ref{it.key, it.master})+"&exvsurl=1&path=/calendar/item")
	w.teams(o, it)
	o.bool("allowNewTimeProposals", true)
	o.raw("responseStatus", `{"response":"`+cased(it.response, odd)+`","time":"0001-01-01T00:00:00Z"}`)
	if !w.quirks.PlainJSON {
		o.raw("occurrenceId", "null")
		o.raw("@microsoft.graph.unheardOf", `{"value":[1,{"deep":null}]}`)
	}
	w.body(o, it, odd)
	w.time(o, "start", it.start, it)
	w.time(o, "end", it.end, it)
	w.locations(o, it)
	w.recurrence(o, it, odd)
	w.attendees(o, it, odd)
	o.raw("organizer", recipient(it.organizer))
	w.properties(o, it)
	return o.b
}

// cased writes enum text now and then with a capital, as samples of the documentation do (microsoft-graph.md 2.1).
func cased(s string, odd bool) string {
	if odd && s != "" {
		return strings.ToUpper(s[:1]) + s[1:]
	}
	return s
}

func (w writer) series(o *object, it *item) {
	o.str("type", it.kind)
	switch {
	case it.master == "":
		o.raw("seriesMasterId", "null")
	default:
		o.str("seriesMasterId", w.id(ref{key: it.key}))
		o.str("originalStart", it.original.UTC().Format("2006-01-02T15:04:05Z"))
	}
	if it.series() && o.sel != nil && o.sel["cancelledoccurrences"] {
		list := []string{}
		for date := range it.dropped {
			list = append(list, "OID."+w.id(ref{key: it.key})+"."+date)
		}
		o.value("cancelledOccurrences", list)
	}
}

func (w writer) teams(o *object, it *item) {
	o.raw("onlineMeetingUrl", "null")
	o.bool("isOnlineMeeting", it.teams != nil)
	if it.teams == nil {
		o.str("onlineMeetingProvider", "unknown")
		o.raw("onlineMeeting", "null")
		return
	}
	o.str("onlineMeetingProvider", "teamsForBusiness")
	o.value("onlineMeeting", map[string]string{
		"joinUrl": it.teams.joinURL, "conferenceId": it.teams.conferenceID, "tollNumber": "+1 323-555-0166",
	})
}

func (w writer) body(o *object, it *item, odd bool) {
	if !o.wants("body") {
		return
	}
	kind, content := "html", it.body.content
	switch {
	case w.p.text && it.body.html:
		kind, content = "text", asText(it.body)
	case !it.body.html && (w.p.text || w.quirks.KeepText):
		kind = "text"
	case !it.body.html:
		content = asHTML(content)
	}
	if odd {
		kind = strings.ToUpper(kind)
	}
	o.raw("body", `{"contentType":"`+kind+`","content":`)
	o.b = append(appendString(o.b, content), '}')
}

const previewUnits = 255

// preview is the first 255 UTF-16 units of the text; it may end in half a character (libraries.md 3).
func (w writer) preview(o *object, it *item) {
	if !o.wants("bodyPreview") {
		return
	}
	text, units := plainLines(seenFirst(it.body, 4096)), 0
	for i, r := range text {
		switch units += utf16.RuneLen(r); {
		case units == previewUnits+1 && utf16.RuneLen(r) == 2:
			high, _ := utf16.EncodeRune(r)
			o.str("bodyPreview", text[:i])
			o.b = append(o.b[:len(o.b)-1], `\u`+strconv.FormatInt(int64(high), 16)+`"`...)
			return
		case units > previewUnits:
			text = text[:i]
			o.str("bodyPreview", text)
			return
		}
	}
	o.str("bodyPreview", text)
}

func (w writer) time(o *object, name string, t time.Time, it *item) {
	if it.allDay {
		t = t.UTC()
	} else {
		t = t.In(w.p.loc)
	}
	o.raw(name, `{"dateTime":"`+t.Format("2006-01-02T15:04:05.0000000")+`","timeZone":"`+w.p.zone+`"}`)
}

func (w writer) locations(o *object, it *item) {
	one := func(name string) map[string]any {
		return map[string]any{"displayName": name, "locationType": "default", "uniqueId": name, "uniqueIdType": "private"}
	}
	list := []map[string]any{}
	for part := range strings.SplitSeq(it.location, ";") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, one(part))
		}
	}
	if it.location == "" {
		o.raw("location", `{"displayName":"","locationType":"default","uniqueIdType":"unknown","address":{},"coordinates":{}}`)
	} else {
		o.value("location", one(it.location))
	}
	o.value("locations", list)
}

func (w writer) attendees(o *object, it *item, odd bool) {
	if !o.wants("attendees") {
		return
	}
	var b []byte
	for i, a := range it.attendees {
		if it.hidden && !it.mine && !strings.EqualFold(a.address, w.reader) {
			continue
		}
		if i > 0 && len(b) > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"type":"`+cased(a.kind, odd)+`","status":{"response":"`+a.response+`","time":"0001-01-01T00:00:00Z"},`...)
		b = append(b, recipient(a.person)[1:]...)
	}
	o.raw("attendees", "["+string(b)+"]")
}

func recipient(p person) string {
	b := append([]byte(`{"emailAddress":{"name":`), appendString(nil, p.name)...)
	b = append(append(b, `,"address":`...), appendString(nil, p.address)...)
	return string(b) + "}}"
}

func (w writer) properties(o *object, it *item) {
	list := []map[string]string{}
	for _, id := range w.exp.properties {
		if value, ok := it.props[id]; ok {
			list = append(list, map[string]string{"id": id, "value": value})
		}
	}
	if len(list) > 0 { // absent when there is none
		o.sel = nil
		o.value("singleValueExtendedProperties", list)
	}
}

// recurrence renders pattern and range with all members present, neutral ones included (microsoft-graph.md 2.2).
func (w writer) recurrence(o *object, it *item, odd bool) {
	r := it.rec
	if r == nil {
		o.raw("recurrence", "null")
		return
	}
	if !o.wants("recurrence") {
		return
	}
	days := []string{}
	if !strings.HasPrefix(r.Pattern, "absolute") && r.Pattern != "daily" {
		for _, d := range r.Days {
			days = append(days, cased(strings.ToLower(d.String()), odd))
		}
	}
	dayOfMonth := 0
	if strings.HasPrefix(r.Pattern, "absolute") {
		dayOfMonth = r.DayOfMonth
	}
	span := map[string]any{"type": "noEnd", "startDate": r.Start, "endDate": "0001-01-01", "recurrenceTimeZone": it.zone, "numberOfOccurrences": 0}
	switch {
	case r.Count > 0:
		span["type"], span["numberOfOccurrences"] = "numbered", r.Count
	case r.Until != "":
		span["type"], span["endDate"] = "endDate", r.Until
	}
	o.value("recurrence", map[string]any{
		"pattern": map[string]any{
			"type": r.Pattern, "interval": r.Interval, "month": int(r.Month), "dayOfMonth": dayOfMonth, "daysOfWeek": days,
			"firstDayOfWeek": cased(strings.ToLower(r.FirstDay.String()), odd), "index": r.Index,
		},
		"range": span,
	})
}
