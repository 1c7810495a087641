package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// choice is what of a suite is run.
type choice struct {
	only  *regexp.Regexp // names of workloads; nil is the main ones
	peers *regexp.Regexp // names of peers; nil is all
	all   bool           // every workload
	with  []build        // further sidecars
}

// build is another binary of the sidecar, measured beside the first with the
// same configuration.
type build struct{ path, name string }

// parseBuild reads PATH[,NAME]; without a name it is that of the file.
func parseBuild(text string) (build, error) {
	path, name, named := strings.Cut(text, ",")
	if path == "" || named && name == "" {
		return build{}, fmt.Errorf("%q is not PATH or PATH,NAME", text)
	}
	if !named {
		name = filepath.Base(path)
	}
	// A relative path would be looked up from the CPU's command, and one
	// without a slash in $PATH.
	abs, err := filepath.Abs(path)
	if err != nil {
		return build{}, err
	}
	if info, err := os.Stat(abs); err != nil {
		return build{}, err
	} else if info.IsDir() || info.Mode()&0o111 == 0 {
		return build{}, fmt.Errorf("%s is no program", abs)
	}
	return build{path: abs, name: name}, nil
}

// of is the server that runs this build as subject runs the first one.
func (o build) of(subject server) server {
	s := subject
	s.name = o.name
	s.command = append([]string{o.path}, subject.command[1:]...)
	s.version = append([]string{o.path}, subject.version[1:]...)
	return s
}

// pick leaves of the suite what is to be run.
func (c choice) pick(s suite) (suite, error) {
	s.workloads = slices.DeleteFunc(slices.Clone(s.workloads), func(w workload) bool { return !c.runs(w) })
	s.peers = slices.DeleteFunc(slices.Clone(s.peers), func(p server) bool {
		return c.peers != nil && !c.peers.MatchString(p.name)
	})
	taken := []string{s.subject.name, s.backends[0].name, "direct"}
	for _, p := range s.peers {
		taken = append(taken, p.name)
	}
	for _, o := range c.with {
		// Its name is its line in the tables, and its directory.
		if slices.Contains(taken, o.name) || strings.ContainsAny(o.name, "/|") {
			return suite{}, fmt.Errorf("-with %s: the name %q is taken or has / or | in it: give another, as PATH,NAME", o.path, o.name)
		}
		taken = append(taken, o.name)
		s.peers = append(s.peers, o.of(s.subject))
	}
	return s, nil
}

func (c choice) runs(w workload) bool {
	if c.only != nil {
		return c.only.MatchString(w.name)
	}
	return c.all || !w.more
}
