package mux

// problem says what is wrong with bytes of a peer, in words that it may read.
// Problems are values that nobody changes.
type problem struct{ text string }

func (p *problem) Error() string { return p.text }

var (
	errFrameSize    = &problem{"frame of less than 4 bytes, or of a negative length"}
	errFrameLarge   = &problem{"frame larger than max_frame"}
	errShortHead    = &problem{"message ends within its type and tag"}
	errContexts     = &problem{"message ends within its contexts"}
	errManyContexts = &problem{"too many contexts"}
	errDest         = &problem{"Tdispatch ends within its destination"}
	errDtab         = &problem{"Tdispatch ends within its delegations"}
	errManyDtab     = &problem{"too many delegations"}
	errShortReply   = &problem{"Rdispatch ends within its status"}
	errStatus       = &problem{"status of a reply is none of OK, Error and Nack"}
	errTreq         = &problem{"Treq ends within its keys"}
	errTraceID      = &problem{"trace id of a Treq is not of 24 bytes"}
	errDiscarded    = &problem{"Tdiscarded names no tag"}
	errLease        = &problem{"Tlease is shorter than its unit and number"}
	errInit         = &problem{"Tinit or Rinit ends within its headers"}
	errManyHeaders  = &problem{"too many headers in Tinit or Rinit"}
	errFramer       = &problem{"mux-framer is not a number of four bytes, at least 16"}
	errManyParts    = &problem{"too many messages in fragments at once"}
	errNoRoom       = &problem{"the sidecar holds as many bytes of requests as it may"}
	errStalled      = &problem{"message stopped coming"}
	errSlow         = &problem{"message takes too long"}
	errUnknown      = &problem{"message of an unknown type"}
	errTagTwice     = &problem{"tag of a request that is still in flight"}
	errVersion      = &problem{"version of Mux is not 1"}
	errLateInit     = &problem{"Tinit while requests are in flight"}
	errUnexpected   = &problem{"message that a server does not expect"}
	errPartKind     = &problem{"fragments of one message differ in type"}
)
