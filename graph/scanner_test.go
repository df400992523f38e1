package graph

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"syncd/rest"
)

// whole reads one value to its end.
func whole(in io.Reader) error {
	s := scanner{in: in, kept: none}
	s.skip()
	return s.end()
}

// wholeByOther is the same by the decoder that everything else in syncd reads JSON with.
func wholeByOther(raw []byte) error {
	d := jsontext.NewDecoder(bytes.NewReader(raw), rest.Lenient, jsontext.AllowDuplicateNames(true))
	if err := d.SkipValue(); err != nil {
		return err
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return errors.New("goes on")
	}
	return nil
}

// pieces hands out an answer whole, in halves and in single bytes.
func pieces(raw []byte) map[string]io.Reader {
	return map[string]io.Reader{
		"at once": bytes.NewReader(raw), "bytes": iotest.OneByteReader(bytes.NewReader(raw)),
		"halves": iotest.HalfReader(bytes.NewReader(raw)), "with its end": iotest.DataErrReader(bytes.NewReader(raw)),
	}
}

func TestWhatIsPassedOverIsHeldToTheGrammar(t *testing.T) {
	for _, good := range []string{
		`{}`, `[]`, ` [ ] `, `{"a":{}}`, `[0,-0,1.5,-1e9,1E+9,0.0e-0]`, "\t{\"a\"\r\n: [true ,false, null]}\n", `["\u00e4\ud83d\"\\\/\b\f\n\r\t"]`,
		"[\"\xff\xfe\"]", `{"a":1,"a":2}`, "[\"\x7f\"]", `[` + strings.Repeat(`"0123456\"",`, 8000) + `1]`,
	} {
		for how, in := range pieces([]byte(good)) {
			if err := whole(in); err != nil {
				t.Errorf("%.60q, %s: %v", good, how, err)
			}
		}
		for i := range min(len(good), 200) {
			if cut := good[:i]; strings.TrimSpace(cut) != strings.TrimSpace(good) && whole(strings.NewReader(cut)) == nil {
				t.Errorf("cut off after %q", cut)
			}
		}
	}
	for _, bad := range []string{
		``, ` `, `{`, `}`, `[}`, `{]`, `[1,]`, `[,1]`, `{"a":1,}`, `{,}`, `{"a"}`, `{"a":}`, `{a:1}`, `{1:1}`, `{"a" 1}`, `[1 2]`, `[1,,2]`, `{"a":1 "b":2}`,
		`[01]`, `[-]`, `[+1]`, `[.5]`, `[1.]`, `[1e]`, `[1e+]`, `[0x1]`, `[nul]`, `[nulll]`, `[True]`, `[NaN]`, `["\x"]`, `["\u12g4"]`, `["\u123"]`, `["a`, `["\`,
		"[\"a\nb\"]", "[\"0123456789\x00\"]", "[\"0123456\x1f\"]", `['a']`, `[]]`, `{}x`, "{}\x00", `{}{}`, "\ufeff{}", "[1\x00]", strings.Repeat("[", 20000) + strings.Repeat("]", 20000),
	} {
		for how, in := range pieces([]byte(bad)) {
			if whole(in) == nil {
				t.Errorf("%.60q, %s: read", bad, how)
			}
		}
		if wholeByOther([]byte(bad)) == nil {
			t.Errorf("%.60q: the other decoder reads it", bad)
		}
	}
}

func TestEightBytesAtATimeSeeWhatOneAtATimeSees(t *testing.T) {
	for c := range 256 {
		for at := range 20 {
			for n := at + 1; n < 24; n++ {
				text := bytes.Repeat([]byte("\x80a ~"), 6)[:n]
				text[at] = byte(c)
				want := n
				if c == '"' || c == '\\' || c < ' ' {
					want = at
				}
				if c == '\\' && at+1 < n && escapes(text[at+1]) {
					t.Fatalf("%q is no good for this test", text)
				}
				if got, _ := within(text); got != want {
					t.Fatalf("%q: %d, not %d", text, got, want)
				}
			}
		}
	}
}

func TestWhatTheNetworkSaysEndsAnAnswer(t *testing.T) {
	down := errors.New("down")
	if err := whole(io.MultiReader(strings.NewReader(`{"a":[1,`), iotest.ErrReader(down))); !errors.Is(err, down) {
		t.Error(err)
	}
	if err := whole(io.MultiReader(strings.NewReader(`{"a":[1]}`), iotest.ErrReader(down))); !errors.Is(err, down) {
		t.Error("an answer counts only once its end was seen:", err)
	}
	if err := whole(strings.NewReader(`{"a":[1,`)); err != io.ErrUnexpectedEOF {
		t.Error(err)
	}
	if err := whole(stuck{}); err != io.ErrNoProgress {
		t.Error(err)
	}
}

// stuck has nothing, and does not say so.
type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

func TestWhatIsPassedOverIsNotHeldInMemory(t *testing.T) {
	long := io.MultiReader(strings.NewReader(`{"a":"`), io.LimitReader(endless('x'), 8<<20), strings.NewReader(`"}`))
	s := scanner{in: long, kept: none}
	s.skip()
	if err := s.end(); err != nil || cap(s.buf) > largeBuffer {
		t.Errorf("%d bytes of buffer, %v", cap(s.buf), err)
	}
}

type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

func TestNamesThatAreReadMustNotComeTwiceHoweverTheyAreWritten(t *testing.T) {
	for _, event := range []string{
		`{"id":"a","subject":"x","subject":"y"}`, `{"id":"a","\u0069d":"b"}`, `{"id":"a","location":{"displayName":"x","displayName":"y"}}`,
		`{"id":"a","start":{"timeZone":"UTC","timeZone":"UTC"}}`, `{"id":"a","body":{},"body":{}}`,
	} {
		if p, err := new(Client).decodePage(strings.NewReader(pageWith(event)), 0); err == nil {
			t.Errorf("%s: %+v", event, p.events)
		}
	}
}

func FuzzScanner(f *testing.F) {
	f.Add([]byte(`{"a":[1,-2.5e3,"\u00e4\n",true,null,{"":""}]}`))
	f.Add([]byte("[\"\xff\\ud83d\" , 0]"))
	f.Add(pageOf(2, 9000, true))
	f.Fuzz(func(t *testing.T, raw []byte) {
		raw = append(append([]byte("["), raw...), ']') // at the top Graph has objects only; a number there has no end
		other := wholeByOther(raw)
		for how, in := range pieces(raw) {
			if err := whole(in); (err == nil) != (other == nil) {
				t.Fatalf("%s: %v, and the other says %v", how, err, other)
			}
		}
	})
}

// otherPage reads a page with the other decoder.
type otherPage struct {
	Value []struct {
		ID      string         `json:"id"`
		Removed jsontext.Value `json:"@removed"`
		ETag    string         `json:"@odata.etag"`
		Type    string         `json:"type"`
		Subject string         `json:"subject"`
		Zone    string         `json:"originalStartTimeZone"`
		AllDay  bool           `json:"isAllDay"`
		Body    struct {
			Content string `json:"content"`
		} `json:"body"`
		Location struct {
			Text string `json:"displayName"`
		} `json:"location"`
		Attendees []struct {
			Email struct {
				Address string `json:"address"`
			} `json:"emailAddress"`
		} `json:"attendees"`
	} `json:"value"`
	Next  string `json:"@odata.nextLink"`
	Delta string `json:"@odata.deltaLink"`
}

// compare holds a page to what the other decoder makes of it.
func compare(t *testing.T, raw []byte, p page, err error) {
	t.Helper()
	var other otherPage
	otherErr := jsonv2.Unmarshal(raw, &other, rest.Lenient)
	if otherErr != nil { // members of other types, for one
		if err == nil && wholeByOther(raw) != nil {
			t.Fatalf("what is no JSON was read: %q", raw)
		}
		return
	}
	named := other.Value != nil && other.Next+other.Delta != ""
	for _, e := range other.Value {
		named = named && e.ID != ""
	}
	if err != nil {
		if named {
			t.Fatalf("%v, and the other reads %q", err, raw)
		}
		return
	}
	if len(p.events) != len(other.Value) || p.next != other.Next || p.next == "" && p.delta != other.Delta {
		t.Fatalf("%+v, and the other reads %+v", p, other)
	}
	for i, e := range p.events {
		o := other.Value[i]
		if e.Unreadable || e.Removed {
			continue
		}
		var asked []string
		for _, a := range o.Attendees {
			asked = append(asked, strings.ToLower(a.Email.Address))
		}
		var invited []string
		for _, a := range e.Attendees {
			invited = append(invited, a.Address)
		}
		got := []any{e.ID, e.ETag, e.Subject, e.Zone, e.AllDay, e.Location.Text, string(e.Type)}
		want := []any{o.ID, o.ETag, o.Subject, o.Zone, o.AllDay, o.Location.Text, string(eventType([]byte(o.Type)))}
		if !reflect.DeepEqual(got, want) || e.Body.Content != "" && e.Body.Content != o.Body.Content || invited != nil && !reflect.DeepEqual(invited, asked) {
			t.Fatalf("%+v, and the other reads %+v", e, o)
		}
	}
}

func TestTheOtherDecoderReadsTheSamePages(t *testing.T) {
	for _, name := range []string{"delta-01-initial-page.json", "delta-02-next-page.json", "delta-03-final-page.json", "delta-04-next-round-removed.json", "delta-composed-series-page.json"} {
		samePage(t, fixture(t, name))
	}
	for _, asks := range []bool{false, true} {
		samePage(t, pageOf(3, 100<<10, asks))
	}
}

// samePage reads a page in several pieces and with the other decoder.
func samePage(t *testing.T, raw []byte) {
	t.Helper()
	var client Client
	first, firstErr := client.decodePage(bytes.NewReader(raw), 0)
	compare(t, raw, first, firstErr)
	for how, in := range pieces(raw) {
		if p, err := client.decodePage(in, 0); fmt.Sprint(err) != fmt.Sprint(firstErr) || !reflect.DeepEqual(p, first) {
			t.Fatalf("%s: %+v, %v, and else %+v, %v", how, p, err, first, firstErr)
		}
	}
}
