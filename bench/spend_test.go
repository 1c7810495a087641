package main

import (
	"strings"
	"testing"
	"time"
)

const traces = `File: sidecar
Type: cpu
Duration: 4s, Total samples = 1.72s (42.98%)
-----------+-------------------------------------------------------
      80ms   internal/runtime/syscall/linux.Syscall6
             syscall.RawSyscall6
             sidecar/sock.sysRecv
             sidecar/sock.(*readOp).read
             sidecar/wire/http1.(*Client).Serve
-----------+-------------------------------------------------------
     1.50s   runtime.nanotime (inline)
             time.Since
             sidecar.Now
-----------+-------------------------------------------------------
`

func TestTracesAreRead(t *testing.T) {
	got, err := parseTraces(traces)
	if err != nil || len(got) != 2 {
		t.Fatalf("got %+v, %v", got, err)
	}
	if got[0].spent != 80*time.Millisecond || len(got[0].frames) != 5 || got[0].frames[4] != "sidecar/wire/http1.(*Client).Serve" {
		t.Errorf("got %+v", got[0])
	}
	if got[1].spent != 1500*time.Millisecond || got[1].frames[0] != "runtime.nanotime" {
		t.Errorf("got %+v", got[1])
	}
	if _, err := parseTraces("File: sidecar\n"); err == nil {
		t.Error("a profile without samples is no error")
	}
}

func TestPartsOfStacks(t *testing.T) {
	for _, c := range []struct{ frames, want string }{
		{"internal/runtime/syscall/linux.Syscall6 syscall.RawSyscall6 sidecar/sock.sysRecv sidecar/sock.(*readOp).read", "kernel: read"},
		{"internal/runtime/syscall/linux.Syscall6 syscall.RawSyscall6 sidecar/sock.sysSend sidecar/sock.sendBoth", "kernel: write"},
		{"internal/runtime/syscall/linux.Syscall6 internal/runtime/syscall/linux.EpollWait runtime.netpoll runtime.findRunnable", "kernel: epoll"},
		{"runtime.futex runtime.futexsleep runtime.notesleep", "kernel: futex"},
		{"internal/runtime/syscall/linux.Syscall6 syscall.Syscall syscall.connect sidecar/upstream/pool.dial", "kernel: other calls"},
		{"runtime.mallocgc runtime.newobject sidecar/wire/http1.(*Conn).Do", "memory and its collection"},
		{"runtime.scanobject runtime.gcDrain runtime.gcBgMarkWorker", "memory and its collection"},
		{"internal/poll.(*fdMutex).rwlock internal/poll.(*FD).RawRead net.(*rawConn).Read sidecar/sock.(*readOp).do", "netpoll and descriptors' locks"},
		{"runtime.netpollblock internal/poll.runtime_pollWait sidecar/sock.(*readOp).do", "netpoll and descriptors' locks"},
		{"runtime.casgstatus runtime.execute runtime.schedule runtime.park_m runtime.mcall", "scheduler and the rest of the runtime"},
		{"runtime.nanotime time.Since sidecar.Now sidecar.(*Exchange).End", "clock"},
		{"sidecar/wire/http1.(*head).parseFields sidecar/wire/http1.(*active).next", "HTTP: parsing and forwarding fields"},
		{"runtime.memmove sidecar/wire/http1.(*Conn).Do sidecar/upstream/pool.(*Exclusive).use", "wire/http1"},
		{"sidecar/upstream/pool.(*Exclusive).use sidecar/upstream.(*endpoint).Do", "upstream/pool"},
		{"sync/atomic.(*Int64).Add sidecar/upstream.(*endpoint).Do", "upstream"},
		{"sidecar.(*Exchange).Commit sidecar/wire/http1.(*Conn).Do", "exchange (the root package)"},
	} {
		if got := (stack{frames: strings.Fields(c.frames)}).part(); got != c.want {
			t.Errorf("%s:\ngot %s, want %s", c.frames, got, c.want)
		}
	}
}

func TestSpendingIsInShares(t *testing.T) {
	got := spend([]stack{
		{time.Second, []string{"runtime.futex"}},
		{time.Second, []string{"sidecar/route.(*Table).Do"}},
		{2 * time.Second, []string{"sidecar/route.(*Table).Do"}},
	})
	if len(got) != 2 || got[0] != (spending{"route", 0.75}) || got[1] != (spending{"kernel: futex", 0.25}) {
		t.Errorf("got %+v", got)
	}
}
