package simulator_test

import (
	"fmt"
	"net/http"
	"time"

	"syncd/simulator"
)

// A world with one person, a fault, and an audit that finds an event that nobody has served.
func Example() {
	now := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	w := simulator.New(simulator.Options{Seed: 1, Now: func() time.Time { return now }})
	alice := w.AddMailbox("alice@example.com", simulator.WithZone("W. Europe Standard Time"))
	e := alice.Create(simulator.Draft{Subject: "Plans", Location: "@webex:onetime", Start: now.Add(time.Hour), End: now.Add(2 * time.Hour)})
	w.Fault(simulator.Rule{Call: "GetEvent", Nth: 1, Fault: simulator.Refuse(503, "serviceNotAvailable", "2")})

	client := http.Client{Transport: w.Transport()} // or w.Start(ctx), for real TLS
	req, _ := http.NewRequest("GET", simulator.GraphURL+"/v1.0/users/alice@example.com/calendarView?startDateTime=2026-01-05T00:00:00Z&endDateTime=2026-01-06T00:00:00Z", nil)
	req.Header.Set("Authorization", "Bearer "+w.GraphToken())
	res, err := client.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	res.Body.Close()

	fmt.Println(res.StatusCode, e.Subject, w.Count("CalendarView", "alice@example.com"))
	fmt.Println(w.Check(simulator.AtRest{Enrolled: []string{"alice@example.com"}}) != nil)
	// Output:
	// 200 Plans 1
	// true
}
