package parser

import (
	"html/template"
	"strings"
)

// The HTML of a block is made for the worst of its readers, Outlook on Windows, which lays mail out with Word: paragraphs with
// margins and sizes in points, no classes (Exchange drops them), nothing that floats or flexes. No colour is set but a grey
// that can be read on white and on black, and no background: programs in dark mode choose both themselves.

type blockView struct {
	Words       Words
	Direction   string
	Style       template.CSS
	Open, Close string
	Lines       []line
}

func blockStyle(language string) template.CSS {
	return "margin:12pt 0 0 0; border:none; border-top:solid #999999 1px; padding:6pt 0 0 0; font-family:" + fontOf(language) +
		"; font-size:10.5pt; line-height:140%; word-wrap:break-word; overflow-wrap:break-word"
}

// fontOf names the fonts of Windows and macOS that have a language's letters. Word takes the first for all of a text, so that
// it must be one with Latin letters too.
func fontOf(language string) template.CSS {
	language, script, _ := strings.Cut(language, "-")
	switch {
	case language == "ja":
		return "'Yu Gothic UI',Meiryo,'Hiragino Sans',sans-serif"
	case language == "ko":
		return "'Malgun Gothic','Apple SD Gothic Neo',sans-serif"
	case language == "zh" && script == "TW":
		return "'Microsoft JhengHei','PingFang TC',sans-serif"
	case language == "zh":
		return "'Microsoft YaHei','PingFang SC',sans-serif"
	case language == "ar" || language == "he":
		return "'Segoe UI',Arial,sans-serif"
	}
	return "Arial,Helvetica,sans-serif"
}

var blockTemplate = template.Must(template.New("block").Parse(
	`{{define "run"}}` +
		`{{if .Value}}<span dir="ltr"{{if .Whole}} style="white-space:nowrap"{{end}}>{{end}}` +
		`{{if .Href}}<a href="{{.Href}}">{{end}}{{if .Bold}}<b>{{end}}{{if .Slant}}<i>{{end}}` +
		`{{.Text}}` +
		`{{if .Slant}}</i>{{end}}{{if .Bold}}</b>{{end}}{{if .Href}}</a>{{end}}` +
		`{{if .Value}}</span>{{end}}{{end}}` +
		`<div lang="{{.Words.Language}}" dir="{{.Direction}}" style="{{.Style}}">` +
		`<p style="margin:0; color:#767676; font-size:8pt"><span dir="ltr">{{.Open}}</span></p>` +
		`{{range .Lines}}<p style="margin:{{if .Gap}}8pt{{else}}0{{end}} 0 0 0` +
		`{{if .Head}}; font-weight:bold{{end}}{{if .Small}}; color:#767676; font-size:9pt{{end}}">` +
		`{{range .Runs}}{{template "run" .}}{{end}}</p>{{end}}` +
		`<p style="margin:8pt 0 0 0; color:#767676; font-size:8pt"><span dir="ltr">{{.Close}}</span></p></div>`))
