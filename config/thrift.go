package config

const (
	maxOneways     = 1000      // names in one list
	maxExceptions  = 1000      // names in one table
	maxMaxJSON     = 64 << 20  // bytes: held beside what they become
	maxThriftName  = 256       // bytes of a method's name, its service's included
	minThriftFrame = 1 << 10   // bytes
	maxThriftFrame = 256 << 20 // bytes: all that is held of requests and replies
)

// What a thrift listener may do about the order of replies.
const (
	ReplyOrderRequest = "request" // as their requests came
	ReplyOrderAny     = "any"     // as they come
)

// ThriftAuto is what is found out from a client's first bytes.
const ThriftAuto = "auto"

// ThriftOverMux is, of a listener, ThriftMux and nothing else.
const ThriftOverMux = "mux"

// Thrift says how Thrift is spoken.
type Thrift struct {
	Transport  string // "framed", "unframed", "header"; of a listener also ThriftAuto and ThriftOverMux
	Protocol   string // "binary", "compact", "lax"; of a listener also ThriftAuto
	MaxFrame   int64  // bytes of a message
	ReplyOrder string // of a listener: one of the ReplyOrders
	// Oneway are the methods of an upstream that answer nothing, even where their
	// calls do not say so.
	Oneway []string
	IDL    Interface // of an upstream
}

// Interface is what is known of the types of an upstream by its interface file.
type Interface struct {
	Path        string            // "" is none, and nothing else is set
	Exceptions  map[string]string // what declared exceptions mean, by their types: one of the classes
	Other       string            // and those that are not named
	Multiplexed bool              // methods are called as "Service:method"
	MaxJSON     int64             // bytes of a JSON body and result
}

// What a declared exception may mean.
const (
	ClassSuccess     = "success"
	ClassClientError = "client_error"
	ClassFailure     = "failure"
	ClassOverload    = "overload"
)

// otherExceptions is the name, in the table of exceptions, of those that it does
// not name. It is a reserved word of interface files.
const otherExceptions = "default"

// thriftListener reads what clients of a listener may speak.
func thriftListener(t *table) Thrift {
	defer t.done()
	th := Thrift{
		Transport:  t.choose("transport", ThriftAuto, choice{names: []string{ThriftAuto, "framed", "unframed", "header", ThriftOverMux}}),
		Protocol:   t.choose("protocol", ThriftAuto, choice{names: []string{ThriftAuto, "binary", "compact", "lax"}}),
		MaxFrame:   thriftFrame(t),
		ReplyOrder: t.choose("reply_order", ReplyOrderRequest, choice{names: []string{ReplyOrderRequest, ReplyOrderAny}}),
	}
	noLaxHeader(t, th)
	return th
}

// thriftUpstream reads what the endpoints of an upstream speak. Over Mux that is
// binary, and has no transport of Thrift's.
func thriftUpstream(t *table, protocol string) Thrift {
	defer t.done()
	var th Thrift
	if protocol == ProtocolThriftMux {
		t.unfit(protocol, "transport", "protocol", "max_frame")
	} else {
		th.Transport = t.choose("transport", "framed", choice{names: []string{"framed", "unframed", "header"}})
		th.Protocol = t.choose("protocol", "binary", choice{names: []string{"binary", "compact", "lax"}})
		th.MaxFrame = thriftFrame(t)
		noLaxHeader(t, th)
	}
	if oneway := t.texts("oneway", nil, maxOneways, checkThriftMethod); len(oneway) > 0 {
		th.Oneway = oneway // an empty list is none, told or not
	}
	th.IDL = interfaceFile(t)
	return th
}

// interfaceFile reads what an upstream says of its types.
func interfaceFile(t *table) Interface {
	in := Interface{Path: t.text("idl", "", nil)}
	if in.Path == "" {
		for _, name := range []string{"exceptions", "multiplexed", "max_json"} {
			if f := t.at(name); f.set {
				t.asked = append(t.asked, name)
				f.fail("means nothing without an interface file: set idl")
			}
		}
		return in
	}
	in.Exceptions, in.Other = map[string]string{}, ClassClientError
	classes := choice{names: []string{ClassClientError, ClassFailure, ClassOverload, ClassSuccess}}
	for _, p := range t.pairs("exceptions", maxExceptions, checkThriftName, classes.check) {
		if p.name == otherExceptions {
			in.Other = p.value
		} else {
			in.Exceptions[p.name] = p.value
		}
	}
	in.Multiplexed = t.flag("multiplexed", false)
	in.MaxJSON = t.size("max_json", "1MiB", minThriftFrame, maxMaxJSON)
	return in
}

func thriftFrame(t *table) int64 {
	return t.size("max_frame", "16MiB", minThriftFrame, maxThriftFrame)
}

func noLaxHeader(t *table, th Thrift) {
	t.cross(th.Transport != "header" || th.Protocol != "lax", "transport", "protocol",
		`transport "header" carries "binary" and "compact", and no "lax"`)
}
