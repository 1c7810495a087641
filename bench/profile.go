package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"time"
)

// profileLength is long enough for some hundred samples.
const profileLength = 5 * time.Second

// runProfile takes a profile under that load, and enters where the time went
// into the journal.
func runProfile(ctx context.Context, j *journal, w workload, p *process, name string) error {
	if err := profile(ctx, w, p, name); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "tool", "pprof", "-traces", name)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("go tool pprof: %w", err)
	}
	stacks, err := parseTraces(string(out))
	if err != nil {
		return err
	}
	j.profile(w, spend(stacks))
	return nil
}

// profile writes a CPU profile of the sidecar under that load to a file. It is
// taken after the rounds: a profile costs CPU time itself.
func profile(ctx context.Context, w workload, p *process, name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	taken := make(chan error, 1)
	go func() { taken <- fetchProfile(ctx, p.Admin, f) }()
	// The load begins first and ends last.
	_, err = w.load(ctx, w, p.aim(), profileLength+2*time.Second)
	if perr := <-taken; perr != nil {
		return fmt.Errorf("profile: %w", perr)
	}
	return err
}

func fetchProfile(ctx context.Context, admin string, to io.Writer) error {
	if err := wait(ctx, time.Second); err != nil {
		return err
	}
	url := fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", admin, int(profileLength.Seconds()))
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("got %s", res.Status)
	}
	_, err = io.Copy(to, res.Body)
	return err
}
