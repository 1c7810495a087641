package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"sidecar/config"
)

// tokenTime is how long a command that prints a token may take; connections wait
// for it.
const tokenTime = 10 * time.Second

// tokenOf is what gives u's token, anew for each login.
func tokenOf(u config.Upstream) func(ctx context.Context) (string, error) {
	if words := u.Kafka.TokenCommand; len(words) > 0 {
		return func(ctx context.Context) (string, error) {
			token, err := tokenBy(ctx, words)
			if err != nil {
				return "", fmt.Errorf("%s.kafka.token_command: %w", u.Key, err)
			}
			return token, nil
		}
	}
	return func(context.Context) (string, error) {
		token, err := readSecret(u.Kafka.Token)
		if err != nil {
			return "", fmt.Errorf("%s.kafka.token: %w", u.Key, err)
		}
		return token, nil
	}
}

// tokenBy runs a command that prints a token. What it says of its failure is told,
// but for what it printed.
func tokenBy(ctx context.Context, words []string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, tokenTime)
	defer cancel()
	var out, complaint bounded
	cmd := exec.CommandContext(ctx, words[0], words[1:]...) // #nosec G204 -- the operator's own command
	cmd.Stdout, cmd.Stderr = &out, &complaint
	cmd.WaitDelay = time.Second // children that hold the pipe
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		if text := strings.TrimSpace(complaint.String()); text != "" {
			err = fmt.Errorf("%w: %s", err, text)
		}
		return "", fmt.Errorf("%s: %w", words[0], err)
	}
	token := strings.TrimSpace(out.String())
	switch {
	case out.over:
		return "", fmt.Errorf("%s printed more than %d bytes", words[0], maxSecret)
	case token == "":
		return "", fmt.Errorf("%s: %w", words[0], errNoToken)
	}
	return token, nil
}

var errNoToken = errors.New("it printed no token")

// bounded keeps what is written to it up to the size of the largest secret.
type bounded struct {
	bytes.Buffer
	over bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if keep := maxSecret - b.Len(); keep < len(p) {
		b.over = true
		b.Buffer.Write(p[:keep])
		return len(p), nil
	}
	return b.Buffer.Write(p)
}
