package main

import (
	"io"
	"os"
	"testing"
)

func TestProgram(t *testing.T) {
	out := os.Stdout
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	os.Stdout = w
	main()
	os.Stdout = out
	w.Close()
	text, err := io.ReadAll(r)
	if err != nil || string(text) != genuine+"\n" {
		t.Errorf("the program says %q, %v", text, err)
	}
}
