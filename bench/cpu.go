package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A proxy's CPU time is the sum over the threads of its process group, workers
// included, in nanoseconds, from the scheduler's own count. The process's CPU
// clock is the same sum and also has threads that ended, which none of the
// programs here has; asking it takes unsafe memory, which this package may not
// use. The count of a running thread is behind by up to one tick, that of one
// that sleeps is exact: so it is read before and after a load, never during it.

// groupCPU is the CPU time used by the process group so far.
func groupCPU(group int) (time.Duration, error) {
	pids, err := groupPIDs(group)
	if err != nil {
		return 0, err
	}
	var sum time.Duration
	for _, pid := range pids {
		// A thread that ended between listing and reading is no longer counted.
		files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
		if err != nil {
			return 0, err
		}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				return 0, err
			}
			d, err := parseSchedstat(string(text))
			if err != nil {
				return 0, fmt.Errorf("%s: %w", name, err)
			}
			sum += d
		}
	}
	return sum, nil
}

// parseSchedstat is the first of "ran waited slices", nanoseconds.
func parseSchedstat(text string) (time.Duration, error) {
	ran, _, _ := strings.Cut(strings.TrimSpace(text), " ")
	n, err := strconv.ParseInt(ran, 10, 64)
	return time.Duration(n), err
}

// groupRSS is the resident memory of the process group in bytes; what its
// processes share is counted for each.
func groupRSS(group int) (int64, error) {
	pids, err := groupPIDs(group)
	if err != nil {
		return 0, err
	}
	var sum int64
	for _, pid := range pids {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
		if err != nil {
			return 0, err
		}
		fields := strings.Fields(string(text))
		if len(fields) < 2 {
			return 0, fmt.Errorf("statm not understood: %q", text)
		}
		pages, err := strconv.ParseInt(fields[1], 10, 64)
		if err != nil {
			return 0, err
		}
		sum += pages * int64(os.Getpagesize())
	}
	return sum, nil
}

// groupPIDs lists the processes of a group: a server and its workers.
func groupPIDs(group int) ([]int, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // some process that has ended
		}
		if pid, g, ok := parseStat(string(text)); ok && g == group {
			pids = append(pids, pid)
		}
	}
	if len(pids) == 0 {
		return nil, fmt.Errorf("process group %d is gone", group)
	}
	return pids, nil
}

// parseStat takes process and group from "pid (name) state parent group ...";
// the name may hold spaces and brackets.
func parseStat(text string) (pid, group int, ok bool) {
	first, _, _ := strings.Cut(text, " ")
	rest := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(rest) < 3 {
		return 0, 0, false
	}
	pid, err := strconv.Atoi(first)
	if err != nil {
		return 0, 0, false
	}
	group, err = strconv.Atoi(rest[2])
	return pid, group, err == nil
}
