package resp

import (
	"bytes"
	"net"
	"strings"

	"sidecar"
)

// quick is a server of GET of one key that allocates nothing: each command is
// answered with the same value, all that came at once in one write. The greeting
// is answered with +OK.
func quick(size int) func(net.Conn) {
	value := AppendBulk(nil, strings.Repeat("v", size))
	return func(c net.Conn) {
		buf, out := make([]byte, 64<<10), make([]byte, 0, 1<<20)
		if _, err := c.Read(buf); err != nil {
			return
		}
		if _, err := c.Write([]byte("+OK\r\n")); err != nil {
			return
		}
		one := AppendCommand(nil, "get", "key")
		for n := 0; ; {
			k, err := c.Read(buf[n:])
			if err != nil {
				return
			}
			n += k
			whole := n / len(one)
			out = out[:0]
			for range whole {
				out = append(out, value...)
			}
			n = copy(buf, buf[whole*len(one):n])
			if _, err := c.Write(out); err != nil {
				return
			}
			if n > 0 && !bytes.HasPrefix(one, buf[:n]) {
				return
			}
		}
	}
}

// idle is a Replier that does nothing with what it is given.
type idle struct{ replies int }

func (r *idle) Replies(_ *sidecar.Exchange, b []byte, _ int) *sidecar.Fault {
	r.replies++
	return nil
}

func repeated(n int, words []string) (commands [][]string) {
	for range n {
		commands = append(commands, words)
	}
	return commands
}
