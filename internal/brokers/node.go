package brokers

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Node is one broker and controller of a Real cluster: a process with a folder
// that it keeps when it is killed and started anew.
type Node struct {
	ID   int32
	Door *Door // where clients find it

	t    testing.TB
	real *Real
	dir  string
	// Where its three listeners are: of controllers, of brokers, and the one
	// behind the door.
	controller, inner, outer string
	cmd                      *exec.Cmd
}

func (n *Node) path(name string) string { return filepath.Join(n.dir, name) }

// Start starts its process. It does not wait for it to be ready.
func (n *Node) Start() {
	n.t.Helper()
	n.configure()
	out := n.log()
	defer out.Close()
	n.cmd = exec.Command("java", n.real.java(320, "kafka.Kafka", n.path("node.properties"))...)
	n.cmd.Dir, n.cmd.Stdout, n.cmd.Stderr = n.dir, out, out
	if err := n.cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	cmd := n.cmd
	n.t.Cleanup(func() { // one that was killed is waited for already
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}

// Kill ends the process at once, as a power cut does.
func (n *Node) Kill() {
	_ = n.cmd.Process.Kill()
	_ = n.cmd.Wait()
}

// Stop asks the process to end in good order (it hands its leaderships over), and
// waits for it.
func (n *Node) Stop() {
	_ = n.cmd.Process.Signal(os.Interrupt)
	_ = n.cmd.Wait()
}

// Move gives it a door at another address: the old one is shut. It advertises the
// new one after its next start.
func (n *Node) Move(address string) {
	n.t.Helper()
	n.Door.Close()
	d := openDoor(n.t, address, n.outer, n.real.Gate)
	n.t.Cleanup(d.Close)
	n.Door = d
}

// Log is the end of what the process has said.
func (n *Node) Log() string {
	b, _ := os.ReadFile(n.path("log"))
	return string(b[max(0, len(b)-4000):])
}

func (n *Node) configure() {
	p := n.real.params
	security := p.Security
	if security == "" {
		security = "PLAINTEXT"
	}
	var voters []string
	for _, other := range n.real.Nodes {
		voters = append(voters, fmt.Sprintf("%d@%s", other.ID, other.controller))
	}
	copies := min(3, p.Nodes)
	set := map[string]string{
		"process.roles":                                    "broker,controller",
		"node.id":                                          fmt.Sprint(n.ID),
		"broker.rack":                                      fmt.Sprintf("rack-%d", n.ID),
		"controller.quorum.voters":                         strings.Join(voters, ","),
		"controller.listener.names":                        "CONTROLLER",
		"inter.broker.listener.name":                       "INNER",
		"listeners":                                        fmt.Sprintf("CONTROLLER://%s,INNER://%s,CLIENT://%s", n.controller, n.inner, n.outer),
		"advertised.listeners":                             fmt.Sprintf("INNER://%s,CLIENT://%s", n.inner, n.Door.Address()),
		"listener.security.protocol.map":                   "CONTROLLER:PLAINTEXT,INNER:PLAINTEXT,CLIENT:" + security,
		"log.dirs":                                         n.path("data"),
		"offsets.topic.num.partitions":                     "3",
		"offsets.topic.replication.factor":                 fmt.Sprint(copies),
		"transaction.state.log.num.partitions":             "3",
		"transaction.state.log.replication.factor":         fmt.Sprint(copies),
		"transaction.state.log.min.isr":                    fmt.Sprint(min(2, copies)),
		"share.coordinator.state.topic.num.partitions":     "3",
		"share.coordinator.state.topic.replication.factor": fmt.Sprint(copies),
		"share.coordinator.state.topic.min.isr":            fmt.Sprint(min(2, copies)),
		"min.insync.replicas":                              fmt.Sprint(min(2, copies)),
		"default.replication.factor":                       fmt.Sprint(copies),
		"group.initial.rebalance.delay.ms":                 "0",
		"auto.leader.rebalance.enable":                     "false", // the test moves leaders, nobody else
		"num.network.threads":                              "2",
		"num.io.threads":                                   "4",
		"log.segment.bytes":                                "16777216",
		"log.cleaner.dedupe.buffer.size":                   "4194304", // the default of 128 MiB is fatal in a small heap
	}
	if strings.Contains(security, "SSL") {
		write(n.t, n.path("identity.pem"), p.Identity.PEM())
		set["listener.name.client.ssl.keystore.type"] = "PEM"
		set["listener.name.client.ssl.keystore.location"] = n.path("identity.pem")
	}
	if strings.HasPrefix(security, "SASL") {
		set["listener.name.client.sasl.enabled.mechanisms"] = "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512"
		scram := "org.apache.kafka.common.security.scram.ScramLoginModule required;"
		set["listener.name.client.scram-sha-256.sasl.jaas.config"] = scram
		set["listener.name.client.scram-sha-512.sasl.jaas.config"] = scram
		plain := "org.apache.kafka.common.security.plain.PlainLoginModule required"
		for name, password := range p.Users {
			plain += fmt.Sprintf(" user_%s=%q", name, password)
		}
		set["listener.name.client.plain.sasl.jaas.config"] = plain + ";"
	}
	maps.Copy(set, p.Properties)
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(set)) {
		fmt.Fprintf(&b, "%s=%s\n", key, set[key])
	}
	write(n.t, n.path("node.properties"), []byte(b.String()))
}
