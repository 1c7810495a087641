package config

const (
	maxOneways     = 1000      // names in one list
	maxThriftName  = 256       // bytes of a method's name, its service's included
	minThriftFrame = 1 << 10   // bytes
	maxThriftFrame = 256 << 20 // bytes: all that is held of requests and replies
)

// What a thrift listener may do about the order of replies.
const (
	ReplyOrderRequest = "request" // as their requests came
)

// ThriftAuto is what is found out from a client's first bytes.
const ThriftAuto = "auto"

// Thrift says how Thrift is spoken.
type Thrift struct {
	Transport  string // "framed", "unframed", "header"; of a listener also ThriftAuto
	Protocol   string // "binary", "compact", "lax"; of a listener also ThriftAuto
	MaxFrame   int64  // bytes of a message
	ReplyOrder string // of a listener: ReplyOrderRequest
	// Oneway are the methods of an upstream that answer nothing, even where their
	// calls do not say so.
	Oneway []string
}

// thriftListener reads what clients of a listener may speak.
func thriftListener(t *table) Thrift {
	defer t.done()
	th := Thrift{
		Transport:  t.choose("transport", ThriftAuto, choice{names: []string{ThriftAuto, "framed", "unframed", "header"}}),
		Protocol:   t.choose("protocol", ThriftAuto, choice{names: []string{ThriftAuto, "binary", "compact", "lax"}}),
		MaxFrame:   thriftFrame(t),
		ReplyOrder: t.choose("reply_order", ReplyOrderRequest, choice{names: []string{ReplyOrderRequest}}),
	}
	noLaxHeader(t, th)
	return th
}

// thriftUpstream reads what the endpoints of an upstream speak.
func thriftUpstream(t *table) Thrift {
	defer t.done()
	th := Thrift{
		Transport: t.choose("transport", "framed", choice{names: []string{"framed", "unframed", "header"}}),
		Protocol:  t.choose("protocol", "binary", choice{names: []string{"binary", "compact", "lax"}}),
		MaxFrame:  thriftFrame(t),
		Oneway:    t.texts("oneway", nil, maxOneways, checkThriftMethod),
	}
	noLaxHeader(t, th)
	return th
}

func thriftFrame(t *table) int64 {
	return t.size("max_frame", "16MiB", minThriftFrame, maxThriftFrame)
}

func noLaxHeader(t *table, th Thrift) {
	t.cross(th.Transport != "header" || th.Protocol != "lax", "transport", "protocol",
		`transport "header" carries "binary" and "compact", and no "lax"`)
}
