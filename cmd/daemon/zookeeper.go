package daemon

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"sidecar/config"
	"sidecar/discovery"
	"sidecar/discovery/zk"
)

// ensembles are the connections to ZooKeeper, with the settings that the next
// one is made by, and what is announced there.
type ensembles struct {
	*zk.Ensembles
	settings  atomic.Pointer[[]config.ZooKeeper]
	announced announcements
}

func newEnsembles(d *daemon, settings []config.ZooKeeper) *ensembles {
	e := &ensembles{announced: announcements{d: d}}
	e.settings.Store(&settings)
	e.Ensembles = zk.NewEnsembles(zk.Params{Settings: e.of, Registry: d.registry, Log: d.log})
	return e
}

// of are the settings of the ensemble with these servers.
func (e *ensembles) of(servers []string) zk.Settings {
	for _, z := range *e.settings.Load() {
		if own, err := zk.ParseServers(z.Servers); err != nil || !slices.Equal(own, servers) {
			continue
		}
		s := zk.Settings{SessionTimeout: z.SessionTimeout}
		if z.Auth != (config.Secret{}) {
			s.Auth = func() (string, error) { return readLogin(z) }
		}
		if z.TLS {
			s.TLS = func() (*tls.Config, error) { return tlsConfig(registryKeys, z.TLSCA, z.TLSCert, z.TLSKey, z.TLSName) }
		}
		return s
	}
	return zk.Settings{}
}

// readLogin reads the credentials for an ensemble. ZooKeeper takes any, and lets
// whoever has the wrong ones do nothing later.
func readLogin(z config.ZooKeeper) (string, error) {
	text, err := readSecret(z.Auth)
	if user, _, both := strings.Cut(text, ":"); err == nil && (!both || user == "") {
		err = errors.New(`expected "user:password"`)
	}
	if err != nil {
		return "", fmt.Errorf("%s.auth: %w", z.Key, err)
	}
	return text, nil
}

// sourceParams are those of the sources of the upstream named service.
func (d *daemon) sourceParams(service string) discovery.Params {
	p := sourceParams(d.path)
	p.Schemes["zk"] = func(uri string) (discovery.Source, error) { return d.zk.Source(uri, service) }
	p.Schemes["xds"] = func(uri string) (discovery.Source, error) { return d.xds.Source(uri, service) }
	return p
}

// checkedZooKeeper looks at a zk:// URI without making anything of it.
func checkedZooKeeper(uri string) (discovery.Source, error) {
	if _, err := zk.ParseLocation(uri); err != nil {
		return nil, err
	}
	return discovery.Static(uri, nil), nil
}

// checkZooKeeper says what is wrong with tables of ensembles and with
// announcements, and notes tables that nobody comes to.
func checkZooKeeper(f *config.File) (problems []config.Problem, notes []string) {
	used := map[string]bool{}
	use := func(uri string) {
		if l, err := zk.ParseLocation(uri); err == nil {
			used[strings.Join(l.Servers, ",")] = true
		}
	}
	for _, u := range f.Upstreams {
		for _, uri := range u.Discover {
			use(uri)
		}
		use(u.Balance.Peers.Discover)
	}
	first := map[string]string{}
	for _, a := range f.Announces {
		use(a.To)
		if _, key, err := announcement(a); err != nil {
			problems = append(problems, f.ProblemAt(a.Key+"."+key, err.Error()))
			continue
		}
		same := a.To + " " + a.Address
		if other, twice := first[same]; twice {
			problems = append(problems, f.ProblemAt(a.Key, fmt.Sprintf("announces what %s announces, in the same place", other)))
		}
		first[same] = a.Name
	}
	ensembles := map[string]string{}
	for _, z := range f.ZooKeepers {
		servers, err := zk.ParseServers(z.Servers)
		key := strings.Join(servers, ",")
		switch other, twice := ensembles[key]; {
		case err != nil:
			problems = append(problems, f.ProblemAt(z.Key+".servers", err.Error()))
		case twice:
			problems = append(problems, f.ProblemAt(z.Key+".servers", "these are the servers of "+other+", too"))
		case !used[key]:
			notes = append(notes, f.ProblemAt(z.Key+".servers", "no discover and no announcement names these servers").String())
		}
		ensembles[key] = z.Key
	}
	return problems, notes
}

// reloadZooKeeper applies what a reload says of ensembles and announcements.
func (d *daemon) reloadZooKeeper(old, f *config.File) {
	if !slices.EqualFunc(old.ZooKeepers, f.ZooKeepers, func(a, b config.ZooKeeper) bool { return a == b }) {
		d.log.Warn("changed settings of [zookeeper] count for connections that are made from now on")
		d.zk.settings.Store(&f.ZooKeepers)
	}
	if err := d.zk.announced.apply(f.Announces); err != nil {
		d.log.Error("announcements not applied", "error", err)
	}
}

// zooKeeperPage tells of the connections.
func (d *daemon) zooKeeperPage(w io.Writer, _ url.Values) error {
	type ensemble struct {
		zk.State
		Since string `json:"since"`
	}
	list := []ensemble{}
	for _, s := range d.zk.States() {
		list = append(list, ensemble{s, s.Since.UTC().Format(timeFormat)})
	}
	return writeJSON(w, list)
}
