package redisclients

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// patience is how long all checks of one client may take. Each check has a
// limit of its own, of about 20 s; nothing that works waits for either.
const patience = 4 * time.Minute

// Client is one program with its checks.
type Client struct {
	Name    string
	Cluster bool // it has checks as a client of Redis Cluster
	Resp3   bool // it can speak RESP3
	Tracks  bool // the server is to tell it what changes of the keys that it has kept, in RESP3
	dir     string
	command []string
}

// Clients are all that the kit has.
func (k *Kit) Clients() []Client {
	java := func(class string) []string { return []string{"java", "-cp", "classes:lib/*", class} }
	return []Client{
		{"redis-py", true, true, false, "python", []string{"python3", "client.py"}},
		{"node-redis", true, true, false, "node", []string{"node", "noderedis.mjs"}},
		{"ioredis", true, true, false, "node", []string{"node", "ioredis.mjs"}},
		{"jedis", true, true, false, "java", java("JedisClient")},
		{"lettuce", true, true, false, "java", java("LettuceClient")},
		{"go-redis", true, true, false, "go", []string{"./goclients", "goredis"}},
		{"rueidis", true, true, false, "go", []string{"./goclients", "rueidis"}},
		{"rueidis-tracking", true, true, true, "go", []string{"./goclients", "rueidis-tracking"}},
		{"hiredis", false, false, false, "c", []string{"./hiredis"}},
	}
}

// Way is how a client is to speak with an address. A client of Redis Cluster is
// told one address and asks there for all others.
type Way struct {
	Resp    int
	Cluster bool
}

func (w Way) String() string { return "RESP" + strconv.Itoa(w.Resp) + " " + w.mode() }

func (w Way) mode() string {
	if w.Cluster {
		return "cluster"
	}
	return "single"
}

// Ways are those that the client has.
func (c Client) Ways() []Way {
	if c.Tracks {
		return []Way{{3, false}, {3, true}}
	}
	ways := []Way{{Resp: 2}}
	if c.Resp3 {
		ways = append(ways, Way{Resp: 3})
	}
	if c.Cluster {
		ways = append(ways, Way{2, true}, Way{3, true})
	}
	return ways
}

// Run runs all checks of a client against address. The text names each check
// with its result; the error says which failed.
func (k *Kit) Run(c Client, w Way, address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	prefix := fmt.Sprintf("{%s%d%s%d}", c.Name, w.Resp, w.mode(), time.Now().UnixNano())
	args := append(c.command[1:], host, port, strconv.Itoa(w.Resp), w.mode(), prefix)
	cmd := exec.CommandContext(ctx, c.command[0], args...)
	if strings.HasPrefix(c.command[0], "./") {
		cmd.Path = k.path(c.dir, c.command[0])
	}
	cmd.Dir = k.path(c.dir)
	cmd.Env = append(os.Environ(), "PYTHONPATH="+k.path("python", "lib"))
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	text := string(out)
	if err == nil && (strings.Contains(text, "\nnot ok ") || !strings.Contains(text, " passed, 0 failed")) {
		err = fmt.Errorf("did not tell its end")
	}
	if err != nil {
		return text, fmt.Errorf("%s %v: %w\n%s", c.Name, w, err, text[max(0, len(text)-6000):])
	}
	return text, nil
}

// Each runs every client in all its ways against address, each as a subtest.
func (k *Kit) Each(t *testing.T, address string, wanted func(Client, Way) bool) {
	t.Helper()
	for _, c := range k.Clients() {
		for _, w := range c.Ways() {
			if wanted != nil && !wanted(c, w) {
				continue
			}
			t.Run(c.Name+" "+w.String(), func(t *testing.T) {
				text, err := k.Run(c, w, address)
				if err != nil {
					t.Fatal(err)
				}
				lines := strings.Split(strings.TrimSpace(text), "\n")
				t.Log(lines[len(lines)-1])
			})
		}
	}
}
