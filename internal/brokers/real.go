package brokers

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// RealParams say what cluster of Apache Kafka to start.
type RealParams struct {
	Version string // "" is DefaultVersion
	Nodes   int    // combined brokers and controllers: 1 or 3
	// From is the IP address from which clients may come, "" for any. Who comes
	// from elsewhere is turned away, and counted by Real.Gate.
	From string
	// Security is the protocol of the clients' listener: "" (PLAINTEXT), "SSL",
	// "SASL_PLAINTEXT" or "SASL_SSL". With TLS, Identity is the broker's.
	Security string
	Identity *Identity
	// Users are who may log in by SCRAM or PLAIN: passwords by name.
	Users map[string]string
	// Properties are added to each node's.
	Properties map[string]string
}

// Real is a cluster of Apache Kafka in KRaft mode. It ends with the test.
type Real struct {
	Gate  *Gate // of all doors
	Nodes []*Node

	t       testing.TB
	params  RealParams
	lib     string
	cluster string // its id
}

// StartReal starts one and returns when all nodes are in it.
func StartReal(t testing.TB, p RealParams) *Real {
	t.Helper()
	if p.Version == "" {
		p.Version = DefaultVersion
	}
	if p.Nodes == 0 {
		p.Nodes = 1
	}
	r := &Real{Gate: &Gate{from: p.From}, t: t, params: p, lib: Libs(t, p.Version), cluster: clusterID()}
	for i := range p.Nodes {
		r.Nodes = append(r.Nodes, r.newNode(int32(i+1)))
	}
	for _, n := range r.Nodes {
		r.format(n)
	}
	for _, n := range r.Nodes {
		n.Start()
	}
	r.AwaitNodes(p.Nodes)
	return r
}

// Seeds are the addresses of all doors.
func (r *Real) Seeds() []string {
	var all []string
	for _, n := range r.Nodes {
		all = append(all, n.Door.Address())
	}
	return all
}

// Node is the one of that id.
func (r *Real) Node(id int32) *Node { return r.Nodes[id-1] }

// clusterID is 16 random bytes as Kafka writes them.
func clusterID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func (r *Real) newNode(id int32) *Node {
	n := &Node{
		ID: id, t: r.t, real: r, dir: r.t.TempDir(),
		controller: freeAddress(r.t), inner: freeAddress(r.t), outer: freeAddress(r.t),
	}
	n.Door = openDoor(r.t, "127.0.0.1:0", n.outer, r.Gate)
	r.t.Cleanup(func() { n.Door.Close() })
	return n
}

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// format readies a node's folder and makes the users.
func (r *Real) format(n *Node) {
	r.t.Helper()
	n.configure()
	args := []string{"format", "-t", r.cluster, "-c", n.path("node.properties")}
	if strings.HasPrefix(r.params.Version, "4.1") {
		args = append(args, "--feature", "share.version=1") // share groups, a preview there
	}
	for _, name := range slices.Sorted(maps.Keys(r.params.Users)) {
		for _, mechanism := range []string{"SCRAM-SHA-256", "SCRAM-SHA-512"} {
			args = append(args, "--add-scram", fmt.Sprintf("%s=[name=%s,password=%s]", mechanism, name, r.params.Users[name]))
		}
	}
	cmd := exec.Command("java", r.java(64, "kafka.tools.StorageTool", args...)...)
	cmd.Dir = n.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		r.t.Fatalf("StorageTool: %v\n%s", err, out)
	}
}

// java are the arguments that run a class of Kafka's with that much heap, in MiB.
// The quick compiler is enough, and leaves the processors to the test.
func (r *Real) java(heap int, class string, args ...string) []string {
	log := filepath.Join(r.t.TempDir(), "log4j2.properties")
	write(r.t, log, []byte("rootLogger.level=INFO\nrootLogger.appenderRefs=out\nrootLogger.appenderRef.out.ref=OUT\nappenders=out\nappender.out.type=Console\nappender.out.name=OUT\nappender.out.layout.type=PatternLayout\nappender.out.layout.pattern=%d{HH:mm:ss,SSS} %p %c{1} %m%n\n"))
	return append([]string{
		fmt.Sprintf("-Xmx%dm", heap), "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData",
		"-Dlog4j2.configurationFile=" + log, "-cp", filepath.Join(r.lib, "*"), class,
	}, args...)
}

// log opens the file that a node's output goes to.
func (n *Node) log() *os.File {
	f, err := os.OpenFile(n.path("log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		n.t.Fatal(err)
	}
	return f
}
