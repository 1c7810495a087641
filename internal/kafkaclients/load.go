package kafkaclients

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Load is a client at work: it produces, or consumes, until it is ended.
type Load struct {
	Client Client
	t      testing.TB
	cmd    *exec.Cmd
	in     io.WriteCloser
	said   *bufio.Scanner
	told   []string // what else it said
	cancel context.CancelFunc
}

// loadTime is how long a load may go on in all.
const loadTime = 20 * time.Minute

func (k *Kit) load(t testing.TB, c Client, env string, args ...string) *Load {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), loadTime)
	l := &Load{Client: c, t: t, cmd: k.program(ctx, c, args...), cancel: cancel}
	l.cmd.Env = append(l.cmd.Env, env)
	l.cmd.Stderr = os.Stderr
	in, err := l.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := l.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	l.in, l.said = in, bufio.NewScanner(out)
	if err := l.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = l.cmd.Wait()
	})
	return l
}

// Produce begins to send records of 8 keys of that name, in order: "0", "1" and so
// on of each, until EndProduce.
func (k *Kit) Produce(t testing.TB, c Client, bootstrap, topic, name string) *Load {
	t.Helper()
	return k.load(t, c, "X=", "produce", bootstrap, topic, name)
}

// Consume begins to read the topic in a group of that protocol ("classic" or
// "consumer"), until EndConsume.
func (k *Kit) Consume(t testing.TB, c Client, bootstrap, topic, group, protocol string) *Load {
	t.Helper()
	return k.load(t, c, "GROUP_PROTOCOL="+protocol, "consume", bootstrap, topic, group)
}

// await is the rest of the line that begins with the word.
func (l *Load) await(word string) (string, error) {
	for l.said.Scan() {
		if rest, found := strings.CutPrefix(l.said.Text(), word); found {
			return rest, nil
		}
		l.told = append(l.told, l.said.Text())
	}
	return "", fmt.Errorf("%s ended without %q: %v", l.Client.Name, word, l.Told())
}

// Told is the last that it said beside its results: errors, most often.
func (l *Load) Told() []string { return l.told[max(0, len(l.told)-5):] }

// EndProduce ends it, and returns how many records it has sent and how many of
// them it gave up.
func (l *Load) EndProduce() (sent, failed int, err error) {
	_ = l.in.Close()
	line, err := l.await("produced ")
	if err != nil {
		return 0, 0, err
	}
	if _, err := fmt.Sscanf(line, "%d failed=%d", &sent, &failed); err != nil {
		return 0, 0, fmt.Errorf("%s said %q", l.Client.Name, line)
	}
	if failed > 0 {
		err = fmt.Errorf("%s: %s", l.Client.Name, line)
	}
	return sent, failed, err
}

// Read is what a consumer has seen: records that were next of their key, those
// that had come before, and how often one came before its turn.
type Read struct{ Distinct, Dups, Gaps int }

// EndConsume tells it how many records there are, and returns what it has seen
// when it has all of them or has waited long.
func (l *Load) EndConsume(records int) (r Read, err error) {
	_, _ = fmt.Fprintln(l.in, records)
	line, err := l.await("consumed ")
	if err != nil {
		return r, err
	}
	if _, err := fmt.Sscanf(line, "distinct=%d dups=%d gaps=%d", &r.Distinct, &r.Dups, &r.Gaps); err != nil {
		return r, fmt.Errorf("%s said %q", l.Client.Name, line)
	}
	if r.Distinct != records || r.Gaps != 0 {
		err = fmt.Errorf("%s: %s, want %d; %v", l.Client.Name, line, records, l.Told())
	}
	return r, err
}
