// Package msgraph is a benchmark and nothing else: Microsoft's own library doing what syncd does by hand. It is a module of its own,
// so that syncd does not depend on that library. `make bench` runs it; the first time the compiler needs some minutes and some
// gigabytes for it.
package msgraph

import (
	"testing"

	"syncd/simulator/floor"
)

func TestMain(m *testing.M) { floor.Main(m) }
