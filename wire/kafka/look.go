package kafka

// Look tells Seen what a whole answer (frame: its length word included) says of its
// partitions, or its error where it is about none, as far as that is cheaply found,
// and Names what it says of topics.
// It changes nothing. True means that clients must not have it before Rewrite was
// asked: it names brokers, or may.
func (w *Walker) Look(key, version int16, frame []byte) bool {
	names := namesBrokers(key)
	if len(frame) < AnswerHead {
		return names
	}
	w.begin(key, version, len(frame)-AnswerHead, toLook)
	b, p := w.walk(frame[AnswerHead:])
	for ; p == walkTold; b, p = w.walk(b) {
		w.name()
		w.tell()
	}
	if p != walkEnded {
		return names
	}
	if key == KeyMetadata || key == KeyFindCoordinator || key == KeyDescribeCluster {
		return true
	}
	return w.Hinted
}

// namesBrokers says whether answers to requests of key may, in some version.
func namesBrokers(key int16) bool {
	switch key {
	case KeyMetadata, KeyFindCoordinator, KeyDescribeCluster, KeyProduce, KeyFetch, KeyShareFetch, KeyShareAcknowledge:
		return true
	}
	return false
}

// Namer is told the topics of a Metadata answer.
type Namer interface {
	// Topic: id has 16 bytes. The bytes are not to be kept.
	Topic(id, name []byte)
}

// name tells Names the name and the id of the topic that the walk is in, of answers
// to Metadata in versions that have ids (10 and up).
func (w *Walker) name() {
	if w.Names == nil || w.layout.key != KeyMetadata || !w.at.hasID || w.at.named == 0 || w.at.told == maxTopics {
		return
	}
	w.at.told++
	w.Names.Topic(w.at.id[:], w.at.name[:w.at.named])
}
