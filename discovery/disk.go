package discovery

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"syscall"
	"time"
)

const (
	// recordFormat and recordVersion tell a record from any other file, and
	// from those of versions that mean something else by it.
	recordFormat  = "sidecar discovery"
	recordVersion = 1
	// maxRecord is the size of the largest record in bytes: a hundred thousand
	// endpoints with labels.
	maxRecord = 64 << 20
	// saveDelay is how long changes are gathered before they are written.
	saveDelay = time.Second
	// confirmEvery is how often a record without changes is written, so that
	// its age tells since when its sources were not heard of.
	confirmEvery = 10 * time.Minute
)

// record is what one source said.
type record struct {
	Source    string     `json:"source"`
	LastOK    time.Time  `json:"last_ok"`
	Endpoints []Endpoint `json:"endpoints"`
}

// recordFile is what the file holds.
type recordFile struct {
	Format  string   `json:"format"`
	Version int      `json:"version"`
	Sources []record `json:"sources"`
}

// disk keeps the records of one upstream in a file, for the next process. What
// is wrong with the file costs a warning and no more.
type disk struct {
	path string
	log  *slog.Logger

	mu     sync.Mutex // guards what follows
	due    time.Time  // when to write, zero if there is nothing new
	wrote  time.Time
	failed string // what was warned of last
}

// load reads the records; none if there is no file, or not a good one.
func (d *disk) load() []record {
	list, err := readRecords(d.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		d.log.Warn("discovery: the record of a former process is ignored", "path", d.path, "err", err)
	}
	return list
}

func readRecords(path string) ([]record, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("not a regular file")
	case !ours(info):
		return nil, errors.New("it belongs to another user: what it says cannot be trusted")
	case info.Mode().Perm()&0o022 != 0:
		return nil, fmt.Errorf("others may write it (mode %o): what it says cannot be trusted", info.Mode().Perm())
	}
	data, err := io.ReadAll(io.LimitReader(f, maxRecord+1))
	if err != nil {
		return nil, err
	}
	return parseRecords(data)
}

// ours tells whether a file belongs to the user that the process runs as, or to
// the one who may do everything anyway.
func ours(info fs.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && (s.Uid == 0 || int(s.Uid) == os.Geteuid())
}

// parseRecords reads a record. One wrong part makes all of it suspect.
func parseRecords(data []byte) ([]record, error) {
	if len(data) > maxRecord {
		return nil, fmt.Errorf("larger than %d bytes", maxRecord)
	}
	var f recordFile
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("not a record: %w", err)
	}
	if f.Format != recordFormat || f.Version != recordVersion {
		return nil, fmt.Errorf("format %q, version %d: expected %q, version %d", short(f.Format), f.Version, recordFormat, recordVersion)
	}
	for _, r := range f.Sources {
		if len(r.Endpoints) > maxEndpoints {
			return nil, fmt.Errorf("%d endpoints: expected at most %d", len(r.Endpoints), maxEndpoints)
		}
		if r.LastOK.IsZero() {
			return nil, errors.New("a source without last_ok")
		}
		for i := range r.Endpoints {
			if err := r.Endpoints[i].check(); err != nil {
				return nil, fmt.Errorf("endpoint %d of %q: %w", i+1, short(r.Source), err)
			}
		}
	}
	return f.Sources, nil
}

// check tells whether the endpoint is one as sources make them.
func (e *Endpoint) check() error {
	address, err := ParseAddress(e.Address)
	switch {
	case err != nil:
		return err
	case address != e.Address:
		return fmt.Errorf("address %q: expected %q", e.Address, address)
	case e.Priority < 0 || e.Priority > MaxPriority:
		return fmt.Errorf("priority %d: expected 0 to %d", e.Priority, MaxPriority)
	}
	return nil
}

// changed notes that there is something to write.
func (d *disk) changed(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.due.IsZero() {
		d.due = now.Add(saveDelay)
	}
}

// turn writes what is due and says when something will be.
func (d *disk) turn(now time.Time, records func() []record) time.Time {
	d.mu.Lock()
	if d.wrote.IsZero() {
		d.wrote = now
	}
	due := d.wrote.Add(confirmEvery)
	if !d.due.IsZero() {
		due = d.due
	}
	if now.Before(due) {
		d.mu.Unlock()
		return due
	}
	d.due, d.wrote = time.Time{}, now
	d.mu.Unlock()
	d.save(records())
	return now.Add(confirmEvery)
}

// save writes the records in place of the former ones, or leaves those.
func (d *disk) save(list []record) {
	if len(list) == 0 {
		return // nothing is known: what a former process knew is worth more
	}
	err := writeRecords(d.path, list)
	d.mu.Lock()
	defer d.mu.Unlock()
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != "" && text != d.failed {
		d.log.Warn("discovery: what is known cannot be kept for the next process", "err", err)
	}
	d.failed = text
}

// writeRecords writes to another name and renames, so that whoever reads finds
// one record or the other whole.
func writeRecords(path string, list []record) error {
	data, err := json.Marshal(recordFile{recordFormat, recordVersion, list})
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%s.%d", path, os.Getpid()) // whoever else writes here has another
	// Whatever stands there is not written to: a pipe would block, and a file may
	// be open to others.
	_ = os.Remove(name)
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	// Not synced: what a crash of the machine leaves cut off is ignored, and 500
	// upstreams that sync at once would hold up the start.
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(name, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return nil
}
