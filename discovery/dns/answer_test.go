package dns

import (
	"strings"
	"testing"
	"time"

	mdns "github.com/miekg/dns"
)

// reply is a message with those answer records and, behind a line "--", those
// of the authority section.
func reply(t testing.TB, code int, records ...string) *mdns.Msg {
	t.Helper()
	m := &mdns.Msg{MsgHdr: mdns.MsgHdr{Response: true, Rcode: code}}
	section := &m.Answer
	for _, text := range records {
		if text == "--" {
			section = &m.Ns
			continue
		}
		rr, err := mdns.NewRR(text)
		if err != nil {
			t.Fatal(err)
		}
		*section = append(*section, rr)
	}
	return m
}

func TestReadTakesTheRecordsOfTheName(t *testing.T) {
	for _, c := range []struct {
		name    string
		code    int
		records []string
		want    string // addresses
		ttl     time.Duration
		none    string
	}{
		{name: "addresses", records: []string{"a. 30 A 10.0.0.1", "a. 20 A 10.0.0.2"}, want: "10.0.0.1 10.0.0.2", ttl: 20 * time.Second},
		{name: "another case", records: []string{"A. 30 A 10.0.0.1"}, want: "10.0.0.1", ttl: 30 * time.Second},
		{name: "aliases", records: []string{"b. 5 CNAME c.", "a. 30 CNAME b.", "c. 60 A 10.0.0.1"}, want: "10.0.0.1", ttl: 5 * time.Second},
		{name: "of another name", records: []string{"x. 30 A 10.0.0.1"}, none: "a. has no A record"},
		{name: "of another type", records: []string{"a. 30 AAAA ::1"}, none: "a. has no A record"},
		{name: "of another class", records: []string{"a. 30 CH A 10.0.0.1"}, none: "a. has no A record"},
		{name: "the address of nobody", records: []string{"a. 30 A 0.0.0.0"}, none: "a. has no A record"},
		{name: "aliases in a ring", records: []string{"a. 30 CNAME b.", "b. 30 CNAME a."}, none: "a. has no A record"},
		{name: "nothing", records: []string{"--", "z. 300 SOA ns. x. 1 2 3 4 60"}, none: "a. has no A record", ttl: time.Minute},
		{name: "no such name", code: mdns.RcodeNameError, records: []string{"--", "z. 30 SOA ns. x. 1 2 3 4 60"}, none: "a. does not exist (NXDOMAIN)", ttl: 30 * time.Second},
		{name: "an alias to nothing", code: mdns.RcodeNameError, records: []string{"a. 30 CNAME b."}, none: "b. does not exist (NXDOMAIN)"},
		{name: "a TTL with the top bit", records: []string{"a. 4294967295 A 10.0.0.1"}, want: "10.0.0.1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := read(reply(t, c.code, c.records...), "a.", mdns.TypeA)
			var list []string
			for _, ip := range got.addresses {
				list = append(list, ip.String())
			}
			if strings.Join(list, " ") != c.want || got.none != c.none || got.ttl != c.ttl {
				t.Errorf("%v, %v, %q", list, got.ttl, got.none)
			}
		})
	}
}

func TestAgainKeepsWithinItsBounds(t *testing.T) {
	for _, c := range []struct {
		ttl  time.Duration
		none bool
		want time.Duration
	}{
		{0, false, time.Second}, {30 * time.Second, false, 30 * time.Second}, {time.Hour, false, 5 * time.Minute},
		{0, true, time.Second}, {time.Hour, true, 10 * time.Second},
	} {
		if got := again(c.ttl, c.none); got != c.want {
			t.Errorf("%v, none %v: %v, want %v", c.ttl, c.none, got, c.want)
		}
	}
}

// Whatever a server sends, what is read of it is bounded.
func FuzzRead(f *testing.F) {
	for _, m := range []*mdns.Msg{
		reply(f, 0, "a. 30 A 10.0.0.1"), reply(f, 0, "a. 30 CNAME a."), reply(f, 0, "a. 30 SRV 1 2 80 b."),
		reply(f, 3, "--", "z. 300 SOA ns. x. 1 2 3 4 60"),
	} {
		b, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m := new(mdns.Msg)
		if m.Unpack(b) != nil {
			return
		}
		for _, kind := range []uint16{mdns.TypeA, mdns.TypeAAAA, mdns.TypeSRV} {
			a := read(m, "a.", kind)
			if (a.len() == 0) != (a.none != "") || a.len() > maxRecords || a.ttl < 0 {
				t.Errorf("%+v", a)
			}
		}
	})
}
