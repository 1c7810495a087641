package daemon

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"

	"sidecar"
	"sidecar/bridge/httpthrift"
	"sidecar/config"
	"sidecar/wire/thrift"
	"sidecar/wire/thrift/idl"
)

// maxInterface is how many bytes are read of an interface file: over what the
// package takes, so that it says so.
const maxInterface = 8 << 20

// face is what an upstream's interface file says, as it was last read; nothing
// where it has none.
type face struct {
	forks *thrift.Forks // of the calls that JSON becomes
	now   atomic.Pointer[typed]
}

type typed struct {
	classes *idl.Classes
	bridge  *httpthrift.Bridge
	oneway  []string // methods that answer nothing
}

// readInterface reads the file of u, beside the configuration at path.
func readInterface(u config.Upstream, path string, forks *thrift.Forks) (*typed, error) {
	in := u.Thrift.IDL
	file := in.Path
	if !filepath.IsAbs(file) {
		file = filepath.Join(filepath.Dir(path), file)
	}
	schema, err := idl.Load(file, readBounded)
	if err != nil {
		return nil, err
	}
	byName := map[string]sidecar.Class{}
	for name, class := range in.Exceptions {
		byName[name] = classNamed(class)
	}
	t := &typed{}
	if t.classes, err = schema.Classes(byName, classNamed(in.Other)); err != nil {
		return nil, &badExceptions{err}
	}
	for _, s := range schema.Services {
		for _, m := range s.Methods {
			if m.Oneway {
				t.oneway = append(t.oneway, m.Name, s.Name+":"+m.Name)
			}
		}
	}
	t.bridge = httpthrift.New(httpthrift.Params{Schema: schema, Classes: t.classes, Multiplexed: in.Multiplexed, MaxJSON: int(in.MaxJSON), Forks: forks})
	return t, nil
}

// badExceptions is what is wrong with the table of exceptions.
type badExceptions struct{ error }

func readBounded(path string) ([]byte, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, &os.PathError{Op: "open", Path: path, Err: errors.New("it is no regular file")} // a pipe would be waited for
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxInterface))
}

func classNamed(name string) sidecar.Class {
	switch name {
	case config.ClassSuccess:
		return sidecar.Success
	case config.ClassFailure:
		return sidecar.Failure
	case config.ClassOverload:
		return sidecar.Overload
	}
	return sidecar.ClientError
}

// checkInterface is what is wrong with the interface file of u, each at its own
// line in that, told at the key that names it.
func checkInterface(f *config.File, u config.Upstream, path string) (problems []config.Problem) {
	if u.Thrift.IDL.Path == "" {
		return nil
	}
	_, err := readInterface(u, path, nil)
	var all idl.Problems
	var exceptions *badExceptions
	switch {
	case errors.As(err, &all):
		for _, p := range all {
			problems = append(problems, f.ProblemAt(u.Key+".thrift.idl", p.String()))
		}
	case errors.As(err, &exceptions):
		problems = append(problems, f.ProblemAt(u.Key+".thrift.exceptions", err.Error()))
	}
	return problems
}

// set reads the file of u. One that was checked and is broken a moment later
// leaves what was known.
func (fc *face) set(u config.Upstream, path string) error {
	if u.Thrift.IDL.Path == "" {
		fc.now.Store(nil)
		return nil
	}
	t, err := readInterface(u, path, fc.forks)
	if err != nil {
		return fmt.Errorf("%s.thrift.idl: %w", u.Key, err)
	}
	fc.now.Store(t)
	return nil
}

// classOf is what a REPLY meant.
func (fc *face) classOf(method []byte, p thrift.Protocol, body []byte) sidecar.Class {
	if t := fc.now.Load(); t != nil {
		return t.classes.Of(method, p, body)
	}
	return sidecar.Success
}

// before is s with what the interface file puts before it for callers that speak
// the protocol.
func (fc *face) before(s sidecar.Service, protocol string) sidecar.Service {
	t := fc.now.Load()
	switch {
	case t == nil:
		return s
	case len(t.oneway) > 0:
		s = thrift.Oneways(t.oneway)(s)
	}
	if protocol == config.ProtocolHTTP {
		s = t.bridge.Layer(s)
	}
	return s
}
