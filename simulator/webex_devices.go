package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// workspace is a room with one device in it (webex.md 2.7).
type workspace struct {
	id, name string
	calendar string // address that Webex itself books by; "" = calendar type none
	device   *device
}

// device is a RoomOS device; its bookings are what was put there last (webex.md 2.8).
type device struct {
	id       string
	platform string // cisco, microsoftTeamsRoom
	online   bool
	bookings []Booking
	puts     int
}

// Booking is an entry of a device's list.
type Booking struct {
	ID              string `json:"Id"`
	MeetingID       string `json:"MeetingId,omitempty"`
	Title           string
	Agenda          string `json:",omitempty"`
	Privacy         string `json:",omitempty"`
	Protocol        string
	MeetingPlatform string `json:",omitempty"`
	Number          string
	CallType        string `json:",omitempty"`
	Encryption      string `json:",omitempty"`
	MetaInfo        string `json:",omitempty"`
	Organizer       struct {
		Name  string
		Email string `json:",omitempty"`
		ID    string `json:"Id,omitempty"`
	}
	Time struct {
		StartTime       string
		Duration        *int
		StartTimeBuffer *int `json:",omitempty"`
		EndTimeBuffer   *int `json:",omitempty"`
	}
}

// Workspace describes a room for AddWorkspace and shows one to a test.
type Workspace struct {
	ID, Name string
	Calendar string // address of a Microsoft calendar that Webex itself looks after; "" = none
	DeviceID string
	Platform string // cisco (""), microsoftTeamsRoom
	Offline  bool
	Bookings []Booking
	Puts     int // how often the list was replaced
}

// AddWorkspace puts a room with a device into the organisation, and gives it with its ids.
func (w *World) AddWorkspace(room Workspace) Workspace {
	w.mu.Lock()
	defer w.mu.Unlock()
	if room.Platform == "" {
		room.Platform = "cisco"
	}
	ws := &workspace{
		id: cisco(w, "PLACE"), name: room.Name, calendar: room.Calendar,
		device: &device{id: cisco(w, "DEVICE"), platform: room.Platform, online: !room.Offline},
	}
	w.webex.workspaces = append(w.webex.workspaces, ws)
	return ws.show()
}

// Workspaces lists the rooms.
func (w *World) Workspaces() []Workspace {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []Workspace
	for _, ws := range w.webex.workspaces {
		all = append(all, ws.show())
	}
	return all
}

func (ws *workspace) show() Workspace {
	d := ws.device
	return Workspace{ID: ws.id, Name: ws.name, Calendar: ws.calendar, DeviceID: d.id, Platform: d.platform, Offline: !d.online, Bookings: slices.Clone(d.bookings), Puts: d.puts}
}

// RestartDevice makes a device forget its bookings; with reset it also gets another id, while the workspace keeps its own.
func (w *World) RestartDevice(workspaceID string, reset bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, ws := range w.webex.workspaces {
		if ws.id == workspaceID {
			ws.device.bookings = nil
			if reset {
				ws.device.id = cisco(w, "DEVICE")
			}
		}
	}
}

var deviceCalls = []webexCall{
	{"GET", "workspaces", "ListWorkspaces", (*call).listWorkspaces},
	{"GET", "workspaces/{workspace}", "GetWorkspace", (*call).getWorkspace},
	{"GET", "devices", "ListDevices", (*call).listDevices},
	{"GET", "devices/{device}", "GetDevice", (*call).getDevice},
	{"POST", "xapi/command/{command}", "Command", (*call).command},
	{"GET", "xapi/status", "Status", (*call).deviceStatus},
}

func (ws *workspace) json() map[string]any {
	calendar := map[string]any{"type": "none"}
	if ws.calendar != "" {
		calendar = map[string]any{"type": "microsoft", "emailAddress": ws.calendar}
	}
	return map[string]any{"id": ws.id, "displayName": ws.name, "capacity": 5, "type": "meetingRoom", "calendar": calendar, "devicePlatform": ws.device.platform}
}

func (ws *workspace) deviceJSON() map[string]any {
	status := "disconnected"
	if ws.device.online {
		status = "connected"
	}
	return map[string]any{
		"id": ws.device.id, "displayName": ws.name, "workspaceId": ws.id, "placeId": ws.id, "capabilities": []string{"xapi"}, "permissions": []string{"xapi:all"}, "created": "2026-01-01T00:00:00.000Z",
		"connectionStatus": status, "product": "Cisco Webex Room Kit", "type": "roomdesk", "tags": []string{}, "devicePlatform": ws.device.platform, "software": "RoomOS 26.4",
	}
}

// byStart pages by start and max, as these lists do.
func (c *call) byStart(items []any) *answer {
	q := c.r.URL.Query()
	start, _ := strconv.Atoi(q.Get("start"))
	size, err := strconv.Atoi(q.Get("max"))
	if err != nil || size < 1 {
		size = 100
	}
	items = items[min(max(0, start), len(items)):]
	return c.webexJSON(map[string]any{"items": append([]any{}, items[:min(size, len(items))]...)})
}

func (c *call) listWorkspaces(map[string]string) *answer {
	q := c.r.URL.Query()
	var items []any
	for _, ws := range c.w.webex.workspaces {
		kind := ws.json()["calendar"].(map[string]any)["type"]
		if (q.Get("calendar") == "" || q.Get("calendar") == kind) && strings.Contains(ws.name, q.Get("displayName")) &&
			(q.Get("devicePlatform") == "" || q.Get("devicePlatform") == ws.device.platform) {
			items = append(items, ws.json())
		}
	}
	return c.byStart(items)
}

