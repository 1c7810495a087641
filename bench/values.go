package main

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"text/template"
)

// endpointsEach is how many endpoints an upstream has where there are many: as
// many loopback addresses as the backend listens on.
const endpointsEach = 10

// values are what templates may name.
type values struct {
	Address, Admin, Backend string     // host:port
	Endpoints               []string   // the backend's addresses
	Upstreams               []upstream // behind a route by host each; none is one upstream without a route
	Dir, Config             string     // its own directory, and its configuration there
	Program, Client         string     // compiled from testdata: it, and the suite's generator
	Sidecar, Self           string     // the binary under test, and this one
	Connections             int        // clients at once that a proxy must take
	Sockets, Files          int        // what it needs for these and its backends; the limit of descriptors
}

// upstream is one of many.
type upstream struct {
	Name, Host string
	Endpoints  []string
}

// upstreams are n with the same endpoints: a proxy knows only their names apart,
// and so the backend need not listen a thousand times.
func upstreams(n int, endpoints []string) []upstream {
	all := make([]upstream, n)
	for i := range all {
		all[i] = upstream{Name: fmt.Sprintf("u%d", i), Host: hostOf(i), Endpoints: endpoints}
	}
	return all
}

// hostOf is what a request for that upstream has in its Host field.
func hostOf(i int) string { return fmt.Sprintf("u%d.bench", i) }

// loopbacks are the addresses that the backend listens on. All of 127/8 is
// this machine.
func loopbacks() []string {
	all := make([]string, endpointsEach)
	for i := range all {
		all[i] = fmt.Sprintf("127.0.0.%d", i+1)
	}
	return all
}

// endpointsAt are the backend's addresses with the port of the given one.
func endpointsAt(address string) []string {
	all := loopbacks()
	for i, host := range all {
		all[i] = net.JoinHostPort(host, portOf(address))
	}
	return all
}

func portOf(address string) string { return address[strings.LastIndexByte(address, ':')+1:] }

func hostPart(address string) string { return address[:strings.LastIndexByte(address, ':')] }

func expand(text string, v values) (string, error) {
	t, err := template.New("").Option("missingkey=error").Funcs(template.FuncMap{
		"host": hostPart, "port": portOf, "join": strings.Join,
	}).Parse(text)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	err = t.Execute(&b, v)
	return b.String(), err
}

func expandAll(texts []string, v values) ([]string, error) {
	var all []string
	for _, t := range texts {
		s, err := expand(t, v)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}
