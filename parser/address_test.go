package parser

import "testing"

func TestAnAddressIsDialledWhenTheTextSaysSo(t *testing.T) {
	for _, c := range []struct{ text, provider, sip string }{
		{"sip:blue@vc.acme.example", "sip", "blue@vc.acme.example"},
		{"SIPS:4711@vc.acme.example;transport=tls", "sip", "4711@vc.acme.example"},
		{"sip:4711@10.1.2.3:5061", "sip", "4711@10.1.2.3:5061"},
		{"h323:4711@gk.acme.example", "h323", "4711@gk.acme.example"},
		{"h323:10.1.2.3##4711", "h323", "10.1.2.3##4711"},
		{"Video 10.1.2.3##4711", "h323", "10.1.2.3##4711"},
		{"## 10.1.2.3## 1.2.3##4711 v1.10.1.2.3##4711", "", ""},
		{"H.323: 4711@gk.acme.example", "h323", "4711@gk.acme.example"},
		{"SIP/H.323: 4711@gk.acme.example", "sip", "4711@gk.acme.example"},
		{"12345@company.com", "sip", "12345@company.com"},
		{"12345@10.1.2.3", "sip", "12345@10.1.2.3"},
		{"Dial blue.room@vc.acme.example from a video system", "sip", "blue.room@vc.acme.example"},
		{"Video: blue.room@vc.acme.example", "sip", "blue.room@vc.acme.example"},
		{"Join by SIP\n\nblue.room@vc.acme.example", "sip", "blue.room@vc.acme.example"},
		{"Wählen Sie blau@vc.acme.example an", "sip", "blau@vc.acme.example"},
		{"Composez bleu@vc.acme.example", "sip", "bleu@vc.acme.example"},
		{"拨打 blue@vc.acme.example", "sip", "blue@vc.acme.example"},
		{"91234567890@zoomcrc.com", "zoom", "91234567890@zoomcrc.com"},
		{"91234567890.123456@zoomcrc.com", "zoom", "91234567890.123456@zoomcrc.com"},
		{"ada@acme.webex.com", "webex", "ada@acme.webex.com"},
		{"123456789.acme@lync.webex.com", "webex", "123456789.acme@lync.webex.com"},
		{"cisco@m.webex.com Video ID: 119 856 328 6", "teams", "1198563286.cisco@m.webex.com"},
		{"cisco@m.webex.com", "teams", "cisco@m.webex.com"},
		{"813878896@t.plcm.vc VTC Conference ID: 017920684", "teams", "813878896.017920684@t.plcm.vc"},
		{"teams@vc.acme.example\nVideo Conference ID: 119 284 330 1", "teams", "1192843301@vc.acme.example"},
		// mail, whatever it looks like
		{"blue.room@vc.acme.example", "", ""},
		{"Contact blue@vc.acme.example about the video system", "", ""},
		{"Dial in. Questions to blue@vc.acme.example.", "", ""},
		{"Dial admin@10.1.2.3", "", ""},
		{"Dial info@vc.acme.example", "", ""},
		{"teams@vc.acme.example", "", ""},
		{"12345@qq.com", "", ""},
		{"12345@vip.163.com", "", ""},
		{"20194455@student.uni.example", "", ""},
		{"E-Mail: 12345@company.com", "", ""},
		{"From: 12345@company.com", "", ""},
		{"> Cc: Bob <12345@company.com>", "", ""},
		{"alex@webex.com", "", ""},
		{"noreply@acme.webex.com", "", ""},
		{"Dial xmpp:4711@chat.acme.example", "", ""},
		{"Dial im:blue@chat.acme.example", "", ""},
		{"12345@localhost", "", ""},
		{"**Ruben Bridgewater** <<ruben@acme.example>>", "", ""},
		{"resolver.ResolveEndpoints(ctx, \"user@acme.example\")", "", ""},
		{"453426348@teamsconnect.acme.example\nVideo Conference ID: 123 887 981 0\nMicrosoft Teams meeting", "teams", "453426348.1238879810@teamsconnect.acme.example"},
		{"Dial 1630928616@acme.webex.comYou can also dial 62.109.219.4", "webex", "1630928616@acme.webex.com"},
		{"12345@company.com@evil.example", "", ""},
		{"sip:@acme.example sip:a@ sip:", "", ""},
		{"gossip:blue@acme.example", "", ""},
	} {
		got := Parse(Text{Body: c.text})
		if got.Provider != c.provider || got.SIP != c.sip {
			t.Errorf("%q: %s %q, want %s %q", c.text, got.Provider, got.SIP, c.provider, c.sip)
		}
	}
}

