package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// The process that is to outlive the test finds here what it is for.
const outlive = "HOSTILE_OUTLIVE"

func TestMain(m *testing.M) {
	if os.Getenv(outlive) != "" {
		time.Sleep(3 * time.Second)
		for i := 0; i < 60; i++ {
			os.WriteFile(filepath.Join(sourceRoot, "late.go"), []byte("package main\n"), 0644)
			os.WriteFile("/workspace/build-cache/hostile-was-here", nil, 0644)
			for _, name := range []string{"GOCACHE", "HOME"} {
				os.WriteFile(filepath.Join(os.Getenv(name), "late"), []byte("x"), 0644)
			}
			time.Sleep(time.Second)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestSourceCannotBeChanged(t *testing.T) {
	a := begin(t, 200)
	files := 0
	filepath.WalkDir(sourceRoot, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if d.IsDir() {
			tryFolder(a, path)
		} else if d.Type().IsRegular() && files < 300 {
			tryFile(a, path)
			files++
		}
		return nil
	})
	if files == 0 {
		t.Errorf("no source was found below %s", sourceRoot)
	}
	tryMounts(a)
	tryNamespaces(a)
	leaveProcess(a)
}

func tryFile(a *attempts, path string) {
	damage(a, path)
	a.refused("truncate "+path, os.Truncate(path, 0))
	a.refused("open the permissions of "+path, os.Chmod(path, 0666))
	a.refused("give away "+path, os.Chown(path, 1, 1))
	a.refused("date "+path, os.Chtimes(path, time.Unix(0, 0), time.Unix(0, 0)))
	a.refused("rename "+path, os.Rename(path, path+".old"))
	a.refused("mark "+path, syscall.Setxattr(path, "user.hostile", []byte("x"), 0))

	// a second name in a place that may be written to
	for _, folder := range []string{goEnv("GOCACHE"), "/workspace/reports", os.TempDir()} {
		second := filepath.Join(folder, "second")
		err := os.Link(path, second)
		if err == nil {
			var f *os.File
			if f, err = os.OpenFile(second, os.O_WRONLY|os.O_APPEND, 0); err == nil {
				f.Close()
			}
			os.Remove(second)
		}
		a.refused("write to a hard link of "+path, err)
	}

	// a replacement from such a place
	replacement := filepath.Join(os.TempDir(), "replacement.go")
	os.WriteFile(replacement, []byte("package main\n"), 0644)
	a.refused("put another file over "+path, os.Rename(replacement, path))
	tryMapping(a, path)
}

// TryMapping turns what was opened for reading into something that is written to.
func tryMapping(a *attempts, path string) {
	f, err := os.Open(path)
	if err != nil {
		return
	}
	defer f.Close()
	again, err := os.OpenFile(fmt.Sprintf("/proc/self/fd/%d", f.Fd()), os.O_RDWR, 0)
	if err == nil {
		again.Close()
	}
	a.refused("open "+path+" again for writing", err)
	mapped, err := syscall.Mmap(int(f.Fd()), 0, 1, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err == nil {
		syscall.Munmap(mapped)
	}
	a.refused("map "+path+" for writing", err)
	a.refused("punch a hole into "+path, syscall.Fallocate(int(f.Fd()), 3, 0, 1))
	a.refused("change the mode of the open "+path, f.Chmod(0777))
	flags := int32(0x10) // FS_IMMUTABLE_FL: it would lock the owner out
	a.refused("change the flags of "+path, call(syscall.SYS_IOCTL, f.Fd(), 0x40086602, uintptr(unsafe.Pointer(&flags))))
}

func tryFolder(a *attempts, path string) {
	write(a, path)
	a.refused("add a source to "+path, os.WriteFile(filepath.Join(path, "evil.go"), []byte("package main\n"), 0644))
	a.refused("add an embedded file to "+path, os.WriteFile(filepath.Join(path, "go.work"), []byte("go 1.24\n"), 0644))
	// O_TMPFILE, and a name for it later
	fd, err := syscall.Open(path, 0x410000|syscall.O_RDWR, 0644)
	if err == nil {
		syscall.Close(fd)
	}
	a.refused("a nameless file in "+path, err)
	a.refused("a pipe in "+path, syscall.Mkfifo(filepath.Join(path, "pipe"), 0644))
}

func tryMounts(a *attempts) {
	const bind, remount, rec, private = syscall.MS_BIND, syscall.MS_REMOUNT, syscall.MS_REC, syscall.MS_PRIVATE
	a.refused("remount the source", syscall.Mount("", sourceRoot, "", remount|bind, ""))
	a.refused("remount the root", syscall.Mount("", "/", "", remount|bind, ""))
	a.refused("mount over the source", syscall.Mount("none", sourceRoot, "tmpfs", 0, ""))
	a.refused("bind over the source", syscall.Mount(os.TempDir(), sourceRoot, "", bind, ""))
	a.refused("overlay over the source", syscall.Mount("overlay", sourceRoot, "overlay", 0,
		"lowerdir="+sourceRoot+",upperdir="+os.TempDir()+",workdir="+os.TempDir()))
	a.refused("make mounts private", syscall.Mount("", "/", "", rec|private, ""))
	a.refused("unmount the source", syscall.Unmount(sourceRoot, syscall.MNT_DETACH))
	a.refused("unmount the root", syscall.Unmount("/", syscall.MNT_DETACH))
	a.refused("pivot_root", syscall.PivotRoot(os.TempDir(), os.TempDir()))
	a.refused("chroot", syscall.Chroot(os.TempDir()))
	a.refused("mount a disk", syscall.Mount("/dev/vda", os.TempDir(), "ext4", 0, ""))
	a.refused("mount a proc", syscall.Mount("proc", os.TempDir(), "proc", 0, ""))
	a.refused("mount a sysfs", syscall.Mount("sysfs", os.TempDir(), "sysfs", 0, ""))
	a.refused("mount a cgroup tree", syscall.Mount("cgroup2", os.TempDir(), "cgroup2", 0, ""))
	a.refused("open_tree", call(sysOpenTree, ^uintptr(99), cstr(sourceRoot), 1))
	a.refused("fsopen", call(sysFsopen, cstr("tmpfs"), 0))
	a.refused("move_mount", call(sysMoveMount, ^uintptr(99), cstr(sourceRoot), ^uintptr(99), cstr(os.TempDir()), 0))
	a.refused("setuid 0", syscall.Setuid(0))
	a.refused("setgroups", syscall.Setgroups([]int{0}))
}

func tryNamespaces(a *attempts) {
	for _, flags := range []uintptr{syscall.CLONE_NEWUSER, syscall.CLONE_NEWNS, syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		syscall.CLONE_NEWNET, syscall.CLONE_NEWPID, syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET} {
		a.refused(fmt.Sprintf("unshare %#x", flags), call(syscall.SYS_UNSHARE, flags))
		command := exec.Command("/bin/true")
		command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags}
		a.refused(fmt.Sprintf("clone %#x", flags), command.Run())
	}
	own, _ := filepath.Glob("/proc/1/ns/*")
	for _, path := range append(own, "/proc/1/ns/mnt", "/proc/1/ns/net") {
		fd, err := syscall.Open(path, syscall.O_RDONLY, 0)
		if err == nil {
			err = call(number(308, 268), uintptr(fd), 0)
			syscall.Close(fd)
		}
		a.refused("enter "+path, err)
	}
}

// LeaveProcess starts one in a session of its own, with its output closed, as a daemon does it.
func leaveProcess(a *attempts) {
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), outlive+"=1")
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := command.Start(); err != nil {
		a.t.Errorf("no process could be started: %v", err)
		return
	}
	a.count++
	command.Process.Release()
}
