package e2e

import (
	"strings"
	"testing"
	"time"

	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"

	"sidecar/internal/ads"
)

// ruled is a sidecar that goes by a control plane's cluster "web".
type ruled struct {
	t     *testing.T
	plane *ads.Server
	conf  conf
	p     *proc
}

// newRuled starts both; the cluster is not known yet.
func newRuled(t *testing.T, variant string) *ruled {
	r := &ruled{t: t, plane: ads.New(t, ads.Params{Node: "host-7"})}
	r.conf = conf{
		discover: "xds://" + r.plane.Address + "/web", process: "zone = \"a\"",
		upstream: "[upstream.web.balance]\npolicy = \"p2c\"\n[upstream.web.breaker]\nmin_backoff = \"1s\"\n",
		more:     "[xds]\nnode_id = \"host-7\"\nvariant = \"" + variant + "\"\n",
	}
	r.p = launch(t, "", r.conf)
	return r
}

// begin sends requests.
func (r *ruled) begin() *load {
	l := (&load{t: r.t, d: drivers()[0], address: r.p.port, clients: 8, pause: time.Millisecond}).begin()
	l.more(100)
	return l
}

// set makes these the endpoints, in one locality unless change does otherwise.
func (r *ruled) set(version string, change func(*endpointv3.ClusterLoadAssignment), backends ...*backend) {
	r.t.Helper()
	var all []string
	for _, b := range backends {
		all = append(all, b.address())
	}
	a := ads.Load(r.t, "web", all...)
	if change != nil {
		change(a)
	}
	r.plane.Set(version, ads.Clusters("web"), a)
}

// uses waits until these are the endpoints.
func (r *ruled) uses(when string, backends ...*backend) {
	r.t.Helper()
	var all []string
	for _, b := range backends {
		all = append(all, b.address())
	}
	r.right(when, func() bool { return r.p.admin.addresses() == joined(all...) })
}

// right waits until it is so, and says how long that took.
func (r *ruled) right(when string, so func() bool) {
	r.t.Helper()
	began := time.Now()
	await(r.t, "the endpoints "+when, so)
	took := time.Since(began)
	r.t.Logf("right %v %s", took.Round(time.Millisecond), when)
	if conformance() && took > statedTime {
		r.t.Errorf("right %v %s, later than %v", took, when, statedTime)
	}
}

// shows waits until a page has that text.
func (r *ruled) shows(path, text string) {
	r.t.Helper()
	await(r.t, text+" on "+path, func() bool {
		_, page := r.p.admin.get(path)
		return strings.Contains(page, text)
	})
}

// nonsense sets endpoints that no client can take, and shows that the control
// plane is told, and whoever looks.
func (r *ruled) nonsense(b *backend) {
	r.t.Helper()
	began := time.Now()
	r.set("bad", func(a *endpointv3.ClusterLoadAssignment) { a.Endpoints[0].Priority = 1000 }, b)
	r.plane.AwaitRefused("priority 1000")
	r.t.Logf("the control plane is told of nonsense after %v", time.Since(began).Round(time.Millisecond))
	r.shows("/xds", "priority 1000")
	r.shows("/discovery", "what was known before stays")
}
