package discovery

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestTheNextProcessBeginsWithWhatWasKnown(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.json")
	a, b := newScripted("a"), newScripted("b")
	set := []Endpoint{
		{Address: "x:1", Weight: 2, Zone: "z", Priority: MaxPriority, Name: "n", TLSName: "t", Identity: "i", Labels: map[string]string{"k": "v"}},
		at("y:1", 1),
	}
	p := KeeperParams{Sources: []Source{a, b}, Path: path}
	keep(t, p, func(k *kept) {
		if recorded(k.Keeper) {
			t.Error("there is a record before the first")
		}
		a.sends(Update{Endpoints: set})
		b.sends(Update{Err: errors.New("never worked")})
		time.Sleep(saveDelay)
		synctest.Wait()
		if list, err := readRecords(path); err != nil || len(list) != 1 || !reflect.DeepEqual(list[0].Endpoints, set) {
			t.Errorf("written %+v, %v", list, err)
		}
		time.Sleep(time.Hour)
		a.sends(Update{Err: errors.New("down")})
		time.Sleep(time.Hour)
	})
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	var log strings.Builder
	p.Log = slog.New(slog.NewTextHandler(&log, nil))
	keep(t, p, func(k *kept) { // two hours ago, as this bubble's clock begins anew
		s := k.wants(1, "x:1", "y:1")
		stale := s.Stale("a").Sub(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC))
		if !recorded(k.Keeper) || !s.Answered() || !s.Sources[0].FromDisk || stale != time.Hour+saveDelay || s.Endpoints[0].Held != NotHeld {
			t.Errorf("begun with %+v, stale since %v", s, stale)
		}
		if !strings.Contains(log.String(), "endpoints of a former process") {
			t.Errorf("the log has %q", log.String())
		}
		a.answers("x:1")
		if s := k.Snapshot(); s.Sources[0].FromDisk || !s.Stale("a").IsZero() {
			t.Errorf("after an answer %+v", s.Sources[0])
		}
	})
}

func TestAFormerProcessesEndpointsAreHeldToo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.json")
	a := newScripted("a")
	p := KeeperParams{Sources: []Source{a}, Path: path, Hold: time.Minute}
	keep(t, p, func(*kept) { a.answers(names(5)...) })
	keep(t, p, func(k *kept) {
		a.answers()
		if s := k.Snapshot(); held(s) != 5 {
			t.Errorf("%d held", held(s))
		}
	})
}

func TestRecordsThatAreNoneAreIgnoredWithAWarning(t *testing.T) {
	good := `{"format":"sidecar discovery","version":1,"sources":[{"source":"a","last_ok":"2000-01-01T00:00:00Z","endpoints":[{"address":"x:1"}]}]}`
	for name, c := range map[string]struct {
		text string
		mode os.FileMode
		want string
	}{
		"good":              {good, 0o600, ""},
		"cut off":           {good[:60], 0o600, "not a record"},
		"empty":             {"", 0o600, "not a record"},
		"of another":        {`{"a":1}`, 0o600, "format"},
		"of another age":    {strings.Replace(good, `"version":1`, `"version":2`, 1), 0o600, "version 2"},
		"a bad address":     {strings.Replace(good, "x:1", "x", 1), 0o600, "missing port"},
		"another form":      {strings.Replace(good, "x:1", "X:01", 1), 0o600, `expected "x:1"`},
		"a bad priority":    {strings.Replace(good, `"x:1"`, `"x:1","priority":-1`, 1), 0o600, "priority -1"},
		"no time":           {strings.Replace(good, `"last_ok":"2000-01-01T00:00:00Z",`, "", 1), 0o600, "without last_ok"},
		"written by others": {good, 0o666, "others may write it"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.json")
			if err := os.WriteFile(path, []byte(c.text), c.mode); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, c.mode); err != nil {
				t.Fatal(err)
			}
			var log strings.Builder
			k := NewKeeper(KeeperParams{Sources: []Source{newScripted("a")}, Path: path, Log: slog.New(slog.NewTextHandler(&log, nil))})
			warned := strings.Contains(log.String(), "the record of a former process is ignored")
			if recorded(k) != (c.want == "") || warned == (c.want == "") || !strings.Contains(log.String(), strings.ReplaceAll(c.want, `"`, `\"`)) {
				t.Errorf("recorded %v, the log has %q", recorded(k), log.String())
			}
		})
	}
}

func TestARecordThatCannotBeWrittenIsToldOnce(t *testing.T) {
	var log strings.Builder
	a := newScripted("a")
	p := KeeperParams{Sources: []Source{a}, Path: filepath.Join(t.TempDir(), "gone", "a.json"), Log: slog.New(slog.NewTextHandler(&log, nil))}
	keep(t, p, func(*kept) {
		for i := range 5 {
			a.answers(fmt.Sprintf("x%d:1", i))
			time.Sleep(saveDelay)
			synctest.Wait()
		}
		if n := strings.Count(log.String(), "cannot be kept"); n != 1 {
			t.Errorf("told %d times", n)
		}
	})
}

func TestARecordIsReplacedWhole(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.json")
	for i := range 20 {
		if err := writeRecords(path, []record{{Source: "a", LastOK: time.Unix(int64(i)+1, 0), Endpoints: []Endpoint{at("x:1", 1)}}}); err != nil {
			t.Fatal(err)
		}
	}
	list, err := readRecords(path)
	if err != nil || len(list) != 1 || list[0].LastOK.Unix() != 20 {
		t.Errorf("%+v, %v", list, err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("%d files are left", len(files))
	}
}

func FuzzRecords(f *testing.F) {
	f.Add([]byte(`{"format":"sidecar discovery","version":1,"sources":[{"source":"a","last_ok":"2000-01-01T00:00:00Z","endpoints":[{"address":"x:1","weight":2}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := parseRecords(data)
		if err != nil {
			return
		}
		for _, r := range list {
			for _, e := range r.Endpoints {
				if a, err := ParseAddress(e.Address); err != nil || a != e.Address || r.LastOK.IsZero() {
					t.Errorf("let %+v pass", e)
				}
			}
		}
	})
}

// recorded tells whether a former process has left endpoints of any source.
func recorded(k *Keeper) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.ContainsFunc(k.origins, func(o *origin) bool { return o.fromDisk })
}
