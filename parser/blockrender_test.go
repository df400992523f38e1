package parser

import (
	"errors"
	"slices"
	"strings"
	"testing"

	nethtml "golang.org/x/net/html"
)

// allParts switches every part on.
func allParts(t testing.TB) Parts {
	t.Helper()
	p, err := ParseParts("more,password,mobile,phone,video,video-ip,lync,help")
	if err != nil {
		t.Fatal(err)
	}
	p.CallIn = "https://example.webex.com/example/globalcallin.php?MTID=mfedcba"
	p.Restrictions = "https://www.webex.com/pdf/tollfree_restrictions.pdf"
	note := map[string]string{"": "Staff only: <b>no guests</b>\n\n<a href=\"https://example.com/rules?a=1&amp;b=2\">House rules</a>"}
	if p.Header, err = NewNotes("header", note); err != nil {
		t.Fatal(err)
	}
	if p.Footer, err = NewNotes("footer", map[string]string{"": "Sent by IT & friends"}); err != nil {
		t.Fatal(err)
	}
	return p
}

func linesOf(t *testing.T, r Rendered) []string {
	t.Helper()
	return Body{Content: r.Text}.Blocks()[0].Lines
}

func TestTheBlockReadsLikeAWebexInvitation(t *testing.T) {
	d := detailsFor(refA)
	r, err := Render(refA, d, wordsFor(t, "en-US"), allParts(t))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"Staff only: no guests",
		"House rules (https://example.com/rules?a=1&b=2)",
		"More ways to join:",
		"Join from the meeting link",
		d.Link,
		"Join by meeting number",
		"Meeting number (access code): 2541 422 4390",
		"Meeting password: aBc<3 (22233344 when dialing from a phone or video system)",
		"Tap to join from a mobile device (attendees only)",
		"+1-555-0100,,25414224390#22233344# US Toll",
		"1-800-555-0199,,25414224390#22233344# (toll-free)",
		"Some mobile devices may ask attendees to enter a numeric password.",
		"Join by phone",
		"+1-555-0100 US Toll",
		"1-800-555-0199 (toll-free)",
		"Global call-in numbers",
		"https://example.webex.com/example/globalcallin.php?MTID=mfedcba",
		"Toll-free calling restrictions",
		"https://www.webex.com/pdf/tollfree_restrictions.pdf",
		"Join from a video system or application",
		"Dial 25414224390@example.webex.com",
		"You can also dial 173.243.2.68 and enter your meeting number.",
		"Join using Microsoft Lync or Microsoft Skype for Business",
		"Dial 25414224390.example@lync.webex.com",
		"Need help? Go to https://help.webex.com",
		"Sent by IT & friends",
	}
	if got := linesOf(t, r); !slices.Equal(got, want) {
		t.Errorf("lines:\n%s", strings.Join(got, "\n"))
	}
	links := hrefs(r.HTML)
	for _, link := range []string{
		d.Link, "tel:+15550100,,*01*25414224390%2322233344%23*01*", "tel:18005550199,,*01*25414224390%2322233344%23*01*",
		"tel:+15550100", "tel:18005550199", "sip:25414224390@example.webex.com", "sip:25414224390.example@lync.webex.com",
		"https://example.com/rules?a=1&b=2", "https://help.webex.com",
	} {
		if !slices.Contains(links, link) {
			t.Errorf("no link to %s in %q", link, links)
		}
	}
}

// hrefs are the targets of the links of an HTML text.
func hrefs(html string) (all []string) {
	z := nethtml.NewTokenizer(strings.NewReader(html))
	for kind := z.Next(); kind != nethtml.ErrorToken; kind = z.Next() {
		for _, a := range z.Token().Attr {
			if a.Key == "href" {
				all = append(all, a.Val)
			}
		}
	}
	return all
}

func TestEachPartCanBeSwitched(t *testing.T) {
	shows := map[string]string{
		"more": "More ways", "password": "aBc<3", "mobile": ",,25414224390#", "phone": "Join by phone",
		"video": "Dial 25414224390@", "lync": "lync.webex.com", "help": "help.webex.com",
	}
	for name := range shows {
		p, err := ParseParts(name)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Render(refA, detailsFor(refA), wordsFor(t, "en"), p)
		if err != nil {
			t.Fatal(err)
		}
		for other, text := range shows {
			if strings.Contains(r.Text, text) != (other == name) {
				t.Errorf("with %s alone, %q: %v", name, text, other != name)
			}
		}
		if !strings.Contains(r.Text, "j.php?MTID=m"+refA) || !strings.Contains(r.Text, "2541 422 4390") {
			t.Errorf("with %s, link or number is gone", name)
		}
		if strings.Contains(r.Text, "173.243.2.68") {
			t.Errorf("with %s, the IP address is there", name)
		}
		if name != "password" && strings.Contains(r.HTML, "aBc&lt;3") {
			t.Errorf("with %s, the HTML shows the password", name)
		}
	}
	if both, err := ParseParts(" Video,, VIDEO-IP "); err != nil || !both.Video || !both.VideoIP || both.More {
		t.Errorf("video and its IP address: %+v %v", both, err)
	}
	_, err := ParseParts("password, fax, telex")
	if err == nil || !strings.Contains(err.Error(), "fax, telex") || !strings.Contains(err.Error(), "video-ip") {
		t.Errorf("error %v", err)
	}
}

