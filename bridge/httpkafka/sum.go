package httpkafka

import "sidecar"

// sum is what became of the records of a request, all together.
type sum struct {
	open   int // nobody knows yet
	unsure int // they failed and may have been written
	failed int // those that are unsure among them
	first  error
	status int
	number int
	text   string
	class  sidecar.Class
}

// sum adds up what is known now. The request is told as its first failure is, or
// as unknown if any record is: a client that is told of a failure may send again
// what is there already.
func (b *batch) sum() sum {
	s := sum{status: 200, class: sidecar.Success}
	if b.acks == acksNone {
		s.status = 202
	}
	for i := range b.entries {
		e := &b.entries[i]
		switch {
		case !e.done.Load():
			s.open++
		case e.err != nil:
			v := judge(e.err, b.safe)
			if v.number == numUnfit && b.inPath {
				v.status, v.number = 404, numNoPartition // what the path names is not there
			}
			s.failed++
			if v.unsure {
				s.unsure++
			}
			if s.first == nil || v.unsure && s.status != 504 {
				s.first, s.status, s.number, s.text = e.err, v.status, v.number, v.text
			}
		}
	}
	switch {
	case s.failed == 0:
	case s.status == 503, s.status == 504:
		s.class = sidecar.Unavailable
	case s.status >= 500:
		s.class = sidecar.Failure
	default:
		s.class = sidecar.ClientError
	}
	return s
}
