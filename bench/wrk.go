package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// wrk is the generator of HTTP/1.1 in a closed loop.
func wrk(ctx context.Context, w workload, at aim, length time.Duration) (load, error) {
	if w.rate != 0 {
		return load{}, errors.New("wrk: it has no rate")
	}
	args := []string{"wrk", "-t1", "-c" + strconv.Itoa(w.conns), fmt.Sprintf("-d%ds", int(length.Seconds())), "--latency"}
	for _, f := range httpFields() {
		args = append(args, "-H", f)
	}
	if w.fresh {
		args = append(args, "-H", "Connection: close")
	}
	if text := wrkScript(w, w.hosts(at.upstreams)); text != "" {
		name, err := scriptFile(text)
		if err != nil {
			return load{}, err
		}
		defer func() { _ = os.Remove(name) }() // one that stays is small and where such files go
		args = append(args, "-s", name)
	}
	cmd := pinned(ctx, clientCPU, append(args, "http://"+at.address+w.path))
	out, err := cmd.CombinedOutput()
	if err != nil {
		return load{}, fmt.Errorf("wrk: %w: %s", err, strings.TrimSpace(string(out)))
	}
	l, err := parseWrk(string(out))
	l.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return l, err
}

// wrkScript says in Lua what its command line cannot, "" if there is nothing.
// Requests are made once: the client's CPU is the backend's too.
func wrkScript(w workload, hosts []string) string {
	var b strings.Builder
	if w.upload > 0 {
		fmt.Fprintf(&b, "wrk.method = \"POST\"\nwrk.body = string.rep(\"a\", %d)\n", w.upload)
	}
	if len(hosts) > 0 {
		fmt.Fprintf(&b, "local hosts = {\"%s\"}\n", strings.Join(hosts, "\", \""))
		b.WriteString(`local requests, last = {}, 0
init = function()
	for i, host in ipairs(hosts) do
		wrk.headers["Host"] = host
		requests[i] = wrk.format()
	end -- of hosts
end
request = function()
	last = last % #requests + 1
	return requests[last]
end
`)
	}
	return b.String()
}

func scriptFile(text string) (string, error) {
	f, err := os.CreateTemp("", "bench*.lua")
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(text)
	return f.Name(), errors.Join(err, f.Close())
}

var (
	wrkRequests = regexp.MustCompile(`(?m)^ *(\d+) requests in `)
	wrkRate     = regexp.MustCompile(`(?m)^Requests/sec: *([\d.]+)$`)
	wrkLatency  = regexp.MustCompile(`(?m)^ *(50|99)% +([\d.]+[a-z]+)$`)
	// wrk has these lines only where there is something to tell.
	wrkErrors = regexp.MustCompile(`(?m)^ *(Socket errors: .*|Non-2xx or 3xx responses: .*)$`)
)

// parseWrk reads what "wrk --latency" printed. Failed requests are an error.
func parseWrk(out string) (load, error) {
	if m := wrkErrors.FindStringSubmatch(out); m != nil {
		return load{}, errors.New("wrk: " + m[1])
	}
	requests, rate := wrkRequests.FindStringSubmatch(out), wrkRate.FindStringSubmatch(out)
	latencies := wrkLatency.FindAllStringSubmatch(out, -1)
	if requests == nil || rate == nil || len(latencies) != 2 {
		return load{}, fmt.Errorf("wrk: output not understood: %q", out)
	}
	var l load
	var err error
	if l.requests, err = strconv.ParseInt(requests[1], 10, 64); err != nil {
		return load{}, fmt.Errorf("wrk: %w", err)
	}
	if l.requests == 0 {
		return load{}, errors.New("wrk: no request was answered")
	}
	if l.rps, err = strconv.ParseFloat(rate[1], 64); err != nil {
		return load{}, fmt.Errorf("wrk: %w", err)
	}
	for _, m := range latencies {
		d, err := time.ParseDuration(m[2]) // wrk's units are Go's: us, ms, s, m, h
		if err != nil {
			return load{}, fmt.Errorf("wrk: %w", err)
		}
		if m[1] == "50" {
			l.p50 = d
		} else {
			l.p99 = d
		}
	}
	return l, nil
}
