package kafka

// layout is what an answer is made of, in all versions from first to most: a program
// that a Walker runs over its bytes. It says no more than a walk needs.
type layout struct {
	key      int16
	first    int16
	most     int16 // the highest version that was looked at
	flexible int16 // the first with tagged fields (KIP-482)
	steps    []step
}

// step is one field, or a list. It is there in versions from since up to until (0:
// in all that follow).
type step struct {
	do           act
	n            uint8 // bytes: of the field, or of an element of the list at least
	since, until int8
}

func (s *step) in(version int16) bool {
	return version >= int16(s.since) && (s.until == 0 || version <= int16(s.until))
}

// begins says that it is a list.
func (s *step) begins() bool { return s.do == doList || s.do == doPartitions }

// act is what a step does with what it finds.
type act uint8

// The acts. Those of the first group take no bytes.
const (
	doSee  act = iota // tells the Seer of the partition
	doRest            // passes over the records that are left
	doEnd             // of a list
	doStop            // nobody need look at what follows

	doSkip       // n bytes
	doCode       // the error of the whole answer, told if there is one
	doTopicCode  // an error, kept until see
	doHead       // its number and error
	doFetched    // its number, error and high watermark
	doWritten    // its number, error and base offset
	doID         // a topic's
	doName       // a topic's
	doText       // a string, perhaps null
	doNumbers    // an array of int32
	doList       // the steps to its end for each element
	doPartitions // the same, of Metadata: those that are there are passed over at once
	doRecords    // their length
	doBase       // the offset of the first
	doTags       // tagged fields, in flexible versions
	doHints      // the same; number 0 is a list of brokers (KIP-951)
	doNodes      // a list of brokers
)

// The lengths by which counts are bounded before anybody believes them: the least
// that an element of a list has, in the shortest of all versions.
const (
	leastTopic   = 3
	leastBatch   = 4 + 2 + 8
	leastNode    = 4 + 1 + 4 + 1 + 1
	leastAborted = 8 + 8
)

var fetchSteps = []step{
	{do: doTags},
	{do: doSkip, n: 4, since: 1}, // throttle time
	{do: doCode, n: 2, since: 7},
	{do: doSkip, n: 4, since: 7}, // session
	{do: doList, n: leastTopic},
	{do: doName, until: 12},
	{do: doID, n: 16, since: 13},
	{do: doList, n: leastBatch},
	{do: doFetched, n: 4 + 2 + 8},
	{do: doSkip, n: 8, since: 4}, // last stable offset
	{do: doSkip, n: 8, since: 5}, // first offset
	{do: doList, n: leastAborted, since: 4},
	{do: doSkip, n: 16},
	{do: doTags},
	{do: doEnd},
	{do: doSkip, n: 4, since: 11}, // preferred replica
	{do: doRecords},
	{do: doBase, n: 8},
	{do: doSee},
	{do: doRest},
	{do: doTags},
	{do: doEnd},
	{do: doTags},
	{do: doEnd},
	{do: doHints},
}

var produceSteps = []step{
	{do: doTags},
	{do: doList, n: leastTopic},
	{do: doName, until: 12},
	{do: doID, n: 16, since: 13},
	{do: doList, n: leastBatch},
	{do: doWritten, n: 4 + 2 + 8},
	{do: doSkip, n: 8, since: 2}, // time
	{do: doSkip, n: 8, since: 5}, // first offset
	{do: doList, n: 4 + 1, since: 8},
	{do: doSkip, n: 4},
	{do: doText},
	{do: doTags},
	{do: doEnd},
	{do: doText, since: 8},
	{do: doSee},
	{do: doTags},
	{do: doEnd},
	{do: doTags},
	{do: doEnd},
	{do: doSkip, n: 4, since: 1}, // throttle time
	{do: doHints},
}

var shareFetchSteps = []step{
	{do: doTags},
	{do: doSkip, n: 4}, // throttle time
	{do: doCode, n: 2},
	{do: doText},
	{do: doSkip, n: 4, since: 1}, // lock timeout
	{do: doList, n: 16 + 1},
	{do: doID, n: 16},
	{do: doList, n: leastBatch},
	{do: doHead, n: 4 + 2},
	{do: doText},
	{do: doSkip, n: 2}, // error of the acknowledgement
	{do: doText},
	{do: doSkip, n: 4 + 4}, // leader
	{do: doTags},
	{do: doRecords},
	{do: doBase, n: 8},
	{do: doSee},
	{do: doRest},
	{do: doList, n: 8 + 8 + 2},
	{do: doSkip, n: 8 + 8 + 2},
	{do: doTags},
	{do: doEnd},
	{do: doTags},
	{do: doEnd},
	{do: doTags},
	{do: doEnd},
	{do: doNodes, n: leastNode},
	{do: doTags},
}

var shareAcknowledgeSteps = []step{
	{do: doTags},
	{do: doSkip, n: 4}, // throttle time
	{do: doCode, n: 2},
	{do: doText},
	{do: doSkip, n: 4, since: 2}, // lock timeout
	{do: doList, n: 16 + 1},
	{do: doID, n: 16},
	{do: doList, n: leastBatch},
	{do: doHead, n: 4 + 2},
	{do: doText},
	{do: doSkip, n: 4 + 4}, // leader
	{do: doTags},
	{do: doSee},
	{do: doTags},
	{do: doEnd},
	{do: doTags},
	{do: doEnd},
	{do: doNodes, n: leastNode},
	{do: doTags},
}
