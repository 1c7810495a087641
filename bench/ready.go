package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// readyWithin is how long a server may take to answer.
const readyWithin = 20 * time.Second

// answers waits until the process serves the workload, and looks that the
// answer is whole.
func (p *process) answers(ctx context.Context, w workload) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	for {
		err := w.question()(ctx, w, p.aim())
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			return p.gone()
		case <-ctx.Done():
			return fmt.Errorf("%s does not serve %s: %w", p.name, w.path, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (w workload) question() question {
	if w.ask == nil {
		return ask
	}
	return w.ask
}

// gone tells how the process ended, nil if it runs.
func (p *process) gone() error {
	select {
	case <-p.ended:
		log, _ := os.ReadFile(filepath.Join(p.Dir, "log"))
		return fmt.Errorf("%s ended: %s", p.name, bytes.TrimSpace(log))
	default:
		return nil
	}
}

// ask sends one request of the workload's, for the last of its hosts.
func ask(ctx context.Context, w workload, at aim) error {
	method := http.MethodGet
	if w.upload > 0 {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+at.address+w.path, bytes.NewReader(make([]byte, w.upload)))
	if err != nil {
		return err
	}
	if hosts := w.hosts(at.upstreams); len(hosts) > 0 {
		req.Host = hosts[len(hosts)-1]
	}
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	n, err := io.Copy(io.Discard, res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK || n != int64(w.body) {
		return fmt.Errorf("got %s with %d bytes, want 200 with %d", res.Status, n, w.body)
	}
	return nil
}
