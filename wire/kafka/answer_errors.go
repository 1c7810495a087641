package kafka

import (
	"sync"
	"time"

	"sidecar"
)

const (
	// tellEvery is how often errors of one topic are told, one at a time: all of
	// them are counted.
	tellEvery = int64(time.Second)
	// maxTellings is how many topics are known to have been told of lately.
	maxTellings = 1000
)

// tellings says which errors in answers are worth telling: where a leader moves,
// thousands come in a second.
type tellings struct {
	mu   sync.Mutex
	last map[string]int64 // by topic, or API where there is none; guarded by mu
}

// may tells whether an error of about is to be told at now.
func (t *tellings) may(about string, now int64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if last, ok := t.last[about]; ok && now-last < tellEvery {
		return false
	}
	if len(t.last) >= maxTellings {
		for k, last := range t.last {
			if now-last >= tellEvery {
				delete(t.last, k)
			}
		}
		if len(t.last) >= maxTellings {
			return false
		}
	}
	if t.last == nil {
		t.last = map[string]int64{}
	}
	t.last[about] = now
	return true
}

// AnswerError is an error that a broker has answered, which the client was given.
type AnswerError struct {
	API       string
	Version   int16
	Code      int16
	Topic     string // "" without one, or where only an id is known of it
	Partition int32
}

func (e *AnswerError) Error() string {
	text := e.API + " is answered: " + CodeName(e.Code)
	if e.Topic != "" {
		text += ", topic " + e.Topic
	}
	return text
}

// The codes that are routine.
const (
	codeRebalanceInProgress int16 = 27
	codeMemberIDRequired    int16 = 79
)

// isRoutine tells whether an error is how groups work, not that something is wrong:
// each member of a classic group is first told its id by one, and the others that
// somebody came or went. They are counted and not told.
func isRoutine(code int16) bool {
	return code == codeMemberIDRequired || code == codeRebalanceInProgress
}

// See counts what an answer says of a partition, and tells of errors.
func (d *down) See(p Partition) {
	srv := d.r.a.srv
	srv.stats.seen(d.key, &p)
	if p.Code == 0 || isRoutine(p.Code) || srv.params.Failed == nil {
		return
	}
	about, topic := NameOf(d.key), ""
	if len(p.Topic) > 0 {
		topic = srv.stats.topics.of(p.Topic, p.ID).name
		about = topic
	}
	if srv.told.may(about, d.now) {
		d.tell(&AnswerError{API: NameOf(d.key), Version: d.version, Code: p.Code, Topic: topic, Partition: p.Partition})
	}
}

// tell tells of an error as of an exchange of its own: the session's goes on.
func (d *down) tell(e *AnswerError) {
	x := d.r.x
	var of sidecar.Exchange
	talk := Talk{Node: d.r.a.talk.Node, Client: d.r.a.talk.Client, class: sidecar.Failure}
	of.Begin(&talk, nil, d.started)
	of.Dest, of.Endpoint, of.Op = x.Dest, x.Endpoint, x.Op
	of.RequestDone(d.started)
	if t := x.Tries.Last(); t != nil {
		of.Try(t.Endpoint, t.ID, d.started)
	}
	d.r.a.srv.params.Failed(&of, &sidecar.Fault{
		Stage: sidecar.StageRead, Flags: sidecar.FromPeer, Reason: sidecar.Status5xx, Class: sidecar.Failure, Code: int(e.Code), Err: e,
	})
}
