// Hello is a small HTTP service for trying hallmark on: it greets, limits each caller's rate, and tells what it is.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/hallmark-project/hallmark/examples/hello/greet"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], nil); err != nil {
		fmt.Fprintln(os.Stderr, "hello:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends. Where ready is not nil, the address that is served goes there once.
func run(ctx context.Context, args []string, ready chan<- string) error {
	flags := flag.NewFlagSet("hello", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:8080", "address to serve on")
	perSecond := flags.Float64("rate", 50, "requests a second for each caller")
	if err := flags.Parse(args); err != nil {
		return err
	}

	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	server := &http.Server{
		Handler:           greet.NewHandler(log, *perSecond),
		ReadHeaderTimeout: 5 * time.Second,
	}
	log.Info("serving", "addr", listener.Addr().String())
	if ready != nil {
		ready <- listener.Addr().String()
	}

	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	closing, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(closing); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
