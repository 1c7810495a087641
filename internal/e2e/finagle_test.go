//go:build conformance

package e2e

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"sidecar/internal/finagle"
)

// Plain Thrift clients call real Finagle servers over Mux while each of those is
// drained and started anew in turn: no call fails, and each server has one
// connection. Then Finagle's own client calls through the sidecar, over Mux on
// both sides.
func TestConformanceOfRollingRestartsOfFinagle(t *testing.T) {
	servers := []*finagle.Server{finagle.NewServer(t, "", 0), finagle.NewServer(t, "", 0), finagle.NewServer(t, "", 0)}
	var addresses []string
	for _, s := range servers {
		addresses = append(addresses, s.Address)
	}
	p := start(t, built(t), conf{
		protocol: "thrift", discover: strings.Join(addresses, ","),
		// A JVM that has just begun takes a second and more to greet its first client.
		upstream: "protocol = \"thriftmux\"\nconnect_timeout = \"5s\"\n[upstream.web.balance]\npolicy = \"least_loaded\"",
	})
	var right, wrong atomic.Int64
	var over atomic.Bool
	var clients sync.WaitGroup
	for client := range 16 {
		clients.Go(func() {
			nc, err := net.Dial("tcp", p.port)
			if err != nil {
				t.Error(err)
				return
			}
			defer nc.Close()
			for i := 0; !over.Load(); i++ {
				value := fmt.Sprintf("%d.%d.%s", client, i, strings.Repeat("x", i%7*1000))
				if err := echoed(nc, uint32(i), value); err != nil {
					wrong.Add(1)
					t.Errorf("client %d: %v", client, err)
					return
				}
				right.Add(1)
			}
		})
	}
	for round := range 2 {
		for i, s := range servers {
			s.Drain()
			servers[i] = finagle.NewServer(t, addresses[i], []int{0, 2000}[round])
		}
	}
	f := finagle.NewClient(t, p.port, 500)
	if ok, bad, why := f.Call("echo", 500, 20, "x3000"); ok != 500 || bad != 0 {
		t.Errorf("Finagle's client: %d right, %d wrong: %s", ok, bad, why)
	}
	over.Store(true)
	clients.Wait()
	t.Logf("%d right, %d wrong", right.Load(), wrong.Load())
}

// echoed calls echo of one string over a framed connection.
func echoed(nc net.Conn, seq uint32, value string) error {
	b := binary.BigEndian.AppendUint32(make([]byte, 4), 0x80010001)
	b = append(binary.BigEndian.AppendUint32(b, 4), "echo"...)
	b = append(binary.BigEndian.AppendUint32(b, seq), 11, 0, 1)
	b = append(append(binary.BigEndian.AppendUint32(b, uint32(len(value))), value...), 0)
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	if _, err := nc.Write(b); err != nil {
		return err
	}
	var size [4]byte
	if _, err := io.ReadFull(nc, size[:]); err != nil {
		return err
	}
	reply := make([]byte, binary.BigEndian.Uint32(size[:]))
	if _, err := io.ReadFull(nc, reply); err != nil {
		return err
	}
	if reply[3] != 2 || !strings.Contains(string(reply), value) {
		return fmt.Errorf("%.300q", reply)
	}
	return nil
}
