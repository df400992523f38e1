// Package syncd_test holds the rule that imports point inwards.
package syncd_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// mayImport lists which of our packages each of our packages may use. Arrows point inwards: deciding knows nothing of
// doing, adapters meet in cmd/syncd only, and the simulator cannot share our misreading of a vendor.
var mayImport = map[string][]string{
	"parser":               {},
	"recurrence":           {},
	"schedules":            {},
	"hints":                {},
	"hints/hubtest":        {},
	"vault":                {},
	"pages":                {},
	"simulator":            {},
	"simulator/openapi":    {},
	"simulator/floor":      {"simulator"}, // of benchmarks alone
	"delta":                {"parser", "recurrence"},
	"rest":                 {"delta"},
	"graph":                {"delta", "parser", "recurrence", "rest"},
	"webex":                {"delta", "parser", "rest"},
	"redisstore":           {"delta", "schedules", "subscriptions"},
	"subscriptions":        {"delta"},
	"redisstore/redistest": {},
	"sweep":                {"delta", "parser", "recurrence"},
	"cmd/syncd":            nil, // everything
}

// home is where an outside library may be used, one package as a rule.
var home = map[string][]string{
	"github.com/AzureAD/microsoft-authentication-library-for-go": {"graph"},
	"github.com/go-json-experiment/json":                         {"rest", "graph"}, // a page is read one event at a time
	"github.com/redis/go-redis":                                  {"redisstore", "redisstore/redistest"},
	"github.com/alicebob/miniredis":                              {"redisstore"},
	"github.com/Azure/azure-sdk-for-go":                          {"hints"},
	"github.com/coder/websocket":                                 {"hints"},
	"github.com/robfig/cron":                                     {"schedules"},
	"github.com/alecthomas/kong":                                 {"cmd/syncd"},
	"github.com/prometheus/client_golang":                        {"cmd/syncd"},
	"go.yaml.in/yaml":                                            {"cmd/syncd"},
}

func TestImportsPointInwards(t *testing.T) {
	files := 0
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "testdata" || strings.HasPrefix(entry.Name(), ".") && name != "."):
			return filepath.SkipDir
		case filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		files++
		checkFile(t, filepath.ToSlash(name))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 30 {
		t.Errorf("only %d files were looked at", files)
	}
}

func checkFile(t *testing.T, name string) {
	pkg := path.Dir(name)
	allowed, known := mayImport[pkg]
	if !known {
		t.Errorf("%s: package %s has no line in mayImport", name, pkg)
		return
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if ours, ok := strings.CutPrefix(imported, "syncd/"); ok && allowed != nil && !slices.Contains(allowed, ours) {
			t.Errorf("%s imports %s", name, imported)
		}
		for library, at := range home {
			if strings.HasPrefix(imported, library) && !slices.Contains(at, pkg) {
				t.Errorf("%s imports %s, whose home is %v", name, imported, at)
			}
		}
		if strings.HasPrefix(imported, "github.com/rs/zerolog") && (pkg == "parser" || pkg == "delta") {
			t.Errorf("%s logs", name)
		}
	}
}
