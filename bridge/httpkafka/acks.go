package httpkafka

import "github.com/twmb/franz-go/pkg/kgo"

// acks is who must have a record before it counts as written.
type acks uint8

// The levels.
const (
	acksAll    acks = iota // all replicas in sync
	acksLeader             // the partition's leader
	acksNone               // nobody: a record counts as written when it has left
	acksLevels
)

// parseAcks is the level of that name: "all" or "-1", "1", "0".
func parseAcks(s string) (a acks, ok bool) {
	switch s {
	case "all", "-1":
		return acksAll, true
	case "1":
		return acksLeader, true
	case "0":
		return acksNone, true
	}
	return 0, false
}

func (a acks) option() kgo.Opt {
	return kgo.RequiredAcks([acksLevels]kgo.Acks{kgo.AllISRAcks(), kgo.LeaderAck(), kgo.NoAck()}[a])
}
