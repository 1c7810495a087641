package kafka

import (
	"github.com/twmb/franz-go/pkg/kmsg"
)

// What a broker says of the version that a client of ApiVersions 5 asks for is
// about the broker that it thinks to have (KIP-1242): here that is us.
const (
	codeRebootstrap int16 = 129
	codeInvalid     int16 = 42
)

// askVersions makes of a client's request for ApiVersions the one that a broker is
// sent, and appends it. code is what the client is told instead, 0 for nothing.
func askVersions(dst []byte, h Head, frame []byte) (out []byte, code int16, problem *Problem) {
	req := kmsg.NewPtrApiVersionsRequest()
	req.Version = h.Version
	p, client := body(frame, req.IsFlexible())
	if p.bad || req.ReadFrom(p.rest()) != nil {
		return dst, 0, errShort
	}
	if h.Version >= 5 {
		cluster, node := req.ClusterID != nil, req.NodeID >= 0
		switch {
		case cluster != node:
			return dst, codeInvalid, nil
		case node && req.NodeID != singleNode:
			return dst, codeRebootstrap, nil
		}
	}
	req.Version = min(h.Version, brokersVersions)
	return kmsg.NewRequestFormatter(kmsg.FormatterClientID(string(client))).AppendRequest(dst, req, h.Correlation), 0, nil
}

// brokersVersions is the version in which brokers are asked at most: those that do
// not know it answer as to version 0, as clients expect.
const brokersVersions = 4

// tellVersions appends what a client is told of a broker's answer (frame) to what
// askVersions made of its request: what is done here, no features, and so no
// transactions of the second version.
func tellVersions(dst []byte, h Head, frame []byte) (out []byte, problem *Problem) {
	asked := min(h.Version, brokersVersions)
	t, problem := table(frame, asked)
	if problem != nil {
		return dst, problem
	}
	resp := kmsg.NewPtrApiVersionsResponse()
	resp.Version, resp.ErrorCode = h.Version, t.code
	if t.code == codeUnsupportedVersion {
		resp.Version = 0
	}
	for e, ok := t.next(); ok; e, ok = t.next() {
		if least, most, ok := singleRange(e); ok {
			k := kmsg.NewApiVersionsResponseApiKey()
			k.ApiKey, k.MinVersion, k.MaxVersion = e.key, least, most
			resp.ApiKeys = append(resp.ApiKeys, k)
		}
	}
	if t.p.bad {
		return dst, errShort
	}
	return appendAnswer(dst, resp, false, h.Correlation), nil
}

// refuseVersions appends an answer that has a code and nothing else.
func refuseVersions(dst []byte, h Head, code int16) []byte {
	resp := kmsg.NewPtrApiVersionsResponse()
	resp.Version, resp.ErrorCode = h.Version, code
	return appendAnswer(dst, resp, false, h.Correlation)
}

// singleRange is in which versions clients are told of what a broker has; false for
// not at all.
func singleRange(e entry) (least, most int16, ok bool) {
	least = e.least
	switch e.key {
	case KeyProduce:
		most = min(e.most, singleProduce)
	case KeyMetadata:
		most = min(e.most, singleMetadata)
	case KeyInitProducerID:
		most = min(e.most, singleInit)
	case KeyFetch:
		least, most = max(e.least, singleFetchLeast), min(e.most, singleFetch)
	case KeyAPIVersions:
		most = apis[KeyAPIVersions].Max
		if e.most < brokersVersions {
			most = e.most
		}
	default:
		return 0, 0, false
	}
	return least, most, most >= least
}
