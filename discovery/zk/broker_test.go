package zk

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"sidecar/discovery"
)

func TestListenersOfBrokersAreFoundByNameAndProtocol(t *testing.T) {
	m, err := DecodeMember(golden(t, "broker"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"INTERNAL": "10.0.0.5:9092", "EXTERNAL": "b1.example.com:9093", "BACKUP": "b1.example.com:9095",
		"PLAINTEXT": "10.0.0.5:9092", "SASL_SSL": "b1.example.com:9093", "": "10.0.0.5:9092",
	} {
		e, err := m.endpoint(name)
		if err != nil || e.Address != want || e.Zone != "use1-az1" || e.Weight != 1 {
			t.Errorf("%q: %+v, %v; want %s", name, e, err, want)
		}
	}
}

func TestBrokersOfAllVersionsAreRead(t *testing.T) {
	for name, c := range map[string]struct{ data, want string }{
		"version 1":       {`{"jmx_port":9999,"timestamp":"2233345666","host":"b1","version":1,"port":9092}`, "b1:9092"},
		"version 2":       {`{"jmx_port":-1,"timestamp":"1","endpoints":["PLAINTEXT://b1:9092"],"host":"b1","version":2,"port":9092}`, "b1:9092"},
		"version 3":       {`{"endpoints":["SSL://b1:9093","PLAINTEXT://b1:9092"],"rack":null,"host":"b1","version":3,"port":9092}`, "b1:9092"},
		"only encrypted":  {`{"listener_security_protocol_map":{"SSL":"SSL"},"endpoints":["SSL://b1:9093"],"host":null,"port":-1,"version":4}`, "b1:9093"},
		"IPv6":            {`{"endpoints":["PLAINTEXT://[2001:DB8::1]:9092"],"host":"2001:DB8::1","port":9092,"version":4}`, "[2001:db8::1]:9092"},
		"one that is bad": {`{"endpoints":["PLAINTEXT://b1:9092","SSL://:9093","x"],"host":"b1","port":9092,"version":4}`, "b1:9092"},
	} {
		m, err := DecodeMember([]byte(c.data))
		if e, missing := m.endpoint(""); err != nil || missing != nil || e.Address != c.want {
			t.Errorf("%s: %+v, %v, %v; want %s", name, e, err, missing, c.want)
		}
	}
}

func TestBrokerThatCannotBeUsedIsTold(t *testing.T) {
	for data, want := range map[string]string{
		`{"endpoints":[],"version":4}`:                           "0 endpoints: expected 1 to 64",
		`{"endpoints":"PLAINTEXT://b1:9092","version":4}`:        "expected a list",
		`{"endpoints":["b1:9092"],"version":4}`:                  "no NAME://host:port",
		`{"endpoints":["SSL://:9093"],"version":4}`:              "endpoint SSL: missing host",
		`{"endpoints":["SSL://b1"],"version":4}`:                 "endpoint SSL: expected host:port",
		`{"endpoints":["SSL://b1:0"],"version":4}`:               "from 1 to 65535",
		`{"endpoints":["SSL://me:hunter2@b1:9092"],"version":4}`: "endpoint SSL: expected host:port",
	} {
		if _, err := DecodeMember([]byte(data)); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v does not say %q", data, err, want)
		}
	}
	m, err := DecodeMember([]byte(`{"endpoints":["SSL://b1:9093","SASL_SSL://b1:9094"],"host":null,"port":-1,"version":4}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.endpoint(""); err == nil || !strings.Contains(err.Error(), "it has SASL_SSL, SSL; name one behind the path, as in #SASL_SSL") {
		t.Errorf("got %v", err)
	}
}

func TestBrokersAreTakenByAnyName(t *testing.T) {
	for uri, want := range map[string]Location{
		"zk://z1/brokers/ids":                 {[]string{"z1:2181"}, "/brokers/ids", "", ""},
		"zk://z1/kafka/main/brokers/ids/#SSL": {[]string{"z1:2181"}, "/kafka/main/brokers/ids", "SSL", ""},
		"zk://z1/brokers/ids?prefix=1":        {[]string{"z1:2181"}, "/brokers/ids", "", "1"},
		"zk://z1/brokers/ids/x":               {[]string{"z1:2181"}, "/brokers/ids/x", "", DefaultPrefix},
	} {
		if got, err := ParseLocation(uri); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", uri, got, err)
		}
	}
}

func FuzzBroker(f *testing.F) {
	f.Add("PLAINTEXT://b1:9092", "SSL://[::1]:9093", "SSL", "rack")
	f.Fuzz(func(t *testing.T, first, second, protocol, rack string) {
		data, err := json.Marshal(map[string]any{"endpoints": []string{first, second}, "listener_security_protocol_map": map[string]string{"A": protocol}, "rack": rack})
		if err != nil {
			return
		}
		m, err := DecodeMember(data)
		if err != nil {
			return
		}
		for name, address := range m.Additional {
			if again, err := discovery.ParseAddress(address); err != nil || again != address {
				t.Errorf("%q at %q: %v", name, address, err)
			}
		}
		if e, err := m.endpoint(""); err == nil && e.Address == "" {
			t.Error("nowhere")
		}
	})
}
