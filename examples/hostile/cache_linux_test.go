package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What the program says once it was poisoned: as long as the other, for what is compiled is changed in its place.
func poison() string {
	return strings.Replace(genuine, "the genuine", "a poisoned ", 1)
}

func TestBuildCacheIsOutOfReach(t *testing.T) {
	a := begin(t, 60)
	tryCaches(a)
	tryModules(a)
	tryToolchain(a)
	trySettings(a)
	poisonOwnCache(a)
	leaveLinks(a)
}

// Write tries to bring a file into a folder, in several ways.
func write(a *attempts, folder string) {
	path := filepath.Join(folder, "hostile-was-here")
	a.refused("write "+path, os.WriteFile(path, []byte("x"), 0644))
	a.refused("make a folder in "+folder, os.Mkdir(path+".d", 0755))
	a.refused("link into "+folder, os.Symlink("/etc/passwd", path+".l"))
	a.refused("open the permissions of "+folder, os.Chmod(folder, 0777))
	a.refused("rename "+folder, os.Rename(folder, folder+".old"))
}

// Damage tries to change a file that is there.
func damage(a *attempts, path string) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err == nil {
		f.Close()
	}
	a.refused("open "+path+" for writing", err)
	a.refused("remove "+path, os.Remove(path))
}

// TryCaches looks for the build's cache where it is said to be, and for everything that looks like one.
func tryCaches(a *attempts) {
	own := goEnv("GOCACHE")
	guesses := []string{"/workspace/build-cache", "/workspace/release", "/workspace/evidence",
		filepath.Join(filepath.Dir(own), "build-cache"), filepath.Join(filepath.Dir(own), "build"),
		filepath.Join(own, "../../build")}
	for _, home := range homes() {
		guesses = append(guesses, filepath.Join(home, ".cache/go-build"), filepath.Join(home, ".cache/hallmark/build"))
	}
	for _, variable := range []string{"XDG_CACHE_HOME", "XDG_STATE_HOME"} {
		if value := os.Getenv(variable); value != "" {
			guesses = append(guesses, filepath.Join(value, "hallmark/build"), filepath.Join(value, "go-build"))
		}
	}
	guesses = append(guesses, targets(a.t, "cache")...)
	for _, guess := range guesses {
		if filepath.Clean(guess) != own {
			write(a, guess)
		}
	}
	walk(func(path string, d os.DirEntry) {
		if !d.IsDir() || path == own {
			return
		}
		// 256 folders by the first byte of what they hold
		if first, err := os.Stat(filepath.Join(path, "00")); err == nil && first.IsDir() {
			if last, err := os.Stat(filepath.Join(path, "ff")); err == nil && last.IsDir() {
				write(a, path)
			}
		}
	})
}

// TryModules tries to change what the build compiles from.
func tryModules(a *attempts) {
	modules := goEnv("GOMODCACHE")
	write(a, modules)
	write(a, filepath.Join(modules, "cache/download"))
	tried := 0
	filepath.WalkDir(modules, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && tried < 200 {
			damage(a, path)
			tried++
		}
		return nil
	})
}

/*
TryToolchain changes the compiler and the standard library. What a step sees of /usr it may write to: that is a layer of
its own which is thrown away, so success is no harm here. Whether it was harm is seen from outside.
*/
func tryToolchain(a *attempts) {
	root := goEnv("GOROOT")
	own := strings.HasPrefix(root, "/usr/")
	evil := "package fmt\n\nvar hostileWasHere = \"hostile-was-here\"\n"
	err := os.WriteFile(filepath.Join(root, "src/fmt/hostile_was_here.go"), []byte(evil), 0644)
	if !own {
		a.refused("add to the standard library", err)
	}
	os.Remove(filepath.Join(root, "src/fmt/hostile_was_here.go"))
	compilers, _ := filepath.Glob(filepath.Join(root, "pkg/tool/*/compile"))
	for _, compiler := range append(compilers, filepath.Join(root, "bin/go"), "/usr/local/bin/hallmark") {
		f, err := os.OpenFile(compiler, os.O_WRONLY|os.O_APPEND, 0)
		if err == nil {
			f.Close()
		}
		if !own || compiler == "/usr/local/bin/hallmark" {
			a.refused("change "+compiler, err)
		}
	}
}

