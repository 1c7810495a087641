package xds

import (
	"fmt"
	"math"
	"strings"
	"testing"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"sidecar/discovery"
)

// load reads an assignment as Envoy's documentation writes them.
func load(t testing.TB, text string) *endpointv3.ClusterLoadAssignment {
	t.Helper()
	a := new(endpointv3.ClusterLoadAssignment)
	if err := protojson.Unmarshal([]byte(text), a); err != nil {
		t.Fatal(err)
	}
	return a
}

func at(host, more string) string {
	return `{"endpoint":{"address":{"socket_address":{"address":"` + host + `","port_value":80}}}` + more + `}`
}

func TestLocalitiesGetTheirPartOfTheLoad(t *testing.T) {
	for name, c := range map[string]struct{ localities, want string }{
		"no weights":                         {`{"lb_endpoints":[` + at("a", "") + `,` + at("b", "") + `]}`, "a b"},
		"weights of endpoints":               {`{"lb_endpoints":[` + at("a", `,"load_balancing_weight":3`) + `,` + at("b", "") + `]}`, "a*3 b"},
		"equal localities of unequal length": {`{"load_balancing_weight":1,"lb_endpoints":[` + at("a", "") + `]},{"load_balancing_weight":1,"lb_endpoints":[` + at("b", "") + `,` + at("c", "") + `,` + at("d", "") + `]}`, "a*2 b*0.667 c*0.667 d*0.667"},
		"localities that weigh what is in them": {
			`{"load_balancing_weight":4,"lb_endpoints":[` + at("a", `,"load_balancing_weight":3`) + `,` + at("b", "") + `]},{"load_balancing_weight":2,"lb_endpoints":[` + at("c", `,"load_balancing_weight":2`) + `]}`, "a*3 b c*2"},
		"a locality without a weight beside others": {`{"lb_endpoints":[` + at("a", "") + `]},{"load_balancing_weight":5,"lb_endpoints":[` + at("b", "") + `]}`, "b"},
		"each priority for itself":                  {`{"load_balancing_weight":1,"lb_endpoints":[` + at("a", "") + `]},{"priority":1,"lb_endpoints":[` + at("b", "") + `]},{"priority":1,"lb_endpoints":[` + at("c", "") + `]}`, "a b!1 c!1"},
		"an empty locality gets nothing":            {`{"load_balancing_weight":9,"lb_endpoints":[]},{"load_balancing_weight":1,"lb_endpoints":[` + at("b", "") + `]}`, "b"},
		"one drains, the others stay": {
			`{"load_balancing_weight":1,"lb_endpoints":[` + at("a", `,"health_status":"DRAINING"`) + `,` + at("b", "") + `]},{"load_balancing_weight":1,"lb_endpoints":[` + at("c", "") + `]}`, "b*0.75 c*1.5"},
	} {
		m, err := parseLoad(load(t, `{"cluster_name":"x","endpoints":[`+c.localities+`]}`))
		if got := show(discovery.Update{Endpoints: m.set}); err != nil || got != c.want {
			t.Errorf("%s: got %s, %v; want %s", name, got, err, c.want)
		}
	}
}

func TestWhatIsMeantToGoIsRetired(t *testing.T) {
	drains, unwell := `,"health_status":"DRAINING"`, `,"health_status":"UNHEALTHY"`
	for name, c := range map[string]struct{ localities, want string }{
		"draining":                       {`{"lb_endpoints":[` + at("a", drains) + `,` + at("b", "") + `]}`, "[a:80]"},
		"unwell":                         {`{"lb_endpoints":[` + at("a", unwell) + `,` + at("b", "") + `]}`, "[]"},
		"unwell, and others stand by":    {`{"lb_endpoints":[` + at("a", unwell) + `]},{"priority":1,"lb_endpoints":[` + at("b", "") + `]}`, "[a:80]"},
		"unwell, of those that stand by": {`{"lb_endpoints":[` + at("a", "") + `]},{"priority":1,"lb_endpoints":[` + at("b", unwell) + `]}`, "[]"},
		"unwell, as those that stand by": {`{"lb_endpoints":[` + at("a", unwell) + `]},{"priority":1,"lb_endpoints":[` + at("b", unwell) + `]}`, "[]"},
		"a locality without load":        {`{"load_balancing_weight":1,"lb_endpoints":[` + at("a", "") + `]},{"lb_endpoints":[` + at("b", "") + `]}`, "[b:80]"},
	} {
		m, err := parseLoad(load(t, `{"cluster_name":"x","endpoints":[`+c.localities+`]}`))
		if got := fmt.Sprint(m.retired); err != nil || got != c.want {
			t.Errorf("%s: got %s, %v; want %s", name, got, err, c.want)
		}
	}
}

