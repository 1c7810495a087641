package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// Run keeps the file until ctx ends.
func (l *Ports) Run(ctx context.Context) {
	failed := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.wake:
		}
		text := ""
		if err := l.save(); err != nil {
			text = err.Error()
			if text != failed {
				l.p.Log.Warn("kafka: which node has which port cannot be kept for the next process", "path", l.p.Path, "err", err)
			}
		}
		failed = text
	}
}

// save writes the file.
func (l *Ports) save() error {
	if l.p.Path == "" {
		return nil
	}
	l.mu.Lock()
	data, err := l.table.encode()
	l.mu.Unlock()
	if err != nil {
		return err
	}
	return writePorts(l.p.Path, data)
}

// readPorts reads a file of ports.
func readPorts(path string) ([]byte, error) {
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
	case info.Mode().Perm()&0o022 != 0:
		return nil, fmt.Errorf("others may write it (mode %o): what it says cannot be trusted", info.Mode().Perm())
	}
	return io.ReadAll(io.LimitReader(f, maxPortsFile+1))
}

// writePorts writes to another name and renames, so that whoever reads finds one
// table or the other whole.
func writePorts(path string, data []byte) error {
	name := fmt.Sprintf("%s.%d", path, os.Getpid()) // whoever else writes here has another
	_ = os.Remove(name)
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(name, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return nil
}
