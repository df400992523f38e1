package parser

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"syncd/simulator"
)

// exchange is one mailbox of the simulated Microsoft 365: what is stored there comes back rewritten.
type exchange struct {
	t      *testing.T
	client http.Client
	token  string
	events string
}

func newExchange(t *testing.T, h simulator.Harshness) exchange {
	world := simulator.New(simulator.Options{Seed: 1, Exchange: h})
	world.AddMailbox("ada@example.com")
	return exchange{t, http.Client{Transport: world.Transport()}, world.GraphToken(), simulator.GraphURL + "/v1.0/users/ada@example.com/events"}
}

// keep stores a body in a new event and reads it back, as HTML or as text.
func (e exchange) keep(b Body, as string) Body {
	e.t.Helper()
	kind := map[bool]string{true: "html", false: "text"}[b.HTML]
	var stored struct{ ID string }
	e.do("POST", e.events, "", map[string]any{
		"subject": "x", "body": map[string]string{"contentType": kind, "content": b.Content},
		"start": map[string]string{"dateTime": "2030-01-01T10:00:00", "timeZone": "UTC"},
		"end":   map[string]string{"dateTime": "2030-01-01T11:00:00", "timeZone": "UTC"},
	}, &stored)
	var event struct {
		Body struct{ ContentType, Content string }
	}
	e.do("GET", e.events+"/"+url.PathEscape(stored.ID), `outlook.body-content-type="`+as+`"`, nil, &event)
	return Body{Content: event.Body.Content, HTML: strings.EqualFold(event.Body.ContentType, "html")}
}

func (e exchange) do(method, address, prefer string, send, receive any) {
	e.t.Helper()
	var in io.Reader
	if send != nil {
		data, err := json.Marshal(send)
		if err != nil {
			e.t.Fatal(err)
		}
		in = strings.NewReader(string(data))
	}
	req, err := http.NewRequestWithContext(e.t.Context(), method, address, in)
	if err != nil {
		e.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+e.token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Prefer", prefer)
	res, err := e.client.Do(req)
	if err != nil {
		e.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode > 299 {
		e.t.Fatalf("%s %s: %d %s %v", method, address, res.StatusCode, data, err)
	}
	if err := json.Unmarshal(data, receive); err != nil {
		e.t.Fatal(err)
	}
}

var typed = map[string]Body{
	"html":    {HTML: true, Content: `<html><body><div class="WordSection1"><p>Agenda&nbsp;é &lt;1&gt;</p><table><tr><td>a</td><td>b</td></tr></table></div></body></html>`},
	"rtl":     {HTML: true, Content: `<div dir="rtl"><p>סדר יום 1 2 3</p></div>`},
	"ltr":     {HTML: true, Content: `<p>Open <b>and never closed<div>`},
	"text":    {Content: "Agenda\r\n1. one & <two>"},
	"nothing": {},
}

// Through every rewriting that the simulator knows, a block in any language is found again with the lines that were written,
// is replaced by itself, and leaves the person's words behind when it goes.
func TestABlockOutlivesExchangeInEveryLanguage(t *testing.T) {
	for name, harshness := range map[string]simulator.Harshness{"normal": simulator.Normal, "gentle": simulator.Gentle, "harsh": simulator.Harsh} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			exchange := newExchange(t, harshness)
			locales := Locales()
			if harshness != simulator.Harsh { // which does all that the others do, and more
				locales = []string{"fr_FR", "he", "zh_CN"}
			}
			for _, locale := range locales {
				meeting, room := goldenBlocks(t, locale)
				for kind, body := range typed {
					if kind != "html" && kind != "text" && locale != "he" && locale != "zh_CN" {
						continue
					}
					outlives(t, exchange, locale+", "+kind, body, meeting)
				}
				outlives(t, exchange, locale+", room", typed["html"], room)
			}
		})
	}
}

func outlives(t *testing.T, e exchange, name string, body Body, block Rendered) {
	t.Helper()
	put, err := body.With(block, AllOurs)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if back := put.Without(block.Ref, AllOurs); back.Content != body.Content {
		t.Errorf("%s: without the block %q", name, back.Content)
	}
	wrote := Body{Content: block.Text}.Blocks()[0].Lines
	for _, as := range []string{"html", "text"} {
		got := e.keep(put, as)
		found := got.Blocks()
		if len(found) != 1 || found[0].Ref != block.Ref || !slices.Equal(found[0].Lines, wrote) {
			t.Errorf("%s, read as %s: found %+v in %s", name, as, found, got.Content)
			continue
		}
		again, err := got.With(block, func(_, line string) bool { return slices.Contains(wrote, line) })
		if err != nil || len(again.Blocks()) != 1 || !slices.Equal(again.Blocks()[0].Lines, wrote) {
			t.Errorf("%s, read as %s: replaced %v %+v", name, as, err, again.Blocks())
		}
		bare := got.Without(block.Ref, AllOurs)
		if bare.VisibleText() != body.VisibleText() || strings.Contains(bare.Content, "webex") {
			t.Errorf("%s, read as %s: left %q, want %q in %s", name, as, bare.VisibleText(), body.VisibleText(), bare.Content)
		}
	}
}

func TestMarkersInARightToLeftBlockStayReadable(t *testing.T) {
	meeting, _ := goldenBlocks(t, "he")
	if !strings.Contains(meeting.HTML, ` dir="rtl"`) || !strings.Contains(meeting.HTML, `<span dir="ltr">`+CloseMarker(goldenRef)+`</span>`) {
		t.Errorf("HTML: %s", meeting.HTML)
	}
	const mark = "\u200e"
	for _, value := range []string{
		mark + "2541 422 4390\r\n", ": aBcD3fGh12 (", "(" + mark + "22233344 ", mark + "25414224390@example.webex.com\r\n", mark + "173.243.2.68 ",
		mark + "+1-415-655-0100,,25414224390#22233344#" + mark + " US Toll", " https://help.webex.com\r\n", "\r\nhttps://example.webex.com/",
	} {
		if !strings.Contains(meeting.Text, value) {
			t.Errorf("no %+q in %+q", value, meeting.Text)
		}
	}
	if !strings.HasPrefix(meeting.Text, OpenMarker(goldenRef)+"\r\n") {
		t.Errorf("the text begins %.30q", meeting.Text)
	}
}