func TestWhatIsNotThereIsLeftOut(t *testing.T) {
	room := Details{Room: true, Link: "https://example.webex.com/meet/ada", Number: "123456789", Phones: []Phone{{"US Toll", "+1-555-0100", ""}}}
	r, err := Render(refA, room, wordsFor(t, "en"), DefaultParts())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"Join the Personal Room", "https://example.webex.com/meet/ada", "Join by meeting number", "Meeting number (access code): 123 456 789",
		"Tap to join from a mobile device (attendees only)", "+1-555-0100,,123456789## US Toll", "Join by phone", "+1-555-0100 US Toll",
		"Need help? Go to https://help.webex.com",
	}
	if got := linesOf(t, r); !slices.Equal(got, want) {
		t.Errorf("a room: %q", got)
	}
	if !slices.Contains(hrefs(r.HTML), "tel:+15550100,,*01*123456789%23%23*01*") {
		t.Errorf("no dial string in %q", hrefs(r.HTML))
	}
	bare, err := Render(refA, Details{Link: "https://e.webex.com/j"}, wordsFor(t, "en"), Parts{More: true, Password: true, Mobile: true, Phone: true, Video: true, VideoIP: true, Lync: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := linesOf(t, bare); !slices.Equal(got, []string{"More ways to join:", "Join from the meeting link", "https://e.webex.com/j"}) {
		t.Errorf("a link alone: %q", got)
	}
}

func TestNumbersAreGroupedAsPeopleReadThem(t *testing.T) {
	for number, want := range map[string]string{
		"25414224390": "2541 422 4390", "2541422439": "254 142 2439", "123456789": "123 456 789",
		"12345678": "12345678", "": "", "12345678a": "12345678a",
	} {
		if got := GroupDigits(number); got != want {
			t.Errorf("%q is %q, want %q", number, got, want)
		}
	}
}

func TestOnlyRealLyncAddressesAreMade(t *testing.T) {
	for video, want := range map[string]string{
		"ada@example.webex.com": "ada.example@lync.webex.com", "ada@webex.com": "", "ada@a.b.webex.com": "", "@example.webex.com": "",
		"ada@example.com": "", "": "", "ada@evil.example/.webex.com": "",
	} {
		if got := (Details{Video: video}).lync(); got != want {
			t.Errorf("%q is %q, want %q", video, got, want)
		}
	}
}

func TestLinksToOtherHostsThanWebexsAreRefused(t *testing.T) {
	for link, fine := range map[string]bool{
		"https://evil.example/j.php?MTID=m1": false, "https://contoso.webex.com.evil.example/j": false, "https://evilwebex.com/j": false, "https://webex.com/j": false,
		"https://e.webex.com:8443/j": false, "https://e.webex.com/j": true, "https://E.Webex.COM/j": true, "https://e.webexgov.us/j": true, "https://e.webex.com.cn/j": true,
	} {
		if _, err := Render(refA, Details{Link: link}, Words{}, Parts{}); errors.Is(err, ErrDetails) == fine {
			t.Errorf("%q: %v", link, err)
		}
	}
}

func TestLinksThatAreNoPlainHTTPSAddressAreRefused(t *testing.T) {
	for _, link := range []string{
		"", "javascript:alert(1)", "http://e.webex.com/j", "https://u:p@e.webex.com/", "https:///x", "HTTPS://e.webex.com/j",
		"https://e.webex.com/j k", "https://e.webex.com/\u202egpj.exe", "https://e.webex.com/\nx", "https://e.webex.com/" + strings.Repeat("x", 2100),
	} {
		if _, err := Render(refA, Details{Link: link}, Words{}, Parts{}); !errors.Is(err, ErrDetails) {
			t.Errorf("join link %q was taken", link)
		}
		if link == "" {
			continue
		}
		for _, p := range []Parts{{CallIn: link}, {Restrictions: link}} {
			if _, err := Render(refA, detailsFor(refA), Words{}, p); err == nil {
				t.Errorf("%+v was taken", p)
			}
		}
	}
}
