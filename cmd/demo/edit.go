package main

import (
	"bytes"
	"fmt"
	"net"
	"regexp"
	"strings"

	"sidecar/config"
)

// addresses are what the demonstration changes in the configuration.
type addresses struct {
	listener, admin string
	backends        []string
	// notes are for people: which address was taken by somebody else.
	notes []string
}

// anyPort is a free one.
const anyPort = "127.0.0.1:0"

// choose takes the addresses of the file at path where they are free, or any
// free ones.
func choose(path string, shipped bool, backends []*backend) (addresses, error) {
	a := addresses{listener: anyPort, admin: anyPort}
	for _, b := range backends {
		a.backends = append(a.backends, b.address)
	}
	f, err := config.Load(path)
	if err != nil {
		return a, fmt.Errorf("%w (or run it in the root of the repository)", err)
	}
	if shipped {
		a.listener, a.admin = a.free(f.Listeners[0].Address), a.free(f.Admin.Address)
	}
	return a, nil
}

// free is address, or any free one if it cannot be listened on.
func (a *addresses) free(address string) string {
	ln, err := net.Listen("tcp", address)
	if err != nil {
		a.notes = append(a.notes, address+" is not free, so another port is used.")
		return anyPort
	}
	ln.Close()
	return address
}

var (
	header  = regexp.MustCompile(`^\s*(\[\[?[^\]]+\]\]?)`)
	setting = regexp.MustCompile(`^(\s*(address|discover)\s*=\s*)"[^"]*"`)
)

// edit puts the addresses into the text of a configuration that has one
// listener and one upstream, and leaves every other byte as it is.
func (a addresses) edit(text []byte) []byte {
	edited, _ := a.replace(text)
	return edited
}

// replace is edit, with how many addresses it has replaced.
func (a addresses) replace(text []byte) (edited []byte, count int) {
	section := ""
	var out bytes.Buffer
	for line := range strings.Lines(string(text)) {
		if h := header.FindStringSubmatch(line); h != nil {
			section = h[1]
		}
		m := setting.FindStringSubmatch(line)
		value := ""
		if m != nil {
			value = a.of(section, m[2])
		}
		if value == "" {
			out.WriteString(line)
			continue
		}
		count++
		fmt.Fprintf(&out, "%s%q%s", m[1], value, line[len(m[0]):])
	}
	return out.Bytes(), count
}

// of is the value of an address that is replaced, "" for all others.
func (a addresses) of(section, key string) string {
	switch {
	case section == "[admin]" && key == "address":
		return a.admin
	case section == "[[listener]]" && key == "address":
		return a.listener
	case strings.HasPrefix(section, "[upstream.") && strings.Count(section, ".") == 1 && key == "discover":
		return "tcp://" + strings.Join(a.backends, ",")
	}
	return ""
}

// replaced is how many addresses there are to replace.
const replaced = 3
