package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

const patience = 2 * time.Second

func TestNetworkIsOutOfReach(t *testing.T) {
	a := begin(t, 90)
	tryInterfaces(a)
	tryTCP(a)
	tryUDP(a)
	tryNames(a)
	tryRaw(a)
	tryUnix(a)
}

// TestLoopbackWorks shows that not everything is refused: tests of servers must run.
func TestLoopbackWorks(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			t.Errorf("listen on %s: %v", address, err)
			continue
		}
		defer listener.Close()
		go func() {
			if c, err := listener.Accept(); err == nil {
				fmt.Fprintln(c, "hello")
				c.Close()
			}
		}()
		c, err := net.DialTimeout("tcp", listener.Addr().String(), patience)
		if err != nil {
			t.Errorf("connect to %s: %v", listener.Addr(), err)
			continue
		}
		if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || line != "hello\n" {
			t.Errorf("%s said %q, %v", listener.Addr(), line, err)
		}
		c.Close()
	}
}

func tryInterfaces(a *attempts) {
	interfaces, _ := net.Interfaces()
	for _, i := range interfaces {
		if i.Flags&net.FlagLoopback == 0 && i.Flags&net.FlagUp != 0 {
			a.refused("interface "+i.Name, nil)
		}
		a.count++
	}
}

func dial(a *attempts, network, address string) {
	c, err := net.DialTimeout(network, address, patience)
	if err == nil {
		c.Close()
	}
	a.refused("connect to "+network+" "+address, err)
}

// Gateways are where the machine itself is, seen from containers and virtual machines.
var gateways = []string{"10.0.0.1", "10.0.2.2", "172.17.0.1", "192.168.0.1", "192.168.1.1", "169.254.169.254",
	"host.docker.internal", "host.containers.internal", "metadata.google.internal", "kubernetes.default.svc"}

func tryTCP(a *attempts) {
	for _, address := range targets(a.t, "tcp") {
		dial(a, "tcp", address)
	}
	for _, host := range gateways {
		for _, port := range []string{"22", "80", "443", "2375", "8080"} {
			dial(a, "tcp", net.JoinHostPort(host, port))
		}
	}
	for _, port := range []string{"22", "53", "80", "111", "443", "631", "2375", "3128", "5432", "6379", "8080", "9200"} {
		dial(a, "tcp", "127.0.0.1:"+port)
		dial(a, "tcp", "[::1]:"+port)
	}
	for _, name := range []string{"http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"} {
		if value := os.Getenv(name); value != "" {
			a.refused("$"+name+" is set", nil)
		}
	}
}

// TryUDP wants an answer: sending alone may seem to succeed where nobody gets it.
func tryUDP(a *attempts) {
	query := []byte("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03com\x00\x00\x01\x00\x01")
	for _, address := range targets(a.t, "udp") {
		c, err := net.DialTimeout("udp", address, patience)
		if err == nil {
			c.SetDeadline(time.Now().Add(patience))
			if _, err = c.Write(query); err == nil {
				_, err = c.Read(make([]byte, 512))
			}
			c.Close()
		}
		a.refused("an answer of udp "+address, err)
	}
	c, err := net.ListenPacket("udp4", ":0")
	if err == nil {
		defer c.Close()
		for _, address := range []string{"255.255.255.255:9", "224.0.0.251:5353", "239.255.255.250:1900"} {
			to, _ := net.ResolveUDPAddr("udp4", address)
			_, err := c.WriteTo(query, to)
			a.refused("send to "+address, err)
		}
	}
}

func tryNames(a *attempts) {
	for _, name := range append(targets(a.t, "dns"), "go.dev", "example.org", "example.net") {
		for _, pure := range []bool{true, false} {
			resolver := &net.Resolver{PreferGo: pure}
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			_, err := resolver.LookupHost(ctx, name)
			cancel()
			a.refused("look up "+name, err)
		}
	}
}

func tryRaw(a *attempts) {
	for _, row := range []struct {
		what                   string
		domain, kind, protocol int
	}{
		{"a raw socket", syscall.AF_INET, syscall.SOCK_RAW, syscall.IPPROTO_ICMP},
		{"a raw IPv6 socket", syscall.AF_INET6, syscall.SOCK_RAW, syscall.IPPROTO_ICMPV6},
		{"a packet socket", syscall.AF_PACKET, syscall.SOCK_RAW, 0x0300},
		{"a vsock", 40, syscall.SOCK_STREAM, 0},
		{"a Bluetooth socket", 31, syscall.SOCK_RAW, 1},
		{"netlink audit", syscall.AF_NETLINK, syscall.SOCK_RAW, 9},
		{"netlink netfilter", syscall.AF_NETLINK, syscall.SOCK_RAW, 12},
		{"a kernel crypto socket", 38, syscall.SOCK_SEQPACKET, 0},
		{"an XDP socket", 44, syscall.SOCK_RAW, 0},
	} {
		fd, err := syscall.Socket(row.domain, row.kind, row.protocol)
		if err == nil {
			syscall.Close(fd)
		}
		a.refused(row.what, err)
	}
}

func tryUnix(a *attempts) {
	for _, path := range targets(a.t, "unix") {
		dial(a, "unix", path)
		dial(a, "unixgram", path)
	}
	for _, name := range targets(a.t, "abstract") {
		dial(a, "unix", "@"+name)
		dial(a, "unixgram", "@"+name)
	}
	if path := os.Getenv("SSH_AUTH_SOCK"); path != "" {
		dial(a, "unix", path)
	}
	// all that the kernel knows of, and all that lie about
	if text, err := os.ReadFile("/proc/net/unix"); err == nil {
		for _, line := range strings.Split(string(text), "\n") {
			if fields := strings.Fields(line); len(fields) == 8 {
				dial(a, "unix", fields[7])
			}
		}
	}
	walk(func(path string, d os.DirEntry) {
		if d.Type()&os.ModeSocket != 0 {
			dial(a, "unix", path)
		}
	})
	// a descriptor of the machine's network would be as good
	if _, err := os.Open("/proc/1/ns/net"); err == nil && !errors.Is(err, os.ErrPermission) {
		a.refused("the network namespace of process 1", nil)
	}
}
