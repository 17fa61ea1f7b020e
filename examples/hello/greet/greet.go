// Package greet is the service behind hello: routes, rate limit, greetings.
package greet

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"sync"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"
	"golang.org/x/time/rate"
	"gopkg.in/yaml.v3"
)

//go:embed greetings.yaml
var greetingsYAML []byte

// Greetings maps a language to its greeting, in which %s is the name.
func greetings() (map[string]string, error) {
	var all map[string]string
	if err := yaml.Unmarshal(greetingsYAML, &all); err != nil {
		return nil, fmt.Errorf("greetings.yaml: %w", err)
	}
	return all, nil
}

// callers holds one limiter for each caller's address.
type callers struct {
	mu    sync.Mutex
	limit rate.Limit
	known map[string]*rate.Limiter
}

// allow says whether addr may ask now. It forgets everybody once there are very many, so that memory stays bounded.
func (c *callers) allow(addr string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) > 10_000 {
		clear(c.known)
	}
	limiter := c.known[addr]
	if limiter == nil {
		limiter = rate.NewLimiter(c.limit, 10)
		c.known[addr] = limiter
	}
	return limiter.Allow()
}

// NewHandler makes the service's routes: GET /hello/{name}?lang=, /healthz and /version.
func NewHandler(log *slog.Logger, perSecond float64) http.Handler {
	all, err := greetings()
	if err != nil {
		panic(err) // the file is part of the program, so this is a mistake in it
	}
	limits := &callers{limit: rate.Limit(perSecond), known: map[string]*rate.Limiter{}}

	router := chi.NewRouter()
	router.Use(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			id := uuid.NewString()
			w.Header().Set("X-Request-Id", id)
			host, _, err := net.SplitHostPort(r.RemoteAddr)
			if err != nil {
				host = r.RemoteAddr
			}
			if !limits.allow(host) {
				http.Error(w, "slow down", http.StatusTooManyRequests)
				return
			}
			log.Info("request", "id", id, "method", r.Method, "path", r.URL.Path)
			next.ServeHTTP(w, r)
		})
	})
	router.Get("/hello/{name}", func(w http.ResponseWriter, r *http.Request) {
		lang := r.URL.Query().Get("lang")
		if lang == "" {
			lang = "en"
		}
		greeting, ok := all[lang]
		if !ok {
			http.Error(w, "no greeting in that language", http.StatusNotFound)
			return
		}
		fmt.Fprintf(w, greeting+"\n", chi.URLParam(r, "name"))
	})
	router.Get("/healthz", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "ok") })
	router.Get("/version", func(w http.ResponseWriter, r *http.Request) {
		version := map[string]any{"go": "", "modules": 0}
		if info, ok := debug.ReadBuildInfo(); ok {
			version["go"], version["modules"] = info.GoVersion, len(info.Deps)
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(version)
	})
	return router
}
