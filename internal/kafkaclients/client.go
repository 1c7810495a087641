package kafkaclients

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// patience is how long all checks of one client may take. Each check has a limit
// of its own, of about 90 s; nothing that works waits for either.
const patience = 8 * time.Minute

// Client is one program with its checks.
type Client struct {
	Name string
	// Groups848 and Shares: it has groups of KIP-848, and share groups.
	Groups848, Shares bool
	// Loads: it can produce and consume for as long as a test wants. Idempotent:
	// what it produces then is in the log once, and in order.
	Loads, Idempotent bool

	dir     string
	command []string
}

// Clients are all that the kit has.
func (k *Kit) Clients() []Client {
	java := func(version string) []string {
		return []string{"java", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", "classes:lib-" + version + "/*", "Client"}
	}
	gone := func(name string) []string { return []string{"./goclients", name} }
	return []Client{
		{"java-" + javaNew, true, true, true, true, "java", java(javaNew)},
		{"java-" + javaOld, false, false, true, true, "java", java(javaOld)},
		{"kgo", true, true, true, true, "go", gone("kgo")},
		{"kafka-go", false, false, true, false, "go", gone("kafka-go")},
		{"sarama", false, false, true, true, "go", gone("sarama")},
		{"confluent", true, false, true, true, "go", gone("confluent")},
		{"kafka-python", false, false, true, true, "python", []string{"python3", "client.py", "kafka-python"}},
		{"confluent-python", true, false, true, true, "python", []string{"python3", "client.py", "confluent-python"}},
		{"kafkajs", false, false, true, false, "node", []string{"node", "client.mjs"}},
		{Name: "kcat"},
	}
}

// program is a run of the client.
func (k *Kit) program(ctx context.Context, c Client, args ...string) *exec.Cmd {
	all := append(append([]string{}, c.command[1:]...), args...)
	cmd := exec.CommandContext(ctx, c.command[0], all...)
	if strings.HasPrefix(c.command[0], "./") {
		cmd.Path = k.path(c.dir, c.command[0])
	}
	cmd.Dir = k.path(c.dir)
	cmd.Env = append(os.Environ(), "PYTHONPATH="+k.path("python", "lib"))
	cmd.WaitDelay = time.Second
	return cmd
}

// Run runs all checks of a client against the bootstrap address. Features are
// what the brokers have besides classic groups: "consumer" (KIP-848), "share".
// The text names each check with its result; the error says which failed.
func (k *Kit) Run(c Client, bootstrap string, features ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	prefix := fmt.Sprintf("%s-%d-", c.Name, time.Now().UnixNano())
	if c.Name == "kcat" {
		return kcat(ctx, bootstrap, prefix)
	}
	has := []string{"classic"}
	for _, f := range features {
		if f == "consumer" && c.Groups848 || f == "share" && c.Shares {
			has = append(has, f)
		}
	}
	out, err := k.program(ctx, c, "checks", bootstrap, prefix, strings.Join(has, ",")).CombinedOutput()
	text := string(out)
	if err == nil && (strings.Contains(text, "\nnot ok ") || !strings.Contains(text, " passed, 0 failed")) {
		err = fmt.Errorf("did not tell its end")
	}
	if err != nil {
		return text, fmt.Errorf("%s: %w\n%s", c.Name, err, text[max(0, len(text)-8000):])
	}
	return text, nil
}

// Each runs every client against the bootstrap address, each as a subtest.
func (k *Kit) Each(t *testing.T, bootstrap string, features ...string) {
	t.Helper()
	for _, c := range k.Clients() {
		t.Run(c.Name, func(t *testing.T) {
			text, err := k.Run(c, bootstrap, features...)
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSpace(text), "\n")
			t.Log(lines[len(lines)-1])
		})
	}
}
