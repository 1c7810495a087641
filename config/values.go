package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

const (
	// minDuration is the least time that the clock, which ticks every 5 ms,
	// can keep: what is less is raised to it.
	minDuration = 10 * time.Millisecond
	// maxDuration is longer than any wait has a reason for, and so short that
	// no sum of a time and a duration overflows.
	maxDuration = 365 * 24 * time.Hour
)

var errNotZero = errors.New(`expected more than "0s"`)

func complain(format string, args ...any) error { return fmt.Errorf(format, args...) }

func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	switch {
	case err != nil && isNumber(s):
		return 0, complain(`expected a duration such as "250ms", got %s, which has no unit (ms, s, m, h)`, shown(s))
	case err != nil:
		return 0, complain(`expected a duration such as "250ms", got %s`, shown(s))
	case d < 0:
		return 0, complain("expected a duration that is not negative, got %s", shown(s))
	case d > maxDuration:
		return 0, complain("expected a duration of at most %s, got %s", durationText(maxDuration), shown(s))
	}
	return d, nil
}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}

// parseRange reads "min..max"; a duration of zero alone is off.
func parseRange(s string) (least, most time.Duration, err error) {
	from, to, both := strings.Cut(s, "..")
	if !both {
		if d, err := parseDuration(s); err == nil && d == 0 {
			return 0, 0, nil
		}
		return 0, 0, complain(`expected a range of durations such as "120s..240s", or "0s" for off, got %s`, shown(s))
	}
	if least, err = parseDuration(from); err != nil {
		return 0, 0, err
	}
	if most, err = parseDuration(to); err != nil {
		return 0, 0, err
	}
	switch {
	case least > most:
		return 0, 0, complain("expected a range from the shorter to the longer, got %s", shown(s))
	case least == 0:
		return 0, 0, complain(`expected a range that begins above 0s, or "0s" for off, got %s`, shown(s))
	}
	return least, most, nil
}

type sizeUnit struct {
	name  string
	bytes int64
}

// sizeUnits gives the units, the largest first.
func sizeUnits() []sizeUnit {
	return []sizeUnit{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}
}

func parseSize(s string) (int64, error) {
	bad := complain(`expected a size such as "64KiB" (units B, KiB, MiB, GiB), got %s`, shown(s))
	number, unit := s, int64(1)
	for _, u := range sizeUnits() {
		if rest, ok := strings.CutSuffix(s, u.name); ok {
			number, unit = rest, u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return math.MaxInt64, nil // out of any range
	case err != nil || strings.HasPrefix(number, "+"):
		return 0, bad
	case n > math.MaxInt64/unit:
		return math.MaxInt64, nil
	case n < 0:
		return -1, nil
	}
	return n * unit, nil
}
