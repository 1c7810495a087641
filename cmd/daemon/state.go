package daemon

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"sidecar/config"
)

// recordsDir is the folder of the state directory that keeps what discovery
// knows, a file an upstream.
const recordsDir = "discovery"

// makeState makes the folders that state is kept in, for nobody else to read:
// a configured place that cannot be used is a mistake to be told at start.
func makeState(f *config.File) error {
	dir := f.Process.StateDir
	if dir == "" {
		return nil
	}
	dir = filepath.Join(dir, recordsDir)
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		err = tryWriting(dir)
	}
	if err != nil {
		return located(f, "process.state_dir", fmt.Errorf("%w: make the directory and let the user that the sidecar runs as write to it", err))
	}
	return nil
}

// portsFile is the file that keeps which broker has which port of a listener, "" if
// nothing is kept.
func portsFile(f *config.File, listener string) string {
	if f.Process.StateDir == "" {
		return ""
	}
	return filepath.Join(f.Process.StateDir, recordsDir, listener+".ports.json")
}

// tryWriting tells at once what would else show when the process ends, as a
// record that the next one misses.
func tryWriting(dir string) error {
	f, err := os.CreateTemp(dir, "try-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// recordOf is the file that keeps what discovery knows of an upstream, "" if
// nothing is kept.
func recordOf(f *config.File, upstream string) string {
	if f.Process.StateDir == "" {
		return ""
	}
	return filepath.Join(f.Process.StateDir, recordsDir, upstream+".json")
}
