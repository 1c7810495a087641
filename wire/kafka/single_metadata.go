package kafka

import (
	"encoding/binary"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// singleNode is the node that clients of a single broker know.
const singleNode = 0

// singlePlace is where they find it.
type singlePlace struct {
	host string
	port int32
}

// readAnswer decodes a whole answer (frame: its length word included) as resp,
// whose version is set. head tells whether its head has tags.
func readAnswer(resp kmsg.Response, head bool, frame []byte) *Problem {
	p := cursor{b: frame}
	p.skip(AnswerHead)
	p.tags(head)
	if p.bad || resp.ReadFrom(p.rest()) != nil {
		return errShort
	}
	return nil
}

// appendAnswer appends resp as the answer to a request of that correlation id.
func appendAnswer(dst []byte, resp kmsg.Response, head bool, correlation int32) []byte {
	start := len(dst)
	dst = binary.BigEndian.AppendUint32(dst, 0)
	dst = binary.BigEndian.AppendUint32(dst, uint32(correlation))
	if head {
		dst = append(dst, 0)
	}
	dst = resp.AppendTo(dst)
	binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-start-SizeLen))
	return dst
}

// readMetadata decodes an answer to Metadata.
func readMetadata(frame []byte, version int16) (*kmsg.MetadataResponse, *Problem) {
	resp := kmsg.NewPtrMetadataResponse()
	resp.Version = version
	return resp, readAnswer(resp, Of(KeyMetadata).FlexibleAt(version), frame)
}

// learnNodes tells places where an answer says that brokers are.
func learnNodes(resp *kmsg.MetadataResponse, places Places) {
	for i := range resp.Brokers {
		b := &resp.Brokers[i]
		places.Learn(b.NodeID, []byte(b.Host), b.Port)
	}
}

// asSingle makes of a cluster's metadata those of one broker that leads every
// partition which has a leader. Epochs and ids of topics stay: clients tell by them
// that a leader has moved.
func asSingle(resp *kmsg.MetadataResponse, at singlePlace) {
	resp.Brokers = []kmsg.MetadataResponseBroker{{NodeID: singleNode, Host: at.host, Port: at.port}}
	resp.ControllerID = singleNode
	for i := range resp.Topics {
		parts := resp.Topics[i].Partitions
		for k := range parts {
			p := &parts[k]
			if p.Leader >= 0 {
				p.Leader = singleNode
			}
			p.Replicas, p.ISR, p.OfflineReplicas = []int32{singleNode}, []int32{singleNode}, nil
		}
	}
}
