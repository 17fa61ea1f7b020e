package main

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestServesAndStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	ready := make(chan string, 1)
	done := make(chan error, 1)
	go func() { done <- run(ctx, []string{"-addr", "127.0.0.1:0"}, ready) }()

	reply, err := http.Get("http://" + <-ready + "/hello/world")
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil || !strings.Contains(string(body), "Hello, world!") {
		t.Fatalf("got %q, %v", body, err)
	}

	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("did not stop")
	}
}

func TestRefusesBadArguments(t *testing.T) {
	for _, args := range [][]string{{"-rate", "many"}, {"-addr", "nowhere:-1"}} {
		if err := run(context.Background(), args, nil); err == nil {
			t.Errorf("%q was accepted", args)
		}
	}
}
