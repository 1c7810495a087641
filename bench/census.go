package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// census begins to count over how many connections a target's requests come to the
// backend; what it returns tells it when the load is over.
type census func(ctx context.Context, m *measurement, t *target) (count func() (int64, error), err error)

// toldByBackend is of a backend that counts connections which brought a request.
func toldByBackend(ctx context.Context, m *measurement, _ *target) (func() (int64, error), error) {
	if _, err := backendConns(ctx, m.backend.Address); err != nil { // from here on anew
		return nil, err
	}
	return func() (int64, error) { return backendConns(ctx, m.backend.Address) }, nil
}

// backendConns is over how many connections calls came to the backend since it
// was last asked.
func backendConns(ctx context.Context, backend string) (int64, error) {
	got, err := talk(ctx, backend, []byte("\x00\x00\x00\x08counts??"))
	if err != nil {
		return 0, err
	}
	if len(got) != 4+8 {
		return 0, errors.New("the backend does not tell what it counts")
	}
	return int64(binary.BigEndian.Uint64(got[4:])), nil
}

// looks is how often a round is looked at for the connections that are open.
const looks = 4

// openMost is of a backend that counts nothing: the most that the proxy had open to
// it during the load, as the system tells. Nobody but the generator has some in the
// direct case.
func openMost(ctx context.Context, m *measurement, t *target) (func() (int64, error), error) {
	if !t.proxy {
		return func() (int64, error) { return int64(m.w.conns), nil }, nil
	}
	type seen struct {
		most int64
		err  error
	}
	over, told := make(chan struct{}), make(chan seen, 1)
	go func() {
		var s seen
		defer func() { told <- s }()
		for last := false; s.err == nil && !last; {
			select {
			case <-over:
				last = true
			case <-ctx.Done(): // the load failed
				return
			case <-time.After(m.length / looks):
			}
			var n int64
			n, s.err = openConns(t.proc.group, portOf(m.backend.Address))
			s.most = max(s.most, n)
		}
	}()
	return func() (int64, error) {
		close(over)
		s := <-told
		return s.most, s.err
	}, nil
}

// openConns is how many established connections to that port the process group
// has.
func openConns(group int, port string) (int64, error) {
	pids, err := groupPIDs(group)
	if err != nil {
		return 0, err
	}
	var sum int64
	for _, pid := range pids {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/tcp", pid))
		if err != nil {
			return 0, err
		}
		to, err := socketsTo(string(text), port)
		if err != nil {
			return 0, err
		}
		files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
		if err != nil {
			return 0, err
		}
		for _, name := range files {
			// One that was closed since is no connection any more.
			if link, err := os.Readlink(name); err == nil && to[link] {
				sum++
			}
		}
	}
	return sum, nil
}

// socketsTo takes from the kernel's table of TCP sockets those that are connected
// to that port, as descriptors name them.
func socketsTo(table, port string) (map[string]bool, error) {
	n, err := strconv.Atoi(port)
	if err != nil {
		return nil, err
	}
	const remote, state, inode, established = 2, 3, 9, "01"
	to := map[string]bool{}
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) > inode && fields[state] == established && strings.HasSuffix(fields[remote], fmt.Sprintf(":%04X", n)) {
			to["socket:["+fields[inode]+"]"] = true
		}
	}
	return to, nil
}
