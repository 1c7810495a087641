package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/BurntSushi/toml"
)

// maxFile is the size of a file that is read at all. It bounds whatever is made
// of it; ten thousand routes fit in.
const maxFile = 1 << 20

// Load reads the file at path. The error is an *Invalid if the file could be
// read but not used. The environment's STATE_DIRECTORY stands for
// process.state_dir where the file does not set it; nothing else is taken from
// anywhere but the file.
func Load(path string) (*File, error) {
	file, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("read configuration: %w: name a file with -config FILE", err)
	case err != nil:
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	defer file.Close()
	src, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w: name a file with -config FILE", err)
	}
	return parse(path, src, os.Getenv(stateEnv))
}

// Parse reads a configuration from src; name is the file's in messages. The
// error is an *Invalid. It depends on nothing but its arguments.
func Parse(name string, src []byte) (*File, error) { return parse(name, src, "") }

func parse(name string, src []byte, envState string) (*File, error) {
	r := &reader{name: name, lines: map[string]int{}, homes: map[string][]string{}}
	values, marks := r.decode(src)
	if values == nil {
		return nil, &Invalid{Problems: r.problems}
	}
	root := r.table("", values, marks, 1)
	f := &File{
		Name:      name,
		Process:   process(root, envState),
		Admin:     admin(root),
		Listeners: listeners(root),
	}
	f.Upstreams = upstreams(root, f.Process, leads(f.Listeners))
	f.ZooKeepers, f.Announces, f.XDS = zooKeepers(root), announces(root), xds(root)
	root.done()
	references(r, f)
	r.sendHome()
	f.names = listenerNames(f.Listeners)
	f.settings, f.lines = r.settings, r.lines
	if len(r.problems) > 0 {
		for i := range r.problems {
			r.problems[i].shown = f.names.key(r.problems[i].Key)
		}
		bad := &Invalid{Partial: f}
		bad.Add(r.problems)
		return nil, bad
	}
	for _, n := range r.notes {
		n.shown = f.names.key(n.Key)
		f.Notes = append(f.Notes, n.String())
	}
	return f, nil
}

// decode gives the generic tree of the file and the places in it; nil after a
// problem. The scanner goes first: the decoder cannot bear a value that is
// nested without end.
func (r *reader) decode(src []byte) (map[string]any, *mark) {
	if len(src) > maxFile {
		r.problem(1, "", "the file is larger than the limit of %s", sizeText(maxFile))
		return nil, nil
	}
	marks, deep := scan(string(src))
	if deep > 0 {
		r.problem(deep, "", "nested too deeply: more than %d values in each other or names joined by dots", maxDepth)
		return nil, nil
	}
	values := map[string]any{}
	if _, err := toml.Decode(string(src), &values); err != nil {
		line, key, message := unreadable(string(src), err)
		r.problem(line, key, "not TOML: %s", message)
		return nil, nil
	}
	return values, marks
}
