package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"sidecar/upstream"
	"sidecar/varz"
	"sidecar/why"
)

// lookTimeout bounds one question to the admin port.
const lookTimeout = 5 * time.Second

// maxPage bounds what is read of a page.
const maxPage = 4 << 20

// sight is what the admin port says at one moment.
type sight struct {
	rows    []upstream.Row
	metrics metrics
	latest  *why.Entry // of /why, nil while there is none
}

// metrics is /varz: the series of each name.
type metrics map[string][]series

// series is one of them, a number or a latency in seconds.
type series struct {
	Value *float64 `json:"value"`
	P50   float64  `json:"p50"`
	P99   float64  `json:"p99"`
}

// of is the one upstream's series of the metric, zero if there is none yet.
func (m metrics) of(d *varz.Desc) series {
	if list := m[d.Name]; len(list) > 0 {
		return list[0]
	}
	return series{}
}

// count is the value of a counter or gauge.
func (m metrics) count(d *varz.Desc) int64 {
	if v := m.of(d).Value; v != nil {
		return int64(*v)
	}
	return 0
}

// admin asks an admin port, as anybody may.
type admin struct {
	address string
	client  *http.Client
}

func newAdmin(address string) admin {
	return admin{address: address, client: &http.Client{Timeout: lookTimeout, Transport: &http.Transport{}}}
}

func (a admin) close() { a.client.CloseIdleConnections() }

// get reads a page.
func (a admin) get(ctx context.Context, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+a.address+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	res, err := a.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxPage))
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", path, res.Status)
	}
	return text, err
}

func (a admin) decode(ctx context.Context, path string, into any) error {
	text, err := a.get(ctx, path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// look asks for everything that is shown.
func (a admin) look(ctx context.Context) (sight, error) {
	var s sight
	var ups []struct {
		Endpoints []upstream.Row `json:"endpoints"`
	}
	var told []why.Entry
	if err := a.decode(ctx, "/upstreams", &ups); err != nil {
		return s, err
	}
	if err := a.decode(ctx, "/varz?by=service", &s.metrics); err != nil {
		return s, err
	}
	if err := a.decode(ctx, "/why?limit=1", &told); err != nil {
		return s, err
	}
	for _, u := range ups {
		s.rows = append(s.rows, u.Endpoints...)
	}
	if len(told) > 0 {
		s.latest = &told[0]
	}
	return s, nil
}

// row is what is said of the endpoint at address, empty if it is not known.
func (s sight) row(address string) upstream.Row {
	for _, r := range s.rows {
		if r.Address == address {
			return r
		}
	}
	return upstream.Row{}
}

// ready waits until the sidecar takes traffic.
func (a admin) ready(ctx context.Context) error {
	for {
		_, err := a.get(ctx, "/ready")
		if err == nil {
			return nil
		}
		rest(ctx, 20*time.Millisecond)
		if ctx.Err() != nil {
			return fmt.Errorf("the sidecar was not ready: %w", err)
		}
	}
}
