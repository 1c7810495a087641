package kafka

import (
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"sidecar"
	"sidecar/internal/peer"
)

// answered is a response as a broker sends it.
func answered(r kmsg.Response, correlation int32) string {
	tags := ""
	if r.IsFlexible() {
		tags = "\x00"
	}
	return tell(correlation, tags+string(r.AppendTo(nil)))
}

// Errors in answers are told with topic and code, as of an exchange that the
// broker has failed, while the session goes on.
func TestErrorsInAnswersAreTold(t *testing.T) {
	fetched := func() string {
		r := kmsg.NewPtrFetchResponse()
		r.Version = 11
		topic := kmsg.NewFetchResponseTopic()
		topic.Topic = "orders"
		for range 2 {
			p := kmsg.NewFetchResponseTopicPartition()
			p.ErrorCode = 6
			topic.Partitions = append(topic.Partitions, p)
		}
		r.Topics = append(r.Topics, topic)
		return answered(r, 1)
	}()
	b := peer.Listen(t, func(c *peer.Conn) {
		c.Expect(ask(KeyFetch, 11, 1, ""))
		c.Send(fetched)
		c.Expect(beat(2, ""))
		c.Send(tell(2, ""))
		c.End()
	})
	s := newStage(t, b.Addr())
	var told []string
	s.srv.params.Failed = func(x *sidecar.Exchange, f *sidecar.Fault) {
		told = append(told, fmt.Sprint(x.Tries.Last().Endpoint == b.Addr(), " ", f.Code, " ", f.Err))
	}
	c := s.client()
	c.Send(ask(KeyFetch, 11, 1, ""))
	c.Expect(fetched)
	c.Send(beat(2, ""))
	c.Expect(tell(2, ""))
	c.HalfClose()
	c.End()
	if f := s.ended(); f != nil {
		t.Errorf("it ended with %v", f)
	}
	if len(told) != 1 || told[0] != "true 6 Fetch is answered: NOT_LEADER_OR_FOLLOWER, topic orders" {
		t.Errorf("told %q", told)
	}
}

// All are counted; one a second of a topic is told.
func TestErrorsOfATopicAreToldOnceASecond(t *testing.T) {
	var tell tellings
	for _, row := range []struct {
		about string
		now   int64
		want  bool
	}{
		{"a", -5, true}, {"a", 0, false}, {"b", 0, true}, {"a", tellEvery - 6, false}, {"a", tellEvery - 5, true},
	} {
		if got := tell.may(row.about, row.now); got != row.want {
			t.Errorf("%s at %d: %v", row.about, row.now, got)
		}
	}
	for i := range 2 * maxTellings {
		tell.may(fmt.Sprint(i), tellEvery)
	}
	if n := len(tell.last); n > maxTellings {
		t.Errorf("%d are kept", n)
	}
	if !tell.may("late", 3*tellEvery) {
		t.Error("what is over is not forgotten")
	}
}

// That a member of a group is told its id by an error, or that others came, is how
// groups work: counted, and nothing to look at.
func TestRoutineErrorsOfGroupsAreNotTold(t *testing.T) {
	joined := func(code int16) string {
		r := kmsg.NewPtrJoinGroupResponse()
		r.Version, r.ErrorCode = 4, code
		return answered(r, int32(code))
	}
	b := peer.Listen(t, func(c *peer.Conn) {
		for _, code := range []int16{79, 27, 25} {
			c.Expect(ask(11, 4, int32(code), ""))
			c.Send(joined(code))
		}
		c.End()
	})
	s := newStage(t, b.Addr())
	var told []int
	s.srv.params.Failed = func(_ *sidecar.Exchange, f *sidecar.Fault) { told = append(told, f.Code) }
	c := s.client()
	for _, code := range []int16{79, 27, 25} {
		c.Send(ask(11, 4, int32(code), ""))
		c.Expect(joined(code))
	}
	c.HalfClose()
	c.End()
	s.ended()
	if len(told) != 1 || told[0] != 25 {
		t.Errorf("told of %v, want 25 alone", told)
	}
}
