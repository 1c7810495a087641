package kafka

// layouts are those of the answers that name brokers, by which they are walked, and
// of some that are looked at for errors only.
var layouts = [...]layout{
	{key: KeyProduce, most: 13, flexible: 9, steps: produceSteps},
	{key: KeyFetch, most: 18, flexible: 12, steps: fetchSteps},
	{key: KeyMetadata, most: metadataMost, flexible: metadataFlexible, steps: metadataSteps},
	{key: KeyShareFetch, most: 2, flexible: 0, steps: shareFetchSteps},
	{key: KeyShareAcknowledge, most: 2, flexible: 0, steps: shareAcknowledgeSteps},
	{key: KeyFindCoordinator, most: coordinatorMost, flexible: coordinatorFlexible, steps: coordinatorSteps},
	{key: KeyDescribeCluster, most: clusterMost, flexible: 0, steps: codeSteps},
	{key: 2, first: 1, most: 11, flexible: 6, steps: listOffsetsSteps},
	{key: 8, most: 10, flexible: 8, steps: offsetCommitSteps},
	{key: 11, most: 9, flexible: 6, steps: codeSince2Steps}, // JoinGroup
	{key: 12, most: 4, flexible: 4, steps: codeSince1Steps}, // Heartbeat
	{key: 13, most: 5, flexible: 4, steps: codeSince1Steps}, // LeaveGroup
	{key: 14, most: 5, flexible: 4, steps: codeSince1Steps}, // SyncGroup
	{key: KeySASLHandshake, most: 1, flexible: 2, steps: onlyCodeSteps},
	{key: 19, most: 7, flexible: 5, steps: createTopicsSteps},
	{key: 22, most: 5, flexible: 2, steps: codeSteps}, // InitProducerId
	{key: 25, most: 4, flexible: 3, steps: codeSteps}, // AddOffsetsToTxn
	{key: 26, most: 5, flexible: 3, steps: codeSteps}, // EndTxn
	{key: 28, most: 6, flexible: 3, steps: txnOffsetCommitSteps},
	{key: KeySASLAuthenticate, most: 2, flexible: 2, steps: onlyCodeSteps},
	{key: 68, most: 1, flexible: 0, steps: codeSteps}, // ConsumerGroupHeartbeat
	{key: 76, most: 1, flexible: 0, steps: codeSteps}, // ShareGroupHeartbeat
	{key: 88, most: 1, flexible: 0, steps: codeSteps}, // StreamsGroupHeartbeat
}

// layoutOf is that of the answer to requests of key, nil if there is none.
func layoutOf(key int16) *layout {
	for i := range layouts {
		if layouts[i].key == key {
			return &layouts[i]
		}
	}
	return nil
}

var (
	// A throttle time, and the error behind it: in all versions, since 1, since 2.
	codeSteps       = []step{{do: doTags}, {do: doSkip, n: 4}, {do: doCode, n: 2}, {do: doStop}}
	codeSince1Steps = []step{{do: doTags}, {do: doSkip, n: 4, since: 1}, {do: doCode, n: 2}, {do: doStop}}
	codeSince2Steps = []step{{do: doTags}, {do: doSkip, n: 4, since: 2}, {do: doCode, n: 2}, {do: doStop}}
	onlyCodeSteps   = []step{{do: doTags}, {do: doCode, n: 2}, {do: doStop}}
)

var coordinatorSteps = []step{
	{do: doTags},
	{do: doSkip, n: 4, since: 1}, // throttle time
	{do: doCode, n: 2, until: 3},
	{do: doList, n: 1 + 4 + 1 + 4 + 2 + 1 + 1, since: 4},
	{do: doText},
	{do: doSkip, n: 4},
	{do: doText},
	{do: doSkip, n: 4},
	{do: doCode, n: 2},
	{do: doText},
	{do: doTags},
	{do: doEnd},
	{do: doStop},
}

var metadataSteps = []step{
	{do: doTags},
	{do: doSkip, n: 4, since: 3}, // throttle time
	{do: doList, n: 4 + 1 + 4},   // brokers
	{do: doSkip, n: 4},
	{do: doText},
	{do: doSkip, n: 4},
	{do: doText, since: 1},
	{do: doTags},
	{do: doEnd},
	{do: doText, since: 2},       // the cluster's id
	{do: doSkip, n: 4, since: 1}, // controller
	{do: doList, n: 2 + 1 + 1},
	{do: doTopicCode, n: 2},
	{do: doName},
	{do: doID, n: 16, since: 10},
	{do: doSee},
	{do: doSkip, n: 1, since: 1}, // internal
	{do: doPartitions, n: 2 + 4 + 4 + 1 + 1},
	{do: doSkip, n: 2 + 4 + 4},
	{do: doSkip, n: 4, since: 7},
	{do: doNumbers, n: 4},
	{do: doNumbers, n: 4},
	{do: doNumbers, n: 4, since: 5},
	{do: doTags},
	{do: doEnd},
	{do: doSkip, n: 4, since: 8},
	{do: doTags},
	{do: doEnd},
	{do: doSkip, n: 4, since: 8, until: 10},
	{do: doCode, n: 2, since: 13},
	{do: doTags},
}

var createTopicsSteps = []step{
	{do: doTags},
	{do: doSkip, n: 4, since: 2}, // throttle time
	{do: doList, n: leastTopic},
	{do: doName},
	{do: doSkip, n: 16, since: 7},
	{do: doTopicCode, n: 2},
	{do: doSee},
	{do: doStop}, // what is asked for is one topic, nearly always
	{do: doEnd},
}

var listOffsetsSteps = []step{
	{do: doTags},
	{do: doSkip, n: 4, since: 2}, // throttle time
	{do: doList, n: leastTopic},
	{do: doName},
	{do: doList, n: 4 + 2},
	{do: doHead, n: 4 + 2},
	{do: doSee},
	{do: doSkip, n: 8 + 8},
	{do: doSkip, n: 4, since: 4},
	{do: doTags},
	{do: doEnd},
	{do: doTags},
	{do: doEnd},
	{do: doTags},
}

var offsetCommitSteps = []step{
	{do: doTags},
	{do: doSkip, n: 4, since: 3}, // throttle time
	{do: doList, n: leastTopic},
	{do: doName, until: 9},
	{do: doID, n: 16, since: 10},
	{do: doList, n: 4 + 2},
	{do: doHead, n: 4 + 2},
	{do: doSee},
	{do: doTags},
	{do: doEnd},
	{do: doTags},
	{do: doEnd},
	{do: doTags},
}

var txnOffsetCommitSteps = []step{
	{do: doTags},
	{do: doSkip, n: 4}, // throttle time
	{do: doList, n: leastTopic},
	{do: doName, until: 5},
	{do: doID, n: 16, since: 6},
	{do: doList, n: 4 + 2},
	{do: doHead, n: 4 + 2},
	{do: doSee},
	{do: doTags},
	{do: doEnd},
	{do: doTags},
	{do: doEnd},
	{do: doTags},
}
