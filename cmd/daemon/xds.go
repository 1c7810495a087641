package daemon

import (
	"crypto/tls"
	"io"
	"net/url"
	"os"
	"sync/atomic"

	"sidecar/config"
	"sidecar/discovery"
	"sidecar/discovery/xds"
)

// planes are the streams to control planes, with the settings that the next one
// is made by.
type planes struct {
	*xds.Planes
	settings atomic.Pointer[xds.Settings]
}

func newPlanes(d *daemon, f *config.File) *planes {
	p := new(planes)
	p.set(f)
	p.Planes = xds.NewPlanes(xds.Params{
		Settings: func() xds.Settings { return *p.settings.Load() }, Registry: d.registry, Log: d.log,
		Resolve: func(address, family string) (discovery.Source, error) {
			return byName("dns://" + address + "?family=" + family)
		},
	})
	return p
}

func (p *planes) set(f *config.File) {
	x := f.XDS
	s := xds.Settings{
		NodeID: x.NodeID, NodeCluster: x.NodeCluster, Region: x.Region, Zone: f.Process.Zone, Version: Version,
		Variant: xds.Variant(x.Variant), Keepalive: x.Keepalive,
	}
	if s.NodeID == "" {
		s.NodeID, _ = os.Hostname() // without one, the control plane says what it misses
	}
	if x.Token != (config.Secret{}) {
		s.Token = func() (string, error) { return readSecret(x.Token) }
	}
	if x.TLS {
		s.TLS = func() (*tls.Config, error) { return tlsConfig(registryKeys, x.TLSCA, x.TLSCert, x.TLSKey, x.TLSName) }
	}
	p.settings.Store(&s)
}

// checkedXDS looks at an xds:// URI without making anything of it.
func checkedXDS(uri string) (discovery.Source, error) {
	if _, err := xds.ParseLocation(uri); err != nil {
		return nil, err
	}
	return discovery.Static(uri, nil), nil
}

// reloadXDS makes the streams anew where they would be others now.
func (d *daemon) reloadXDS(old, f *config.File) {
	if old.XDS == f.XDS && old.Process.Zone == f.Process.Zone {
		return
	}
	d.xds.set(f)
	d.xds.Reconnect()
}

// xdsPage tells of the control planes.
func (d *daemon) xdsPage(w io.Writer, _ url.Values) error {
	type row struct {
		Server    string `json:"server"`
		Connected bool   `json:"connected"`
		Since     string `json:"since"`
		Variant   string `json:"variant,omitempty"`
		Sources   int    `json:"sources"`
		Version   string `json:"version,omitempty"` // of the clusters, in the form that has one
		Refused   string `json:"refused,omitempty"` // why the last response that was refused was
		Error     string `json:"error,omitempty"`
	}
	list := []row{}
	for _, s := range d.xds.States() {
		list = append(list, row{s.Server, s.Connected, stamp(s.Since), string(s.Variant), s.Sources, s.Version, s.Refused, s.Error})
	}
	return writeJSON(w, list)
}
