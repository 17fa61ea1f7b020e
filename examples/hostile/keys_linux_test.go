package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// Where people and programs keep what others must not have, below a home.
var secretFiles = []string{
	".ssh/id_rsa", ".ssh/id_ed25519", ".ssh/id_ecdsa", ".ssh/config", ".ssh/authorized_keys", ".netrc", ".git-credentials",
	".config/git/credentials", ".config/gh/hosts.yml", ".config/hub", ".docker/config.json", ".config/containers/auth.json",
	".aws/credentials", ".config/gcloud/application_default_credentials.json", ".azure/accessTokens.json",
	".kube/config", ".npmrc", ".pypirc", ".cargo/credentials.toml", ".gnupg/secring.gpg", ".gnupg/private-keys-v1.d",
	".cosign/cosign.key", "cosign.key", ".sigstore/root/remote.json", ".vault-token", ".bash_history", ".password-store",
	".local/state/hallmark", ".local/state/hallmark/log/key.pem", ".cache/hallmark",
}

func TestKeysAndTokensAreOutOfReach(t *testing.T) {
	a := begin(t, 250)
	tryHomes(a)
	tryEnvironment(a)
	tryProcesses(a)
	tryDescriptors(a)
	tryKernelKeys(a)
	tryDevices(a)
	tryDisk(a)
}

func homes() []string {
	found := []string{os.Getenv("HOME"), "/root", "/"}
	more, _ := filepath.Glob("/home/*")
	found = append(found, more...)
	if f, err := os.Open("/etc/passwd"); err == nil {
		defer f.Close()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			if fields := strings.Split(lines.Text(), ":"); len(fields) > 5 {
				found = append(found, fields[5])
			}
		}
	}
	return found
}

func tryHomes(a *attempts) {
	for _, home := range homes() {
		for _, name := range secretFiles {
			path := filepath.Join(home, name)
			_, err := os.Lstat(path)
			a.refused("there is "+path, err)
		}
	}
	for _, name := range []string{"XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"} {
		if value := os.Getenv(name); value != "" {
			_, err := os.ReadDir(filepath.Join(value, "hallmark"))
			a.refused("read $"+name+"/hallmark", err)
		}
	}
	for _, path := range targets(a.t, "file") {
		_, err := peek(path, 1)
		a.refused("read "+path, err)
		// the same, by ways around a mount
		for _, way := range []string{"/proc/1/root", "/proc/self/root", "/proc/1/cwd/../../../..", "/proc/self/cwd/../../../.."} {
			_, err = peek(way+path, 1)
			a.refused("read "+way+path, err)
		}
	}
	for _, path := range []string{"/etc/shadow", "/etc/gshadow", "/etc/ssh/ssh_host_ed25519_key", "/etc/ssl/private",
		"/etc/machine-id", "/var/lib/dpkg", "/var/lib/hallmark", "/run/secrets", "/var/run/secrets"} {
		_, err := peek(path, 1)
		a.refused("read "+path, err)
	}
}

// SecretName is a name that a variable with a secret has.
func secretName(name string) bool {
	for _, word := range []string{"TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "PRIVATE_KEY", "API_KEY",
		"ACCESS_KEY", "COSIGN_", "SIGSTORE_", "ACTIONS_", "AWS_", "GITHUB_", "SSH_AUTH_SOCK", "NETRC"} {
		if strings.Contains(strings.ToUpper(name), word) {
			return true
		}
	}
	return false
}

func tryVariables(a *attempts, whose string, environment []string) {
	for _, variable := range environment {
		name, value, _ := strings.Cut(variable, "=")
		a.clean(whose+" variable "+name, []byte(value))
		if secretName(name) && value != "" {
			a.t.Errorf("not refused: %s has a variable %s", whose, name)
		}
		if strings.Contains(value, "://") && strings.Contains(value, "@") {
			a.t.Errorf("not refused: the URL in %s's variable %s has a user", whose, name)
		}
	}
}

func tryEnvironment(a *attempts) {
	tryVariables(a, "this process", os.Environ())
}

// TryMemory looks through what a process may write: there its secrets lie.
func tryMemory(a *attempts, pid string) {
	maps, err := os.ReadFile("/proc/" + pid + "/maps")
	if err != nil {
		a.count++
		return
	}
	mem, err := os.Open("/proc/" + pid + "/mem")
	if err != nil {
		a.count++
		return
	}
	defer mem.Close()
	budget := int64(64 << 20)
	for _, line := range strings.Split(string(maps), "\n") {
		fields := strings.Fields(line)
		if len(fields) < 2 || !strings.HasPrefix(fields[1], "rw") {
			continue
		}
		from, to, _ := strings.Cut(fields[0], "-")
		start, _ := strconv.ParseInt(from, 16, 64)
		end, _ := strconv.ParseInt(to, 16, 64)
		if size := min(end-start, budget); size > 0 {
			content, _ := io.ReadAll(io.NewSectionReader(mem, start, size))
			a.clean("memory of process "+pid, content)
			budget -= size
		}
	}
}

