package parser

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Words are what a block says, in one language. {number}, {password}, {digits} (the password as digits) and {address} stand
// for values. Punctuation belongs to the words: Chinese has its own colon, French a blank before it.
type Words struct {
	Locale       string `json:"-"`                     // the listed locale, "de_DE"
	Language     string `json:"language"`              // BCP 47, for the lang attribute
	RightToLeft  bool   `json:"rightToLeft,omitempty"` // written from right to left
	More         string `json:"more"`
	Join         string `json:"join"`
	Room         string `json:"room"` // the same for a Personal Room
	ByNumber     string `json:"byNumber"`
	Number       string `json:"number"`
	Password     string `json:"password"`
	Passwords    string `json:"passwords"` // the password, and as digits
	Mobile       string `json:"mobile"`
	MobileNote   string `json:"mobileNote"`
	Phone        string `json:"phone"`
	Toll         string `json:"toll"`
	TollFree     string `json:"tollFree"`
	CallIn       string `json:"callIn"`
	Restrictions string `json:"restrictions"`
	Video        string `json:"video"`
	Dial         string `json:"dial"`
	DialIP       string `json:"dialIP"`
	Lync         string `json:"lync"`
	Help         string `json:"help"`
	Off          string `json:"off"` // is said in the space of a meeting that is withdrawn
}

//go:embed words/*.json
var wordFiles embed.FS

// dictionary is the words of every listed locale.
type dictionary struct {
	byLocale   map[string]Words  // by the locale in lower case, "de_de"
	ofLanguage map[string]string // language → its locale there, where it has only one
}

var allWords = sync.OnceValues(readWords)

func readWords() (dictionary, error) {
	d := dictionary{byLocale: map[string]Words{}, ofLanguage: map[string]string{}}
	entries, err := wordFiles.ReadDir("words")
	if err != nil {
		return d, err
	}
	for _, entry := range entries {
		raw, err := wordFiles.ReadFile("words/" + entry.Name())
		if err != nil {
			return d, err
		}
		words := Words{Locale: strings.TrimSuffix(entry.Name(), ".json")}
		if err := json.Unmarshal(raw, &words); err != nil {
			return d, fmt.Errorf("words/%s: %w", entry.Name(), err)
		}
		key := strings.ToLower(words.Locale)
		language, _, _ := strings.Cut(key, "_")
		d.byLocale[key], d.ofLanguage[language] = words, key
	}
	return d, nil
}

// Locales lists the locales that have words of their own: those of Webex's meeting templates (developer.webex.com, Meetings
// guide), Arabic and Hebrew.
func Locales() []string {
	all, err := allWords()
	if err != nil {
		return nil
	}
	var names []string
	for words := range maps.Values(all.byLocale) {
		names = append(names, words.Locale)
	}
	slices.Sort(names)
	return names
}

// WordsFor gives the words for a locale such as "nl-NL", "nl_NL" or "zh-Hant-HK": that locale's, else its language's, else
// English. An error means that the embedded words are broken.
func WordsFor(locale string) (Words, error) {
	all, err := allWords()
	if err != nil {
		return Words{}, err
	}
	return all.byLocale[all.choose(parseLocale(locale))], nil
}

// choose picks the listed locale, in lower case, whose words l takes.
func (d dictionary) choose(l localeTag) string {
	if own := l.language + "_" + l.region; d.byLocale[own].Locale != "" && l.script == "" {
		return own
	}
	switch l.language {
	case "en":
		return chooseBy(americanEnglish, l.region, "en_us", "en_gb")
	case "es":
		return chooseBy(europeanSpanish, l.region, "es_es", "es_sp")
	case "fr":
		return chooseBy("ca", l.region, "fr_ca", "fr_fr")
	case "zh":
		if l.script == "" && strings.Contains(traditionalChinese, l.region) && l.region != "" || l.script == "hant" {
			return "zh_tw"
		}
		return "zh_cn"
	}
	if only, ok := d.ofLanguage[l.language]; ok {
		return only
	}
	return "en_us"
}

// Regions, where a language has several listed locales.
const (
	// Everywhere else English is spelled as in Britain: the children of en-001 in Unicode's CLDR, Australia and India among
	// them. "" is English of no region.
	americanEnglish = " us as gu mh mp pr um vi ph"
	// Webex lists es_ES and es_SP; which of them is Spain's its guide labels the wrong way round. Here es_ES is what it is
	// everywhere else, Spain's, and es_SP is that of the Americas.
	europeanSpanish    = " es ea ic gq"
	traditionalChinese = "tw hk mo"
)

// chooseBy gives one locale for a region in the list and another for all others. A list that begins with a blank holds "".
func chooseBy(list, region, in, out string) string {
	if slices.Contains(strings.Split(list, " "), region) {
		return in
	}
	return out
}

// localeTag is a locale, taken apart, in lower case.
type localeTag struct{ language, script, region string }

// parseLocale takes a BCP 47 tag apart, or a POSIX locale. What it does not know it leaves out.
func parseLocale(locale string) localeTag {
	locale = strings.ToLower(strings.TrimSpace(locale))
	if cut := strings.IndexAny(locale, ".@"); cut >= 0 { // "de_DE.UTF-8"
		locale = locale[:cut]
	}
	language, rest, _ := strings.Cut(strings.ReplaceAll(locale, "-", "_"), "_")
	tag := localeTag{language: language}
	for part := range strings.SplitSeq(rest, "_") {
		switch {
		case len(part) == 1: // an extension follows
			return tag.plain()
		case len(part) == 4 && tag.script == "" && tag.region == "":
			tag.script = part
		case (len(part) == 2 || len(part) == 3 && allDigits(part)) && tag.region == "":
			tag.region = part
		case language == "zh" && part == "cht": // .NET's old names
			tag.script = "hant"
		}
	}
	return tag.plain()
}

// plain gives a language its listed name and drops a script that says no more than the language or region does. Serbian is
// read in both scripts; Webex writes it in Latin letters.
func (t localeTag) plain() localeTag {
	switch t.language {
	case "nb", "nn":
		t.language = "no"
	case "iw":
		t.language = "he"
	case "sh":
		t.language = "sr"
	}
	if t.language != "zh" {
		t.script = ""
	}
	return t
}
