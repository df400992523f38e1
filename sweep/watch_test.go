package sweep_test

import (
	"net/http"
	"testing"

	"syncd/simulator/openapi"
)

// watched holds every request of a test against the vendors' own descriptions. In the randomised run that is about a quarter of
// the CPU time, which is worth it: odd schedules send odd requests.
func watched(t testing.TB, transport http.RoundTripper) http.RoundTripper {
	t.Helper()
	watch, err := openapi.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := watch.Err(); err != nil {
			t.Errorf("requests that the vendors do not describe: %v", err)
		}
	})
	return watch.RoundTripper(transport)
}
