package main

import (
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"unsafe"
)

const nonblock = syscall.O_NONBLOCK

// Calls whose numbers package syscall does not know; those above 424 are the same everywhere.
const (
	sysOpenTree   = 428
	sysMoveMount  = 429
	sysFsopen     = 430
	sysPidfdOpen  = 434
	sysPidfdGetfd = 438
)

// By architecture: amd64, else arm64's.
func number(amd64, arm64 uintptr) uintptr {
	if runtime.GOARCH == "amd64" {
		return amd64
	}
	return arm64
}

func call(nr uintptr, args ...uintptr) error {
	var a [6]uintptr
	copy(a[:], args)
	if _, _, errno := syscall.Syscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5]); errno != 0 {
		return errno
	}
	return nil
}

func cstr(s string) uintptr {
	p, err := syscall.BytePtrFromString(s)
	if err != nil {
		panic(err)
	}
	kept = append(kept, p)
	return uintptr(unsafe.Pointer(p))
}

// Keeps what the kernel was told the address of.
var kept []*byte

var goEnvs sync.Map

// GoEnv is what the go command says of a variable.
func goEnv(name string) string {
	if value, ok := goEnvs.Load(name); ok {
		return value.(string)
	}
	out, _ := exec.Command("go", "env", name).Output()
	value := strings.TrimSpace(string(out))
	goEnvs.Store(name, value)
	return value
}