// TryProcesses looks at everybody else. Those that can be seen are of this step: its shell, the go command.
func tryProcesses(a *attempts) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		a.t.Fatal(err)
	}
	self := strconv.Itoa(os.Getpid())
	for _, entry := range entries {
		pid := entry.Name()
		if _, err := strconv.Atoi(pid); err != nil || pid == self {
			continue
		}
		if text, err := peek("/proc/"+pid+"/environ", 1<<20); err == nil {
			tryVariables(a, "process "+pid, strings.FieldsFunc(string(text), func(r rune) bool { return r == 0 }))
		}
		if text, err := peek("/proc/"+pid+"/cmdline", 1<<20); err == nil {
			a.clean("command line of process "+pid, text)
			if bytes.Contains(text, []byte("hallmark")) && bytes.Contains(text, []byte("run")) {
				a.t.Errorf("not refused: the supervisor is process %s", pid)
			}
		}
		tryMemory(a, pid)
		fds, _ := os.ReadDir("/proc/" + pid + "/fd")
		for _, fd := range fds {
			if link, err := os.Readlink("/proc/" + pid + "/fd/" + fd.Name()); err == nil && strings.HasPrefix(link, "/") {
				if info, err := os.Stat("/proc/" + pid + "/fd/" + fd.Name()); err == nil && info.Mode().IsRegular() {
					content, _ := peek("/proc/"+pid+"/fd/"+fd.Name(), 1<<20)
					a.clean("descriptor of process "+pid+" to "+link, content)
				}
			}
		}
	}
	// the supervisor, or its copy, is the first process
	a.refused("ptrace process 1", call(syscall.SYS_PTRACE, syscall.PTRACE_ATTACH, 1))
	a.refused("PTRACE_SEIZE process 1", call(syscall.SYS_PTRACE, 0x4206, 1))
	var buffer [64]byte
	local := syscall.Iovec{Base: &buffer[0], Len: 64}
	remote := syscall.Iovec{Base: &buffer[0], Len: 64}
	a.refused("process_vm_readv of process 1", call(number(310, 270), 1, uintptr(unsafe.Pointer(&local)), 1,
		uintptr(unsafe.Pointer(&remote)), 1, 0))
	if fd, _, errno := syscall.Syscall(sysPidfdOpen, 1, 0, 0); errno == 0 {
		for n := uintptr(0); n < 16; n++ {
			a.refused(fmt.Sprintf("descriptor %d of process 1", n), call(sysPidfdGetfd, fd, n, 0))
		}
		syscall.Close(int(fd))
	}
	for _, name := range []string{"environ", "mem", "maps", "root/etc/shadow", "cwd/.", "fd/0", "auxv", "stack"} {
		_, err := peek("/proc/1/"+name, 16)
		a.refused("read /proc/1/"+name, err)
	}
}

// TryDescriptors looks at what was left open when this process began: folders lead out, files may hold secrets.
func tryDescriptors(a *attempts) {
	for fd := 3; fd < 1024; fd++ {
		var info syscall.Stat_t
		if syscall.Fstat(fd, &info) != nil {
			continue
		}
		link, _ := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
		switch info.Mode & syscall.S_IFMT {
		case syscall.S_IFDIR:
			if !strings.HasPrefix(link, "/proc") {
				a.refused("a folder is open: "+link, nil)
			}
		case syscall.S_IFREG:
			content, _ := peek(fmt.Sprintf("/proc/self/fd/%d", fd), 1<<20)
			a.clean("open file "+link, content)
		case syscall.S_IFSOCK:
			a.refused("a socket is open: "+link, nil)
		default:
			a.count++
		}
	}
}

func tryKernelKeys(a *attempts) {
	// KEYCTL_GET_KEYRING_ID and KEYCTL_READ of the thread's, process', session's and user's rings
	for ring := -1; ring >= -6; ring-- {
		a.refused(fmt.Sprintf("keyring %d", ring), call(syscall.SYS_KEYCTL, 0, uintptr(ring), 0))
		a.refused(fmt.Sprintf("read keyring %d", ring), call(syscall.SYS_KEYCTL, 11, uintptr(ring), 0, 0))
	}
	a.refused("request_key", call(syscall.SYS_REQUEST_KEY, cstr("user"), cstr("token"), 0, ^uintptr(0)))
	a.refused("bpf", call(number(321, 280), 0, 0, 0))
	a.refused("perf_event_open", call(number(298, 241), 0, 0, 0, 0, 0))
	a.refused("userfaultfd", call(number(323, 282), 0))
}

func tryDevices(a *attempts) {
	for _, path := range []string{"/dev/mem", "/dev/kmsg", "/dev/kvm", "/dev/fuse", "/dev/loop-control", "/dev/sda", "/dev/vda",
		"/dev/nvme0n1", "/dev/mapper/control", "/dev/uinput", "/proc/kcore", "/proc/kmsg", "/proc/kpagecount",
		"/proc/sysrq-trigger", "/proc/acpi", "/proc/keys", "/proc/timer_list", "/sys/kernel/security"} {
		_, err := peek(path, 1)
		a.refused("read "+path, err)
	}
	// the machine's disks by their numbers: 8:0, 253:0, 254:0, 259:0
	for i, device := range []int{8 << 8, 253 << 8, 254 << 8, 259 << 8} {
		path := filepath.Join(os.TempDir(), fmt.Sprintf("disk%d", i))
		err := syscall.Mknod(path, syscall.S_IFBLK|0600, device)
		if err == nil {
			_, err = peek(path, 1)
			os.Remove(path)
		}
		a.refused("a device of the disk", err)
	}
	// a file by its number, past every mount
	handle := append([]byte{8, 0, 0, 0, 1, 0, 0, 0}, 2, 0, 0, 0, 0, 0, 0, 0)
	if root, err := syscall.Open("/", syscall.O_RDONLY, 0); err == nil {
		a.refused("open_by_handle_at", call(number(304, 265), uintptr(root), uintptr(unsafe.Pointer(&handle[0])), 0))
		syscall.Close(root)
	}
}

// TryDisk reads what lies about, as a thief does who knows no names.
func tryDisk(a *attempts) {
	walk(func(path string, d os.DirEntry) {
		if !d.Type().IsRegular() {
			return
		}
		if info, err := d.Info(); err != nil || info.Size() > 1<<20 {
			return
		}
		if content, err := peek(path, 1<<20); err == nil {
			a.clean(path, content)
		}
	})
}
