//go:build amd64 || arm64

package sock

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"unsafe"
)

// relay brings size bytes from one connection to another.
type relay struct {
	name string
	make func(b *testing.B) (carry func(from, to *Conn, size int) error, free func())
}

// copied relays through a buffer of that size.
func copied(n int) relay {
	return relay{fmt.Sprintf("copy-%dK", n>>10), func(*testing.B) (func(from, to *Conn, size int) error, func()) {
		buf := make([]byte, n)
		return func(from, to *Conn, size int) error {
			for size > 0 {
				n, err := from.Read(buf[:min(size, len(buf))])
				if err == nil {
					_, err = to.Write(buf[:n], nil)
				}
				if err != nil {
					return err
				}
				size -= n
			}
			return nil
		}, func() {}
	}}
}

// spliced relays at most piece bytes at a time through a pipe of that size.
func spliced(pipe, piece int) relay {
	return relay{fmt.Sprintf("splice-pipe-%dK-piece-%dK", pipe>>10, piece>>10), func(b *testing.B) (func(from, to *Conn, size int) error, func()) {
		p := sized(b, pipe)
		return func(from, to *Conn, size int) error {
			for size > 0 {
				n, err := from.SpliceIn(p, min(size, piece))
				if err == nil {
					_, err = to.SpliceOut(p)
				}
				if err != nil {
					return err
				}
				size -= n
			}
			return nil
		}, p.close
	}}
}

// sized is a pipe of another size than the pool's.
func sized(b *testing.B, n int) *Pipe {
	b.Helper()
	p, err := openPipe()
	if err != nil {
		b.Fatal(err)
	}
	if got, _, e := syscall.Syscall(syscall.SYS_FCNTL, uintptr(p.w), fSetPipeSize, uintptr(n)); e != 0 || int(got) < n {
		b.Fatalf("a pipe of %d bytes: got %d, %v", n, got, e)
	}
	return p
}

var relays = []relay{
	copied(32 << 10), copied(64 << 10),
	spliced(64<<10, 32<<10), spliced(64<<10, maxCall), spliced(256<<10, maxCall), spliced(1<<20, maxCall),
}

// BenchmarkRelay compares ways to bring a body across. Its time is that of a
// body; relay-us/op is CPU time of this process, the proxy's part, ends-us/op
// that of another one, in which backends and clients are. Run it with -cpu 1,
// as a proxy of one thread, and several times in turns: the machine's speed
// changes from one minute to the next.
func BenchmarkRelay(b *testing.B) {
	for _, size := range []int{16 << 10, 64 << 10, 256 << 10, 1 << 20} {
		for _, conns := range []int{1, 8} {
			for _, r := range relays {
				b.Run(fmt.Sprintf("body-%dK/conns-%d/%s", size>>10, conns, r.name), func(b *testing.B) { r.run(b, size, conns) })
			}
		}
	}
}

func (r relay) run(b *testing.B, size, conns int) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	each := (b.N + conns - 1) / conns
	ends := startEnds(b, fmt.Sprintf("%s %d %d %d", l.Addr(), size, conns, each))
	pairs := make([][2]*Conn, conns)
	for i := range 2 * conns {
		nc, err := l.Accept()
		if err != nil {
			b.Fatal(err)
		}
		defer nc.Close()
		pairs[i/2][i%2] = New(nc)
	}
	b.SetBytes(int64(size))
	b.ResetTimer()
	ours, theirs := cpuTime(b, 0), cpuTime(b, ends.pid)
	var wg sync.WaitGroup
	for _, p := range pairs {
		wg.Go(func() {
			carry, free := r.make(b)
			defer free()
			if err := exchanges(p[0], p[1], size, carry); !errors.Is(err, io.EOF) {
				b.Errorf("relay: %v", err)
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	ours = cpuTime(b, 0) - ours
	ends.join(b, func() { theirs = cpuTime(b, ends.pid) - theirs })
	n := float64(each * conns)
	b.ReportMetric(float64(ours)/1e3/n, "relay-us/op")
	b.ReportMetric(float64(theirs)/1e3/n, "ends-us/op")
}

// process is the one in which the ends are.
type process struct {
	pid   int
	said  *bufio.Reader
	leave io.Closer
	cmd   *exec.Cmd
}

func startEnds(b *testing.B, what string) process {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), relayEnds+"="+what)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	return process{cmd.Process.Pid, bufio.NewReader(out), in, cmd}
}

// join waits until the ends are done, calls look while they are still there and
// ends them.
func (p process) join(b *testing.B, look func()) {
	b.Helper()
	if _, err := p.said.ReadString('\n'); err == nil {
		look()
	}
	_ = p.leave.Close()
	if err := p.cmd.Wait(); err != nil {
		b.Fatal(err)
	}
}

// exchanges passes requests of a byte on and brings back a body for each.
func exchanges(backend, client *Conn, size int, carry func(from, to *Conn, size int) error) error {
	var ask [1]byte
	for {
		if _, err := client.Read(ask[:]); err != nil {
			return err
		}
		if _, err := backend.Write(ask[:], nil); err != nil {
			return err
		}
		if err := carry(backend, client, size); err != nil {
			return err
		}
	}
}

// cpuTime is what a process has used, in nanoseconds; 0 is this one.
func cpuTime(b *testing.B, pid int) int64 {
	b.Helper()
	var now syscall.Timespec
	clock := int32(2) // CLOCK_PROCESS_CPUTIME_ID
	if pid != 0 {
		clock = ^int32(pid)<<3 | 2 // the CPU clock of that process, as clock_getcpuclockid makes it
	}
	if _, _, e := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, uintptr(clock), uintptr(unsafe.Pointer(&now)), 0); e != 0 {
		b.Fatalf("CPU clock of process %d: %v", pid, e)
	}
	return now.Nano()
}
