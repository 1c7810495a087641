package sock

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
)

// relayEnds names the variable that makes a test's process the ends of a relay
// of BenchmarkRelay: address, size of a body, connections, bodies on each.
const relayEnds = "SOCK_RELAY_ENDS"

// beEnds is backends and clients, in turns, until every body has come. Then it
// says so and stays until it is told to go, so that its CPU time can be read.
// What it returns is the process's exit code.
func beEnds(what string) int {
	var address string
	var size, conns, each int
	if _, err := fmt.Sscan(what, &address, &size, &conns, &each); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", relayEnds, err)
		return 2
	}
	ends := make(chan error, 2*conns)
	for i := range 2 * conns {
		c, err := net.Dial("tcp", address)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		be := beClient
		if i%2 == 0 {
			be = beBackend
		}
		go func() { ends <- be(c, size, each) }()
	}
	var err error
	for range 2 * conns {
		err = errors.Join(err, <-ends)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println("done")
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

func beBackend(c net.Conn, size, each int) error {
	body := make([]byte, size)
	for range each {
		if _, err := io.ReadFull(c, body[:1]); err != nil {
			return err
		}
		if _, err := c.Write(body); err != nil {
			return err
		}
	}
	return nil // the process's end closes it: the client may still be reading
}

func beClient(c net.Conn, size, each int) error {
	defer c.Close()
	buf := make([]byte, 128<<10)
	for range each {
		if _, err := c.Write(buf[:1]); err != nil {
			return err
		}
		for left := size; left > 0; {
			n, err := c.Read(buf[:min(left, len(buf))])
			if err != nil {
				return err
			}
			left -= n
		}
	}
	return nil
}
