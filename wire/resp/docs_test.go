package resp

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/redis.md anew")

const docs = "../../docs/redis.md"

// The table of commands that users read is the one that is obeyed.
func TestDocsTellEveryCommand(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Redis\n\nThe sidecar has no Redis listener yet. What stands here is how it will treat each command of Redis 7, outside of a session\n" +
		"(a connection of the client's own, begun by a *pinned* command); written by `go test ./wire/resp -run Docs -update`.\n\n" +
		"| Command | Treatment | Keys | Retried |\n|---|---|---|---|\n")
	for _, r := range Commands() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", strings.ToUpper(strings.ReplaceAll(r.Name, "|", " ")), treatmentText(&r), keysText(r.Keys), retriedText(&r))
	}
	if *update {
		if err := os.WriteFile(docs, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(docs)
	if err != nil || string(got) != b.String() {
		t.Errorf("%s is not what the table says (%v): go test ./wire/resp -run Docs -update", docs, err)
	}
}

func treatmentText(r *Row) string {
	switch r.Treatment {
	case Refuse:
		return "refused: " + r.Why
	case FanOut:
		return "fanned out: " + r.Fan.String()
	case Anywhere:
		return "forwarded to any server"
	case PinIfBlocking:
		return "forwarded; pinned with BLOCK"
	}
	return r.Treatment.String()
}

func keysText(k Keys) string {
	switch k {
	case noKeys:
		return ""
	case oneKey:
		return "1"
	case twoKeys:
		return "1, 2"
	case allKeys:
		return "all"
	case pairKeys:
		return "every other"
	case allButLast:
		return "all but the last"
	case secondArg:
		return "2"
	case fromSecond:
		return "from 2"
	}
	return "by its arguments"
}

func retriedText(r *Row) string {
	switch {
	case r.Treatment == Refuse || r.Treatment == Local || r.Treatment == Pin:
		return ""
	case r.Idempotent() && r.Treatment == PinIfBlocking:
		return "without BLOCK"
	case r.Idempotent():
		return "yes"
	}
	return "if unsent"
}