func (c *call) seekWorkspace(fits func(*workspace) bool) (*workspace, *answer) {
	i := slices.IndexFunc(c.w.webex.workspaces, fits)
	if i < 0 {
		return nil, c.refusal(http.StatusNotFound, "The requested resource could not be found.")
	}
	return c.w.webex.workspaces[i], nil
}

func (c *call) getWorkspace(args map[string]string) *answer {
	ws, a := c.seekWorkspace(func(ws *workspace) bool { return ws.id == args["workspace"] })
	if a != nil {
		return a
	}
	return c.webexJSON(ws.json())
}

func (c *call) listDevices(map[string]string) *answer {
	q := c.r.URL.Query()
	var items []any
	for _, ws := range c.w.webex.workspaces {
		if id := q.Get("workspaceId"); id == "" || id == ws.id {
			items = append(items, ws.deviceJSON())
		}
	}
	return c.byStart(items)
}

func (c *call) getDevice(args map[string]string) *answer {
	ws, a := c.seekWorkspace(func(ws *workspace) bool { return ws.device.id == args["device"] })
	if a != nil {
		return a
	}
	return c.webexJSON(ws.deviceJSON())
}

func (c *call) deviceStatus(map[string]string) *answer {
	q := c.r.URL.Query()
	ws, a := c.seekWorkspace(func(ws *workspace) bool { return ws.device.id == q.Get("deviceId") })
	if a != nil {
		return a
	}
	return c.webexJSON(map[string]any{"deviceId": ws.device.id, "result": map[string]any{"Bookings": map[string]any{"Availability": map[string]any{"Status": "Free"}}}})
}

// command serves Bookings.Put, which replaces the whole list, Bookings.Clear and Bookings.List.
func (c *call) command(args map[string]string) *answer {
	var b struct {
		DeviceID  string          `json:"deviceId"`
		Arguments map[string]any  `json:"arguments"`
		Body      json.RawMessage `json:"body"`
	}
	if json.Unmarshal(c.body, &b) != nil {
		return c.invalid("The request body cannot be read.")
	}
	ws, a := c.seekWorkspace(func(ws *workspace) bool { return ws.device.id == b.DeviceID })
	if a != nil {
		return a
	}
	d := ws.device
	result := map[string]any{}
	name := strings.ToLower(args["command"])
	switch {
	case !d.online:
		return c.refusal(http.StatusBadGateway, "The device did not answer.")
	case name == "bookings.list":
		result = d.listing()
	case d.platform == "microsoftTeamsRoom":
		return c.refusal(http.StatusConflict, "The command is not available while the device runs Microsoft Teams.")
	case name == "bookings.clear":
		d.bookings, d.puts = nil, d.puts+1
	case name == "bookings.put":
		var list struct{ Bookings []Booking }
		if err := json.Unmarshal(b.Body, &list); err != nil {
			return c.invalid("The body of the command cannot be read.")
		}
		if err := valid(list.Bookings); err != nil {
			return c.invalid("%v", err)
		}
		d.bookings, d.puts = list.Bookings, d.puts+1
	default:
		return c.refusal(http.StatusNotFound, "Unknown command "+args["command"])
	}
	return c.webexJSON(map[string]any{"deviceId": d.id, "arguments": b.Arguments, "result": result})
}

// valid refuses bookings that lack what a device needs.
func valid(list []Booking) error {
	ids := map[string]bool{}
	for _, b := range list {
		start, err := time.Parse(time.RFC3339, b.Time.StartTime)
		switch {
		case b.ID == "" || len(b.ID) > 128 || ids[b.ID]:
			return fmt.Errorf("booking %q: Id must be there once, with at most 128 characters", b.ID)
		case b.Title == "" || b.Number == "" || b.Protocol == "" || b.Organizer.Name == "":
			return fmt.Errorf("booking %s: Title, Number, Protocol and Organizer.Name are required", b.ID)
		case err != nil || start.Location() != time.UTC:
			return fmt.Errorf("booking %s: StartTime must be UTC", b.ID)
		case b.Time.Duration == nil || *b.Time.Duration < 0:
			return fmt.Errorf("booking %s: Duration is required", b.ID)
		case !slices.Contains([]string{"SIP", "H323", "ISDN", "IP", "Spark", "WebRTC", "None"}, b.Protocol):
			return fmt.Errorf("booking %s: Protocol %q does not exist", b.ID, b.Protocol)
		case b.Protocol == "WebRTC" && b.MeetingPlatform != "MicrosoftTeams" && b.MeetingPlatform != "GoogleMeet":
			return fmt.Errorf("booking %s: WebRTC goes with MicrosoftTeams and GoogleMeet only", b.ID)
		}
		ids[b.ID] = true
	}
	return nil
}

func (d *device) listing() map[string]any {
	result := map[string]any{"ResultInfo": map[string]any{"TotalRows": len(d.bookings)}}
	rows := []any{}
	for i, b := range d.bookings {
		rows = append(rows, map[string]any{
			"id": i + 1, "Id": b.ID, "MeetingId": b.MeetingID, "Title": b.Title, "Privacy": b.Privacy,
			"DialInfo": map[string]any{"ConnectMode": "OBTP", "Calls": map[string]any{"Call": []any{map[string]any{"id": 1, "Number": b.Number, "Protocol": b.Protocol}}}},
		})
	}
	if len(rows) > 0 {
		result["Booking"] = rows
	}
	return result
}
