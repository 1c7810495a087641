package kafkaclients

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// kcatRecords is how many records each check of kcat sends.
const kcatRecords = 400

// kcat runs the checks of the program that people debug Kafka with, Debian's, on
// an older librdkafka than the others'.
func kcat(ctx context.Context, bootstrap, prefix string) (string, error) {
	var text strings.Builder
	var input bytes.Buffer
	for i := range kcatRecords {
		fmt.Fprintf(&input, "k%d:%d\n", i%8, i/8)
	}
	topic := prefix + "t"
	for _, step := range []struct {
		name string
		args []string
		feed bool
		want int // lines
	}{
		{"metadata", []string{"-L"}, false, -1},
		{"produce", []string{"-P", "-t", topic, "-K:"}, true, -1},
		{"produce idempotent", []string{"-P", "-t", topic, "-K:", "-X", "enable.idempotence=true", "-z", "lz4"}, true, -1},
		{"produce acks=0", []string{"-P", "-t", topic, "-K:", "-X", "acks=0"}, true, -1},
		{"consume", []string{"-C", "-t", topic, "-e", "-q", "-o", "beginning"}, false, 3 * kcatRecords},
		{"consume, classic group", []string{"-G", prefix + "g", "-q", "-e", "-c", fmt.Sprint(3 * kcatRecords), "-X", "auto.offset.reset=earliest", topic}, false, 3 * kcatRecords},
		{"offsets by time", []string{"-Q", "-t", topic + ":0:-1"}, false, 1},
	} {
		cmd := exec.CommandContext(ctx, "kcat", append([]string{"-b", bootstrap}, step.args...)...)
		if step.feed {
			cmd.Stdin = bytes.NewReader(input.Bytes())
		}
		var out, said bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &said
		err := cmd.Run()
		if n := bytes.Count(out.Bytes(), []byte("\n")); err == nil && step.want >= 0 && n != step.want {
			err = fmt.Errorf("%d lines, want %d", n, step.want)
		}
		if err != nil {
			return text.String(), fmt.Errorf("kcat %s: %w: %s", step.name, err, said.String())
		}
		fmt.Fprintf(&text, "ok %s\n", step.name)
	}
	text.WriteString("7 passed, 0 failed\n")
	return text.String(), nil
}
