package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Where a step of hallmark finds the source, and the copy in which tests run.
const (
	sourceRoot = "/workspace/source"
	copyRoot   = "/workspace/reports/source"
)

// What secrets that were planted begin with; written so that this file is none.
var canary = regexp.MustCompile("^HALLMARK-" + "CANARY-[0-9a-f]{16}|^-----BEGIN [A-Z ]*" + "PRIVATE KEY-----")

// HoldsSecret looks for their beginnings first: the expression alone takes minutes for a process' memory.
func holdsSecret(content []byte) bool {
	for _, start := range [][]byte{[]byte("HALLMARK-"), []byte("-----BEGIN ")} {
		for rest := content; ; rest = rest[1:] {
			i := bytes.Index(rest, start)
			if i < 0 {
				break
			}
			rest = rest[i:]
			if canary.Match(rest[:min(len(rest), 100)]) {
				return true
			}
		}
	}
	return false
}

// Attempts counts what one test tried. What is not refused fails the test, and the others are tried all the same.
type attempts struct {
	t     *testing.T
	count int
}

// Begin makes sure that this is a step: on somebody's machine an attack that succeeds does harm.
// What tried fewer than least things did not find its way, and being refused then says nothing.
func begin(t *testing.T, least int) *attempts {
	t.Helper()
	folder, err := os.Getwd()
	if err != nil || (folder != copyRoot && !strings.HasPrefix(folder, copyRoot+"/")) {
		t.Fatalf("this is no step of hallmark (%s is not below %s): nothing was tried", folder, copyRoot)
	}
	a := &attempts{t: t}
	t.Cleanup(func() {
		t.Logf("hostile: %d attempts of %s", a.count, t.Name())
		if a.count < least {
			t.Errorf("only %d attempts were made", a.count)
		}
	})
	return a
}

// Refused records how an attempt ended.
func (a *attempts) refused(what string, err error) {
	a.t.Helper()
	a.count++
	if err == nil {
		a.t.Errorf("not refused: %s", what)
	}
}

// Clean records that something was read, and that no secret stands in it.
func (a *attempts) clean(what string, content []byte) {
	a.t.Helper()
	a.count++
	if holdsSecret(content) {
		a.t.Errorf("not refused: %s holds a secret", what)
	}
}

// Targets are the lines of testdata/targets.txt that begin with a word.
func targets(t *testing.T, kind string) []string {
	t.Helper()
	f, err := os.Open("testdata/targets.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var found []string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if first, rest, ok := strings.Cut(strings.TrimSpace(lines.Text()), " "); ok && first == kind {
			found = append(found, rest)
		}
	}
	return found
}

// Peek reads the beginning of a file. One that is empty, as what a sandbox lays over another, gives nothing away.
func peek(path string, size int64) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|nonblock, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, size))
	if err == nil && len(content) == 0 {
		err = errors.New("it is empty")
	}
	return content, err
}

// Walk visits what lies about outside of the system and of Go, for a while.
func walk(visit func(path string, d os.DirEntry)) {
	skipped := map[string]bool{"/usr": true, "/proc": true, "/sys": true, "/dev": true}
	for _, name := range []string{"GOCACHE", "GOMODCACHE"} {
		if path := goEnv(name); path != "" {
			skipped[path] = true
		}
	}
	end := time.Now().Add(30 * time.Second)
	filepath.WalkDir("/", func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if d.IsDir() && skipped[path] {
			return filepath.SkipDir
		}
		if time.Now().After(end) {
			return filepath.SkipAll
		}
		visit(path, d)
		return nil
	})
}