func TestMetadataBecomesLabels(t *testing.T) {
	m, err := parseLoad(load(t, `{"endpoints":[{"locality":{"region":"eu","zone":"a","sub_zone":"r7"},"lb_endpoints":[
		`+at("a", `,"metadata":{"filter_metadata":{"envoy.lb":{"version":"2","canary":true,"shard":7,"list":[1],"long":"`+strings.Repeat("x", 300)+`"},
			"sidecar":{"identity":"pod-1","tls_name":"a.internal"},"istio":{"workload":"w"}}}`)+`,`+at("b", "")+`]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	a, b := m.set[0], m.set[1]
	if len(a.Labels) != 5 || a.Labels["version"] != "2" || a.Labels["canary"] != "true" || a.Labels["shard"] != "7" || a.Labels["region"] != "eu" || a.Labels["sub_zone"] != "r7" {
		t.Errorf("labels %v", a.Labels)
	}
	if a.Identity != "pod-1" || a.TLSName != "a.internal" || a.Zone != "a" || b.Identity != "" || len(b.Labels) != 2 || b.Zone != "a" {
		t.Errorf("got %+v, %+v", a, b)
	}
}

func TestWhatIsNoEndpointIsRefusedWithTheReason(t *testing.T) {
	for name, c := range map[string]struct{ endpoints, want string }{
		"a pipe":            {`{"lb_endpoints":[{"endpoint":{"address":{"pipe":{"path":"/x"}}}}]}`, "pipe: expected socket_address"},
		"an internal one":   {`{"lb_endpoints":[{"endpoint":{"address":{"envoy_internal_address":{"server_listener_name":"x"}}}}]}`, "envoy_internal_address"},
		"no address":        {`{"lb_endpoints":[{"endpoint":{}}]}`, "no address"},
		"nothing":           {`{"lb_endpoints":[{}]}`, "no address"},
		"UDP":               {`{"lb_endpoints":[{"endpoint":{"address":{"socket_address":{"protocol":"UDP","address":"a","port_value":1}}}}]}`, "protocol UDP: expected TCP"},
		"a named port":      {`{"lb_endpoints":[{"endpoint":{"address":{"socket_address":{"address":"a","named_port":"http"}}}}]}`, `named_port "http"`},
		"no port":           {`{"lb_endpoints":[{"endpoint":{"address":{"socket_address":{"address":"a"}}}}]}`, `port "0"`},
		"a large port":      {`{"lb_endpoints":[{"endpoint":{"address":{"socket_address":{"address":"a","port_value":65536}}}}]}`, "65536"},
		"an odd host":       {`{"lb_endpoints":[{"endpoint":{"address":{"socket_address":{"address":"a b","port_value":1}}}}]}`, "lb_endpoints[0]"},
		"a name":            {`{"lb_endpoints":[{"endpoint_name":"x"}]}`, "expected endpoint"},
		"a resolver":        {`{"lb_endpoints":[{"endpoint":{"address":{"socket_address":{"address":"a","port_value":1,"resolver_name":"r"}}}}]}`, "resolver_name"},
		"LEDS":              {`{"leds_cluster_locality_config":{}}`, "expected lb_endpoints"},
		"a high priority":   {`{"priority":129}`, "priority 129: expected 0 to 128"},
		"too much weight":   {`{"load_balancing_weight":4294967295,"lb_endpoints":[` + at("a", "") + `]},{"load_balancing_weight":1,"lb_endpoints":[` + at("b", "") + `]}`, "more than 4294967295"},
		"bad and unhealthy": {`{"lb_endpoints":[{"health_status":"UNHEALTHY","endpoint":{"address":{"pipe":{"path":"/x"}}}}]}`, "pipe"},
	} {
		_, err := parseLoad(load(t, `{"endpoints":[`+c.endpoints+`]}`))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v does not say %q", name, err, c.want)
		}
	}
}

func manyNames(n int) string {
	var all []string
	for i := range n {
		all = append(all, at(fmt.Sprint("n", i), ""))
	}
	return strings.Join(all, ",")
}

func TestTypesOfClusters(t *testing.T) {
	const ads = `"eds_cluster_config":{"eds_config":{"ads":{}}}`
	for name, c := range map[string]struct{ cluster, want string }{
		"EDS over ADS":         {`"type":"EDS",` + ads, ""},
		"EDS from itself":      {`"type":"EDS","eds_cluster_config":{"eds_config":{"self":{}},"service_name":"other"}`, ""},
		"EDS from a file":      {`"type":"EDS","eds_cluster_config":{"eds_config":{"path":"/x"}}`, "expected ads {} or self {}"},
		"EDS from nowhere":     {`"type":"EDS"`, "expected ads {} or self {}"},
		"nothing said":         {`"name":"x"`, ""},
		"names to resolve":     {`"type":"STRICT_DNS","load_assignment":{"endpoints":[{"lb_endpoints":[` + at("a", "") + `,` + at("b", "") + `]}]}`, ""},
		"too many names":       {`"type":"STRICT_DNS","load_assignment":{"endpoints":[{"lb_endpoints":[` + manyNames(maxNames+1) + `]}]}`, "more than the limit of 256 names"},
		"original destination": {`"type":"ORIGINAL_DST"`, "type ORIGINAL_DST is not supported"},
		"custom":               {`"cluster_type":{"name":"envoy.clusters.aggregate"}`, `cluster_type "envoy.clusters.aggregate" is not supported`},
		"two logical names":    {`"type":"LOGICAL_DNS","load_assignment":{"endpoints":[{"lb_endpoints":[` + at("a", "") + `,` + at("b", "") + `]}]}`, "exactly one endpoint, got 2"},
		"a logical name":       {`"type":"LOGICAL_DNS","load_assignment":{"endpoints":[{"lb_endpoints":[` + at("a", "") + `]}]}`, ""},
		"bad static":           {`"load_assignment":{"endpoints":[{"lb_endpoints":[{}]}]}`, "no address"},
		"plain transport":      {`"type":"EDS",` + ads + `,"transport_socket":{"name":"envoy.transport_sockets.raw_buffer"}`, ""},
		"TLS":                  {`"type":"EDS",` + ads + `,"transport_socket":{"name":"envoy.transport_sockets.tls"}`, "connected to without TLS"},
		"TLS for some":         {`"type":"EDS",` + ads + `,"transport_socket_matches":[{"name":"mtls","transport_socket":{"name":"tls"}}]`, "transport_socket_matches[0]"},
	} {
		var cl clusterv3.Cluster
		if err := protojson.Unmarshal([]byte("{"+c.cluster+"}"), &cl); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_, err := parseCluster(&cl)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v does not say %q", name, err, c.want)
		}
	}
}

// FuzzResource: whatever comes, it is refused or makes endpoints that can be
// used.
func FuzzResource(f *testing.F) {
	seed := func(m proto.Message) {
		b, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	seed(load(f, `{"cluster_name":"x","endpoints":[{"priority":1,"locality":{"zone":"a"},"load_balancing_weight":7,"lb_endpoints":[
		`+at("10.0.0.1", `,"load_balancing_weight":3,"metadata":{"filter_metadata":{"envoy.lb":{"a":1}}}`)+`,`+at("::1", `,"health_status":"DRAINING"`)+`]}]}`))
	seed(&clusterv3.Cluster{Name: "x", ClusterDiscoveryType: &clusterv3.Cluster_Type{Type: clusterv3.Cluster_EDS}, EdsClusterConfig: &clusterv3.Cluster_EdsClusterConfig{
		ServiceName: "y", EdsConfig: &corev3.ConfigSource{ConfigSourceSpecifier: &corev3.ConfigSource_Ads{}}}})
	seed(&clusterv3.Cluster{Name: "x", LoadAssignment: load(f, `{"endpoints":[{"lb_endpoints":[`+at("a", "")+`]}]}`)})
	seed(&clusterv3.Cluster{Name: "x", ClusterDiscoveryType: &clusterv3.Cluster_Type{Type: clusterv3.Cluster_STRICT_DNS},
		LoadAssignment: load(f, `{"endpoints":[{"lb_endpoints":[`+at("a", "")+`]}]}`)})
	f.Fuzz(func(t *testing.T, b []byte) {
		for k := range kinds {
			p, err := parse(k, item{body: &anypb.Any{TypeUrl: k.typeURL(), Value: b}})
			if err != nil {
				continue
			}
			m := p.members
			if p.cluster.fixed != nil {
				m = *p.cluster.fixed
			}
			if len(m.set) > m.announced {
				t.Errorf("%d of %d", len(m.set), m.announced)
			}
			if len(m.names) > len(m.set) || len(m.names) > maxNames {
				t.Errorf("%d names of %d endpoints", len(m.names), len(m.set))
			}
			for _, e := range m.set {
				if again, err := discovery.ParseAddress(e.Address); err != nil || again != e.Address {
					t.Errorf("address %q: %q, %v", e.Address, again, err)
				}
				if !(e.Weight > 0) || math.IsInf(e.Weight, 0) || e.Priority < 0 || e.Priority > discovery.MaxPriority || !printable(e.Zone) || len(e.Labels) > maxLabels+2 {
					t.Errorf("%+v", e)
				}
			}
		}
	})
}
