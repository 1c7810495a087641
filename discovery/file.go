package discovery

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"
)

const (
	// maxFile is the size of the largest list in bytes: a hundred thousand
	// endpoints of forty bytes each.
	maxFile = 4 << 20
	// defaultPoll is how often a file is looked at.
	defaultPoll = time.Second
	// fullEvery is after how many looks a file that seems unchanged is read
	// all the same: some network file systems and bind mounts keep old times.
	fullEvery = 60
	// raceTime is how old a file's time of change must be to prove that what
	// was read then is what it holds: two writes can fall into one tick of the
	// file system's clock and leave the same size.
	raceTime = 2 * time.Second
)

// file is a list in a file, looked at every poll.
//
// It is polled, not watched by the kernel: a mounted ConfigMap changes by a
// swapped symbolic link two directories up, editors and deployment tools
// rename, and a watch stays with the file that was there before; network file
// systems tell of no change at all. One open and one fstat a second notices
// each of these by another inode, time or size.
type file struct {
	uri  string
	path string
	poll time.Duration
}

func newFile(uri, path string, poll time.Duration) *file {
	if poll <= 0 {
		poll = defaultPoll
	}
	return &file{uri: uri, path: path, poll: poll}
}

func (f *file) String() string { return f.uri }

// Run publishes the list at once and whenever it has changed.
func (f *file) Run(ctx context.Context, publish func(Update)) error {
	w := watch{path: f.path}
	tick := time.NewTicker(f.poll)
	defer tick.Stop()
	for {
		if u, fresh := w.look(time.Now()); fresh {
			publish(u)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// watch is what is known of a file from the last looks at it.
type watch struct {
	path   string
	info   os.FileInfo // of the good content, nil before the first
	sum    [sha256.Size]byte
	read   time.Time // when that was read
	skips  int       // looks since then that did not read
	failed string    // the error that was told last, "" if the last look was good
	// What could not be parsed and why, so that a bad file is not parsed anew
	// each second.
	badSum [sha256.Size]byte
	bad    error
}

// look is what is to be told, if anything is.
func (w *watch) look(now time.Time) (Update, bool) {
	set, changed, err := w.load(now)
	switch {
	case err != nil && err.Error() == w.failed:
		return Update{}, false
	case err != nil:
		w.failed = err.Error()
		return Update{Err: err, At: now}, true
	case !changed:
		return Update{}, false
	}
	w.failed = ""
	return Update{Endpoints: set, At: now}, true
}

// load reads and parses the file, unless it is the same as last time.
func (w *watch) load(now time.Time) ([]Endpoint, bool, error) {
	// Without O_NONBLOCK, opening a named pipe waits for its writer.
	f, err := os.OpenFile(w.path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, false, fmt.Errorf("file: %w: write the list there, or correct discover", err)
	case errors.Is(err, fs.ErrPermission):
		return nil, false, fmt.Errorf("file: %w: let the user that the sidecar runs as read it", err)
	case err != nil:
		return nil, false, fmt.Errorf("file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, false, fmt.Errorf("file: %w", err)
	case !info.Mode().IsRegular():
		return nil, false, fmt.Errorf("file: %s is not a regular file: correct discover", w.path)
	case w.unchanged(info):
		return nil, false, nil
	}
	data, err := w.readAll(f, info)
	if err != nil {
		return nil, false, err
	}
	sum := sha256.Sum256(data)
	if w.bad != nil && sum == w.badSum {
		return nil, false, w.bad
	}
	var set []Endpoint
	changed := w.info == nil || w.failed != "" || sum != w.sum
	if changed {
		if set, w.bad = parseFile(w.path, data); w.bad != nil {
			w.badSum = sum
			return nil, false, w.bad
		}
	}
	w.info, w.sum, w.read, w.skips = info, sum, now, 0
	return set, changed, nil
}

// unchanged tells whether the file surely holds what was read of it last.
func (w *watch) unchanged(info os.FileInfo) bool {
	if w.info == nil || w.failed != "" || !os.SameFile(w.info, info) ||
		w.info.Size() != info.Size() || !w.info.ModTime().Equal(info.ModTime()) ||
		w.read.Sub(info.ModTime()) < raceTime {
		return false
	}
	w.skips++
	return w.skips < fullEvery
}

// readAll reads the whole file. A file that is written in place while it is
// read could parse and yet be only a part; the next look sees it whole.
func (w *watch) readAll(f *os.File, before os.FileInfo) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("file: %w", err)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("file: %s is larger than %d bytes", w.path, maxFile)
	}
	after, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("file: %w", err)
	}
	if after.Size() != int64(len(data)) || after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime()) {
		return nil, errors.New("file: " + w.path + " changed while it was read: write to another name and rename it")
	}
	return data, nil
}
