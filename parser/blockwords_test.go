package parser

import (
	"bytes"
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// listed are the locales of Webex's meeting templates, which every block must speak; Arabic and Hebrew are ours.
const listed = "ar bg_BG cs_CZ da_DK de_DE en_GB en_US es_ES es_SP fr_CA fr_FR he hr_HR hu_HU it_IT ja_JP ko_KR nl_NL no_NO pl_PL pt_BR " +
	"ro_RO ru_RU sr_RS sv_SE tr_TR zh_CN zh_TW"

func TestEveryListedLocaleHasItsWords(t *testing.T) {
	if got := strings.Join(Locales(), " "); got != listed {
		t.Errorf("locales %s", got)
	}
}

func TestAFileOfWordsIsComplete(t *testing.T) {
	english := reflect.ValueOf(wordsFor(t, "en-US"))
	holder := regexp.MustCompile(`\{.*?\}`)
	for _, locale := range Locales() {
		raw, err := wordFiles.ReadFile("words/" + locale + ".json")
		if err != nil {
			t.Fatal(err)
		}
		strict := json.NewDecoder(bytes.NewReader(raw))
		strict.DisallowUnknownFields()
		var words Words
		if err := strict.Decode(&words); err != nil {
			t.Errorf("%s: %v", locale, err)
		}
		fields := reflect.ValueOf(words)
		for i := range fields.NumField() {
			name := fields.Type().Field(i).Name
			text, ok := fields.Field(i).Interface().(string)
			if !ok || name == "Locale" {
				continue
			}
			wanted := holder.FindAllString(english.Field(i).String(), -1)
			held := holder.FindAllString(text, -1)
			slices.Sort(wanted)
			slices.Sort(held)
			switch {
			case text == "", text != strings.TrimSpace(text), strings.ContainsAny(text, "<>&\n\t[]"):
				t.Errorf("%s: %s is %q", locale, name, text)
			case !slices.Equal(wanted, held):
				t.Errorf("%s: %s has %q, want %q", locale, name, held, wanted)
			case !strings.HasPrefix(locale, "en") && name != "Language" && text == english.Field(i).String():
				t.Errorf("%s: %s is English: %q", locale, name, text)
			}
		}
		if language := strings.ReplaceAll(locale, "_", "-"); words.Language != language {
			known := map[string]string{"no_NO": "nb-NO", "es_SP": "es-419", "sr_RS": "sr-Latn-RS"}
			if words.Language != known[locale] {
				t.Errorf("%s: language %s", locale, words.Language)
			}
		}
		if words.RightToLeft != (locale == "ar" || locale == "he") {
			t.Errorf("%s: right to left is %v", locale, words.RightToLeft)
		}
	}
}

// Each language is written in its letters, so that no file can hold another's words unseen.
func TestWordsAreInTheLettersOfTheirLanguage(t *testing.T) {
	scripts := map[string][]*unicode.RangeTable{
		"ar": {unicode.Arabic}, "he": {unicode.Hebrew}, "ru_RU": {unicode.Cyrillic}, "bg_BG": {unicode.Cyrillic}, "zh_CN": {unicode.Han},
		"zh_TW": {unicode.Han}, "ja_JP": {unicode.Han, unicode.Hiragana, unicode.Katakana}, "ko_KR": {unicode.Hangul},
	}
	marks := map[string]string{ // letters that the language has and its neighbours have not
		"de_DE": "ßäöü", "fr_FR": "éèà", "fr_CA": "éèç", "es_ES": "ñ¿", "es_SP": "ñ¿", "pt_BR": "ãç", "da_DK": "øæ", "no_NO": "øå",
		"sv_SE": "öåä", "pl_PL": "łąę", "cs_CZ": "řěů", "hu_HU": "őű", "ro_RO": "țăș", "tr_TR": "ığş", "hr_HR": "žć", "sr_RS": "žć",
		"zh_CN": "会议视频", "zh_TW": "會議視訊", "ru_RU": "ы", "bg_BG": "ъ",
	}
	for _, locale := range Locales() {
		words := wordsFor(t, locale)
		all := words.Join + words.Room + words.ByNumber + words.Mobile + words.MobileNote + words.Video + words.Help + words.Phone + words.DialIP +
			words.Passwords + words.Toll + words.More + words.TollFree + words.Restrictions
		letters := regexp.MustCompile(`\{.*?\}`).ReplaceAllString(all, "")
		tables := scripts[locale]
		if tables == nil {
			tables = []*unicode.RangeTable{unicode.Latin}
		}
		for _, r := range letters {
			if unicode.IsLetter(r) && !unicode.In(r, tables...) && r != 'ー' {
				t.Errorf("%s: %q in %q", locale, r, letters)
				break
			}
		}
		if m := marks[locale]; m != "" && !strings.ContainsAny(letters, m) {
			t.Errorf("%s: none of %s in %q", locale, m, letters)
		}
	}
}

func TestALocaleTakesItsOwnWordsOrItsLanguages(t *testing.T) {
	for locale, want := range map[string]string{
		"en-US": "en_US", "EN_us": "en_US", "en": "en_US", "": "en_US", "xx-YY": "en_US", "uk-UA": "en_US", "fi-FI": "en_US", "ca-ES": "en_US",
		"en-PH": "en_US", "en-GB": "en_GB", "en-AU": "en_GB", "en-IN": "en_GB", "en-CA": "en_GB", "en-150": "en_GB", "en-001": "en_GB",
		"nl-NL": "nl_NL", "nl_NL": "nl_NL", "NL_nl": "nl_NL", "nl": "nl_NL", "nl-BE": "nl_NL", "de-AT": "de_DE", "de-CH": "de_DE",
		"de_DE.UTF-8@euro": "de_DE", "en_AU.UTF-8": "en_GB", "zh_TW.Big5": "zh_TW", "de-DE-u-co-phonebk": "de_DE", " it-IT ": "it_IT",
		"fr": "fr_FR", "fr-CH": "fr_FR", "fr-CA": "fr_CA", "fr_ca": "fr_CA",
		"es": "es_ES", "es-ES": "es_ES", "es_SP": "es_SP", "es-MX": "es_SP", "es-AR": "es_SP", "es-419": "es_SP", "es-US": "es_SP",
		"pt-PT": "pt_BR", "pt": "pt_BR", "pt-BR": "pt_BR",
		"zh": "zh_CN", "zh-CN": "zh_CN", "zh-SG": "zh_CN", "zh-Hans": "zh_CN", "zh-Hans-HK": "zh_CN", "zh-Hans-CN": "zh_CN", "zh_CHS": "zh_CN",
		"zh-TW": "zh_TW", "zh-HK": "zh_TW", "zh-MO": "zh_TW", "zh-Hant": "zh_TW", "zh-Hant-HK": "zh_TW", "ZH-HANT-CN": "zh_TW", "zh-CHT": "zh_TW",
		"nb-NO": "no_NO", "nn-NO": "no_NO", "no": "no_NO", "nb": "no_NO", "no_NO": "no_NO",
		"sr": "sr_RS", "sr-RS": "sr_RS", "sr-Latn-RS": "sr_RS", "sr-Cyrl-RS": "sr_RS", "sr-Latn": "sr_RS", "sr-Latn-ME": "sr_RS",
		"ar-SA": "ar", "ar": "ar", "ar-EG": "ar", "he-IL": "he", "iw": "he", "he": "he",
		"ja": "ja_JP", "ko-KR": "ko_KR", "tr-CY": "tr_TR", "ro-MD": "ro_RO", "ru-KZ": "ru_RU", "sv-FI": "sv_SE", "da-GL": "da_DK",
		"../en_US": "en_US", "-": "en_US", "de/../fr_FR": "en_US", "zh-": "zh_CN",
	} {
		words, err := WordsFor(locale)
		if err != nil || words.Locale != want {
			t.Errorf("%q gets %q (error %v), want %s", locale, words.Locale, err, want)
		}
	}
	for _, locale := range Locales() {
		for _, form := range []string{locale, strings.ReplaceAll(locale, "_", "-"), strings.ToUpper(locale), strings.ToLower(locale)} {
			if words := wordsFor(t, form); words.Locale != locale {
				t.Errorf("%q gets %s", form, words.Locale)
			}
		}
	}
}

func BenchmarkWordsFor(b *testing.B) {
	for b.Loop() {
		if w, err := WordsFor("zh-Hant-HK"); err != nil || w.Locale != "zh_TW" {
			b.Fatal(w.Locale, err)
		}
	}
}

func BenchmarkRender(b *testing.B) {
	words, parts := wordsFor(b, "de"), allParts(b)
	for b.Loop() {
		if _, err := Render(refA, detailsFor(refA), words, parts); err != nil {
			b.Fatal(err)
		}
	}
}
