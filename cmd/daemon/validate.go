package daemon

import (
	"errors"
	"fmt"
	"path/filepath"

	"sidecar"
	"sidecar/config"
	"sidecar/discovery"
	"sidecar/discovery/dns"
)

// read is the outcome of reading the file at path, with everything that
// components have to say about it. Where config has found something wrong, what
// they say about upstreams and registries is told beside that, and not only once
// it is mended.
func read(f *config.File, err error, path string) (*config.File, error) {
	var bad *config.Invalid
	switch {
	case err == nil:
		return examined(f, path)
	case errors.As(err, &bad) && bad.Partial != nil:
		bad.Add(validateUpstreams(bad.Partial, path))
	}
	return nil, err
}

// examined is f with the notes of what is valid and yet hardly meant, or what
// is wrong with it.
func examined(f *config.File, path string) (*config.File, error) {
	if problems := validate(f, path); len(problems) > 0 {
		bad := new(config.Invalid)
		bad.Add(problems)
		return nil, bad
	}
	f.Notes = append(f.Notes, loops(f)...)
	_, notes := checkZooKeeper(f)
	f.Notes = append(f.Notes, notes...)
	return f, nil
}

// validate asks components about what only they can judge, each problem with
// the line of its key. It binds and dials nothing, and reads interface files only.
func validate(f *config.File, path string) []config.Problem {
	problems := validateUpstreams(f, path)
	known := map[string]sidecar.Service{}
	for _, u := range f.Upstreams {
		known[u.Name] = sidecar.ServiceFunc(nil) // never called
	}
	for _, l := range f.Listeners {
		if l.Protocol != config.ProtocolRedis {
			problems = append(problems, checkRoutes(f, l, known)...)
		}
	}
	problems = append(problems, checkCommands(f)...)
	problems = append(problems, checkClientsTLS(f)...)
	return append(problems, checkKafka(f)...)
}

// validateUpstreams asks about upstreams and registries only. f may be the part
// of a file that could be read.
func validateUpstreams(f *config.File, path string) (problems []config.Problem) {
	for _, u := range f.Upstreams {
		for i, uri := range u.Discover {
			if _, err := discovery.Parse(uri, sourceParams(path)); err != nil {
				problems = append(problems, f.ProblemAt(discoverKey(u, i), err.Error()))
			}
		}
	}
	problems = append(problems, checkPeers(f, path)...)
	for _, u := range f.Upstreams {
		problems = append(problems, checkInterface(f, u, path)...)
		problems = append(problems, checkTLS(f, u)...)
	}
	for _, u := range f.Upstreams {
		if hash := u.Balance.Hash; hash != "" {
			if _, ok := selectors(u.Protocol)(hash); !ok {
				problems = append(problems, f.ProblemAt(u.Key+".balance.hash", fmt.Sprintf(partsOf(u.Protocol), hash)))
			}
		}
	}
	wrong, _ := checkZooKeeper(f)
	return append(problems, wrong...)
}

// partsOf says which parts a request of the protocol has, to whoever asks for
// another.
func partsOf(protocol string) string {
	if protocol == config.ProtocolRedis {
		return "a command of Redis has no part named %q: expected key, command or client"
	}
	if protocol == config.ProtocolKafka {
		return "a session of Kafka has no part named %q: expected client or node"
	}
	if callsThrift(protocol) {
		return "a Thrift call has no part named %q: expected header:NAME, client_id, client, method or service; over ThriftMux also context:NAME and dest"
	}
	return "an HTTP request has no part named %q: expected header:NAME, cookie:NAME, path:N, query:NAME, client, host, path, method or request_id"
}

// located is err with the setting that it comes of; nil if that is.
func located(f *config.File, key string, err error) error {
	if err == nil {
		return nil
	}
	for _, s := range f.Settings() {
		if s.Key == key && s.Origin == "default" {
			return fmt.Errorf("%s: %s (the default): %w", f.Name, key, err)
		}
	}
	return errors.New(f.ProblemAt(key, err.Error()).String())
}

// sourceParams: relative file:// lists lie beside the configuration.
func sourceParams(path string) discovery.Params {
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		dir = ""
	}
	return discovery.Params{Dir: dir, Schemes: map[string]func(string) (discovery.Source, error){"dns": byName, "srv": byName, "zk": checkedZooKeeper, "xds": checkedXDS}}
}

// byName is the source of a dns:// or srv:// URI.
func byName(uri string) (discovery.Source, error) {
	s, err := dns.New(uri)
	if err != nil {
		return nil, err // a nil *dns.Source in a Source would not be nil
	}
	return s, nil
}

// discoverKey names the i-th URI of an upstream as who wrote it sees it: there
// is no list where there is one.
func discoverKey(u config.Upstream, i int) string {
	if len(u.Discover) == 1 {
		return u.Key + ".discover"
	}
	return fmt.Sprintf("%s.discover[%d]", u.Key, i)
}