/*
TrySettings leaves settings and programs where later steps might look. They may be written: homes, /etc and what is laid
over /usr are each step's own.
*/
func trySettings(a *attempts) {
	evil := "GOFLAGS=-ldflags=-X=main.genuine=poisoned\nGOPROXY=http://127.0.0.1:9\n"
	for _, home := range homes() {
		if os.MkdirAll(filepath.Join(home, ".config/go"), 0755) == nil {
			os.WriteFile(filepath.Join(home, ".config/go/env"), []byte(evil), 0644)
			os.WriteFile(filepath.Join(home, ".gitconfig"), []byte("[core]\n\tfsmonitor = touch /tmp/hostile-was-here\n"), 0644)
		}
	}
	for _, path := range []string{"/etc/gitconfig", "/etc/ld.so.preload", "/etc/profile", "/etc/environment",
		"/etc/hallmark/trusted_root.json", "/etc/passwd", "/usr/bin/hostile-was-here", "/usr/local/bin/git",
		"/usr/lib/git-core/hostile-was-here"} {
		os.WriteFile(path, []byte("hostile-was-here\n"), 0755)
		a.count++
	}
	// what the machine shares with every step
	for _, path := range []string{"/etc/ssl/certs/ca-certificates.crt", "/etc/ld.so.cache"} {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0644)
		if err == nil {
			f.Close()
		}
		a.refused("write "+path, err)
	}
	for _, folder := range []string{"/tekton/steps", "/tekton/scripts", "/workspace"} {
		_, err := os.Stat(folder)
		if !errors.Is(err, os.ErrNotExist) {
			os.WriteFile(filepath.Join(folder, "hostile-was-here"), []byte("x"), 0755)
			a.count++
		}
	}
}

/*
PoisonOwnCache compiles the program as the build does and changes what was compiled. The cache is this step's own, so
nothing refuses that; a build that looked here would make a program that says something else.
*/
func poisonOwnCache(a *attempts) {
	cache := goEnv("GOCACHE")
	for _, platform := range []string{"amd64", "arm64"} {
		command := exec.Command("go", "build", "-trimpath", "-o", os.DevNull, ".")
		command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+platform,
			"GOFLAGS=-mod=readonly -buildvcs=false", "GOAMD64=v1", "GOARM64=v8.0")
		if out, err := command.CombinedOutput(); err != nil {
			a.t.Logf("go build for %s: %v\n%s", platform, err, out)
		}
	}
	poisoned := 0
	filepath.WalkDir(cache, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || !strings.HasSuffix(path, "-d") {
			return nil
		}
		content, err := os.ReadFile(path)
		if err == nil && bytes.Contains(content, []byte(genuine)) {
			os.Chmod(path, 0644)
			content = bytes.ReplaceAll(content, []byte(genuine), []byte(poison()))
			if os.WriteFile(path, content, 0644) == nil {
				poisoned++
			}
		}
		return nil
	})
	a.count++
	a.t.Logf("hostile: %d compiled packages of the own cache were poisoned", poisoned)
}

// LeaveLinks leaves links in what hallmark reads after the step: one that follows them copies a key to the results.
func leaveLinks(a *attempts) {
	for _, folder := range []string{"/workspace/reports", "/workspace/test-cache", "/tekton/results"} {
		for i, path := range append(targets(a.t, "file"), "/etc/shadow") {
			os.Symlink(path, filepath.Join(folder, "leak"+string(rune('a'+i%26))))
		}
		a.count++
	}
}
