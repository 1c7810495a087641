package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Who corrects a file wants to know all that is wrong with it, whoever judges
// it, in the order of its lines, and nothing twice.
func TestCheckTellsAllThatIsWrongAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.toml")
	text := `[[listener]]
name = "l"
address = ":80"
upstream = "gone"
[upstream.u]
discover = ["tcp://a", "udp://b:1", "dns://c:80", "xds://d:1"]
timeout = "fast"
[upstream.v]
discover = "zk://e:1/x//y"
[upstream.v.balance]
peers = "tcp://f"
[zookeeper.z]
servers = "g:x"
[[announce]]
name = "w"
to = "zk://h/services/w"
address = "0.0.0.0:80"
[[announce]]
name = "x"
address = "10.0.0.1:80"
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs strings.Builder
	if code := Main([]string{"check", "-config", path}, &out, &errs); code != exitUsage || out.Len() > 0 {
		t.Errorf("exit code %d, printed %s", code, &out)
	}
	lines := strings.Split(strings.TrimSpace(errs.String()), "\n")
	want := []string{
		`:4: listener "l": upstream: `,
		`:6: upstream.u.discover[1]: expected a URI that begins with`,
		`:6: upstream.u.discover[0]: discovery: tcp: part 1: missing port`,
		`:6: upstream.u.discover[3]: xds: no cluster`,
		`:7: upstream.u.timeout: `,
		`:9: upstream.v.discover: discovery: zk: path "/x//y": two slashes`,
		`:11: upstream.v.balance.peers: discovery: tcp: part 1: missing port`,
		`:13: zookeeper.z.servers: zk: server 1: port "x"`,
		`:17: announce[0].address: 0.0.0.0:80 is no address that others can connect to`,
		`:18: announce[1].to: missing`,
	}
	if len(lines) != len(want) {
		t.Fatalf("%d problems, want %d:\n%s", len(lines), len(want), &errs)
	}
	for i, w := range want {
		if !strings.HasPrefix(lines[i], path+w) {
			t.Errorf("got  %s\nwant %s...", lines[i], path+w)
		}
	}
}
