package greet

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/time/rate"
)

func newServer(t *testing.T, perSecond float64) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(NewHandler(slog.New(slog.NewTextHandler(io.Discard, nil)), perSecond))
	t.Cleanup(server.Close)
	return server
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	reply, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply.StatusCode, string(body)
}

func TestRoutes(t *testing.T) {
	server := newServer(t, 1000)
	rows := []struct {
		path   string
		status int
		want   string
	}{
		{"/hello/world", http.StatusOK, "Hello, world!"},
		{"/hello/Welt?lang=de", http.StatusOK, "Hallo, Welt!"},
		{"/hello/x?lang=tlh", http.StatusNotFound, "no greeting"},
		{"/healthz", http.StatusOK, "ok"},
		{"/version", http.StatusOK, `"go":"go`},
		{"/nowhere", http.StatusNotFound, "404"},
	}
	for _, row := range rows {
		status, body := get(t, server.URL+row.path)
		if status != row.status || !strings.Contains(body, row.want) {
			t.Errorf("%s: got %d %q, want %d with %q", row.path, status, body, row.status, row.want)
		}
	}
}

func TestLimitsTheRate(t *testing.T) {
	server := newServer(t, 0)
	last := 0
	for range 12 {
		last, _ = get(t, server.URL+"/healthz")
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("the twelfth request got %d", last)
	}
}

func TestForgetsCallersWhenThereAreMany(t *testing.T) {
	c := &callers{limit: 1, known: nil}
	c.known = newKnown(10_001)
	if !c.allow("new") || len(c.known) != 1 {
		t.Errorf("%d callers are remembered", len(c.known))
	}
}

func newKnown(n int) map[string]*rate.Limiter {
	known := make(map[string]*rate.Limiter, n)
	for i := range n {
		known[strconv.Itoa(i)] = nil
	}
	return known
}
