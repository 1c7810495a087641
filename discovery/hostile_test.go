package discovery

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// An announcer that tells others each time would else be added up for the time
// of the hold.
func TestWhatIsHeldIsBoundedHoweverOftenAllIsReplaced(t *testing.T) {
	now := time.Unix(1, 0)
	o := &origin{name: "a", hold: time.Hour, log: slog.New(slog.DiscardHandler)}
	const n = maxEndpoints / 4
	for round := range 12 {
		u := Update{At: now, Endpoints: make([]Endpoint, n)}
		for i := range u.Endpoints {
			u.Endpoints[i] = at(fmt.Sprintf("h%d-%d:1", round, i), 1)
		}
		o.take(u)
		now = now.Add(time.Second)
		if len(o.good) > maxEndpoints || len(o.gone) > maxEndpoints {
			t.Fatalf("%d given out, %d gone in round %d", len(o.good), len(o.gone), round)
		}
	}
	if !o.held() {
		t.Error("nothing is held")
	}
}

func TestAnswerOfTooManyIsAnErrorWhoeverGivesIt(t *testing.T) {
	o := &origin{name: "a", log: slog.New(slog.DiscardHandler)}
	o.take(Update{At: time.Unix(1, 0), Endpoints: []Endpoint{at("x:1", 1)}})
	o.take(Update{At: time.Unix(2, 0), Endpoints: make([]Endpoint, maxEndpoints+1)})
	if len(o.good) != 1 || o.err == nil || !strings.Contains(o.err.Error(), "100001 endpoints: expected at most 100000") {
		t.Errorf("%d given out, %v", len(o.good), o.err)
	}
}

func TestErrorOfASourceIsKeptInPart(t *testing.T) {
	o := &origin{name: "a", log: slog.New(slog.DiscardHandler)}
	o.take(Update{At: time.Unix(1, 0), Err: errors.New(strings.Repeat("é", 1<<20))})
	if n := len(o.err.Error()); n > maxTrouble+10 {
		t.Errorf("%d bytes are kept", n)
	}
}

func TestAddressOfMegabytesIsNotRepeated(t *testing.T) {
	_, err := ParseAddress(strings.Repeat("\x00", 1<<20))
	if err == nil || len(err.Error()) > 200 {
		t.Errorf("%.300v", err)
	}
}

// Whatever stands where a record is written first: a pipe, which blocks who opens
// it, what is open to others, a link to somewhere else, a folder.
func TestWhatStandsInTheWayOfARecordIsNotWrittenTo(t *testing.T) {
	other := filepath.Join(t.TempDir(), "other")
	for name, put := range map[string]func(at string) error{
		"pipe":   func(at string) error { return syscall.Mkfifo(at, 0o666) },
		"file":   func(at string) error { return errors.Join(os.WriteFile(at, nil, 0o666), os.Chmod(at, 0o666)) },
		"link":   func(at string) error { return errors.Join(os.WriteFile(other, nil, 0o600), os.Symlink(other, at)) },
		"folder": func(at string) error { return os.MkdirAll(at, 0o700) },
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.json")
			if err := put(fmt.Sprintf("%s.%d", path, os.Getpid())); err != nil {
				t.Fatal(err)
			}
			if err := writeRecords(path, []record{{Source: "a", LastOK: time.Unix(1, 0)}}); err != nil {
				t.Fatal(err)
			}
			if list, err := readRecords(path); err != nil || len(list) != 1 {
				t.Errorf("read %v, %v", list, err)
			}
		})
	}
	if data, err := os.ReadFile(other); err != nil || len(data) != 0 {
		t.Errorf("the link was followed: %q, %v", data, err)
	}
}

// Only who may do everything can make such a file.
func TestRecordOfAnotherUserIsNotTrusted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.json")
	if err := writeRecords(path, []record{{Source: "a", LastOK: time.Unix(1, 0)}}); err != nil {
		t.Fatal(err)
	}
	if os.Chown(path, 12345, -1) != nil {
		return
	}
	if _, err := readRecords(path); err == nil || !strings.Contains(err.Error(), "belongs to another user") {
		t.Errorf("read with %v", err)
	}
}