func TestReferencesInHTMLAreReadAsABrowserDoes(t *testing.T) {
	for _, c := range []struct{ html, url, sip string }{
		{`<a href="https://zoom.us/j/912345678">x</a>`, "https://zoom.us/j/912345678", ""},
		{`<A HREF='https://zoom.us/j/912345678'>x</A>`, "https://zoom.us/j/912345678", ""},
		{`<a href=https://zoom.us/j/912345678>x</a>`, "https://zoom.us/j/912345678", ""},
		{"<a class=x\n href\n=\n\" https://zoom.us/j/912\n345678 \">x</a>", "https://zoom.us/j/912345678", ""},
		{`<a href="https://zoom.us/w/912345678?tk=a&amp;pwd=b&copy=c">x</a>`, "https://zoom.us/w/912345678?tk=a&pwd=b&copy=c", ""},
		{`<a href="https&#58;//zoom.us&sol;j/912345678">x</a>`, "https://zoom.us/j/912345678", ""},
		{`<area href="https://zoom.us/j/912345678">`, "https://zoom.us/j/912345678", ""},
		{`<a title="a>b" href="https://zoom.us/j/912345678">x</a>`, "https://zoom.us/j/912345678", ""},
		{`<a href="https://evil.example/">https://zoom.us/j/912345678</a>`, "https://zoom.us/j/912345678", ""},
		{`<a href="https://zoom.us/j/912345678"/>`, "https://zoom.us/j/912345678", ""},
		{`label&lt;https://zoom.us/j/912345678&gt;`, "https://zoom.us/j/912345678", ""},
		{`label<https://zoom.us/j/912345678>`, "https://zoom.us/j/912345678", ""},
		{`https://zoom.us/j/<wbr>912345678`, "https://zoom.us/j/912345678", ""},
		{`<a href="sip:blue@vc.acme.example">x</a>`, "", "blue@vc.acme.example"},
		{`<a href="mailto:912345678@zoomcrc.com">video</a>`, "", "912345678@zoomcrc.com"},
		{`<a href="mailto:91 2@zoomcrc.com">video</a>`, "", ""},
		{`<a href="mailto:blue@acme.example">blue@acme.example</a>`, "", ""},
		{`<a data-href="https://zoom.us/j/912345678">x</a>`, "", ""},
		{`<link href="https://zoom.us/j/912345678">`, "", ""},
		{`<img src="https://zoom.us/j/912345678">`, "", ""},
		{`<a href="javascript:'https://zoom.us/j/912345678'">x</a>`, "", ""},
		{`<div style="Display : None"><a href="https://zoom.us/j/912345678">x</a></div>`, "", ""},
		{`<div hidden><div></div><a href="https://zoom.us/j/912345678">x</a></div>`, "", ""},
		{`<div hidden>a</div><a href="https://zoom.us/j/912345678">x</a>`, "https://zoom.us/j/912345678", ""},
		{`<p aria-hidden="true" style="overflow:hidden"><a href="https://zoom.us/j/912345678">x</a>`, "https://zoom.us/j/912345678", ""},
	} {
		got := Parse(Text{Body: c.html, HTML: true})
		if got.JoinURL != c.url || got.SIP != c.sip {
			t.Errorf("%s: %q %q, want %q %q", c.html, got.JoinURL, got.SIP, c.url, c.sip)
		}
	}
	const cells = `<table><tr><td>Link<td><a href="https://zoom.us/j/912345678">x</a><tr><td>Passcode<td>kiwi42<td>Room<td>7</table>`
	if got := Parse(Text{Body: cells, HTML: true}); got.Passcode != "kiwi42" {
		t.Errorf("%s: %+v", cells, got)
	}
}

func TestLinksEndWhereTheSentenceGoesOn(t *testing.T) {
	const u = "https://meet.jit.si/Room"
	for _, c := range []struct{ text, url string }{
		{u, u}, {u + ".", u}, {u + ", and", u}, {u + "; then", u}, {u + "!", u}, {u + "?", u}, {u + ":", u},
		{"(" + u + ")", u}, {"(" + u + "),", u}, {"[" + u + "]", u}, {"<" + u + ">", u}, {"\"" + u + "\"", u},
		{"'" + u + "'", u}, {"*" + u + "*", u}, {"_" + u + "_", u}, {"**" + u + "**", u}, {"`" + u + "`", u},
		{"[x](" + u + ")", u}, {"[" + u + "](" + u + ")", u}, {"|" + u + "|", u}, {u + "\\n", u}, {u + "\u200b", u},
		{u + "\u00a0x", u}, {u + "，会议", u}, {"请" + u + "入会", u}, {u + "に参加", u}, {u + "에서", u},
		{u + "”", u}, {u + "…", u}, {u + "https://example.com/", u}, {u + ",https://example.com/", u},
		{u + "_(a)", u + "_(a)"}, {u + "Ä", u + "Ä"}, {u + "#config.x=true", u + "#config.x=true"},
		{"HTTPS://meet.jit.si/Room", "HTTPS://meet.jit.si/Room"}, {"http://meet.jit.si/Room", "http://meet.jit.si/Room"},
		{"meet.jit.si/Room", u}, {"//meet.jit.si/Room", ""}, {"a@meet.jit.si/Room", ""}, {"xmeet.jit.si/Room", ""},
		{"https://a.example/?u=" + u, ""}, {"https://a.example/" + u, ""}, {"view-source:" + u, u},
	} {
		if got := Parse(Text{Body: c.text}); got.JoinURL != c.url {
			t.Errorf("%q: %q, want %q", c.text, got.JoinURL, c.url)
		}
	}
}
