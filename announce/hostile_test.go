package announce

import (
	"encoding/binary"
	"path"
	"strings"
	"testing"

	"sidecar/internal/zoo"
)

const opCreate = 1

// making is a server that says to have made that node, and knows none.
func making(t *testing.T, node string) (*place, *zoo.Scripted, func() int) {
	made := make(chan struct{}, 1<<20)
	h := &zoo.Scripted{Answer: func(op uint32) []byte {
		if op != opCreate {
			return zoo.Stat()
		}
		made <- struct{}{}
		return append(binary.BigEndian.AppendUint32(nil, uint32(len(node))), node...)
	}}
	return &place{t: t, path: "/a"}, h.Start(t), func() int { return len(made) }
}

// A server whose nodes are gone at once, or somebody who removes each.
func TestMemberThatIsRemovedEachTimeIsNotMadeWithoutEnd(t *testing.T) {
	p, h, made := making(t, "/a/member_0000000001")
	a, _ := p.announced(h.Address)
	zoo.Await(t, "three members", func() bool { return made() >= 3+1 }) // and the path
	if s := a.Status(); made() > 10 || !strings.Contains(s.Error, "removed by somebody else") {
		t.Errorf("%d were made, %+v", made(), s)
	}
}

func TestNodeThatWasNotAskedForIsNotTakenForTheMember(t *testing.T) {
	for _, node := range []string{"/b", path.Join("/a/member_", strings.Repeat("1", 1<<20)), ""} {
		p, h, _ := making(t, node)
		a, stop := p.announced(h.Address)
		zoo.Await(t, "an error", func() bool { return strings.Contains(a.Status().Error, "where /a/member_ and a number was asked for") })
		if s := a.Status(); s.Announced || len(s.Error) > 1000 {
			t.Errorf("got %+v", s)
		}
		stop()
	}
}

// Drips and floods: neither more time nor more memory than one answer has.
func TestCheckBoundsWhatItReads(t *testing.T) {
	_, err := line(endless{})
	if err == nil {
		t.Error("an answer without an end is good")
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }
