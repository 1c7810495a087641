package http1

// The problems of heads and bodies. They are values that nobody changes; each
// text is what the client reads and what stands in the why ring.
var (
	errBareLF            = &problem{400, "line ends in LF without CR"}
	errFolded            = &problem{400, "folded field line"}
	errNoColon           = &problem{400, "field line without colon"}
	errFieldName         = &problem{400, "field name is not a token (a space before the colon?)"}
	errFieldValue        = &problem{400, "control byte in a field value"}
	errManyFields        = &problem{431, "too many field lines"}
	errHeadSize          = &problem{431, "head larger than max_header_bytes"}
	errTwoLengths        = &problem{400, "more than one Content-Length"}
	errLength            = &problem{400, "Content-Length is not a number"}
	errTwoEncodings      = &problem{400, "more than one Transfer-Encoding"}
	errEncoding          = &problem{501, "Transfer-Encoding other than chunked"}
	errEncoding10        = &problem{400, "Transfer-Encoding in HTTP/1.0"}
	errLengthAndEncoding = &problem{400, "both Content-Length and Transfer-Encoding"}
	errNominated         = &problem{400, "Connection names fields that it must not, or too many"}
	errRequestLine       = &problem{400, "request line is not METHOD SP target SP HTTP/1.1"}
	errNoHTTP            = &problem{400, "this port speaks HTTP, and what came is none: Thrift, TLS or another protocol"}
	errMethod            = &problem{400, "method is not a token of at most 32 bytes"}
	errTarget            = &problem{400, "request target is not /path, * or http://host/path, or has a control byte, a space or a fragment"}
	errVersion           = &problem{505, "this port speaks HTTP/1.1 and HTTP/1.0"}
	errConnect           = &problem{405, "CONNECT is not served: this is no forward proxy"}
	errTrace             = &problem{405, "TRACE ends here by its Max-Forwards, and is not served"}
	errNoHost            = &problem{400, "no Host field"}
	errTwoHosts          = &problem{400, "more than one Host field"}
	errHost              = &problem{400, "Host is not a host"}
	errStatusLine        = &problem{502, "status line is not HTTP/1.x and three digits"}
	errReplyHeadSize     = &problem{502, "reply head too large"}
	errInformal          = &problem{502, "too many 1xx replies"}
	errBodyless          = &problem{502, "reply that has no body announces one"}
	errSwitch            = &problem{502, "101 to a request that asked for no upgrade"}
	errReplyEncoding     = &problem{502, "Transfer-Encoding in an HTTP/1.0 reply"}
	errChunkSize         = &problem{400, "chunk size is not hexadecimal digits alone (a space behind them?)"}
	errChunkLine         = &problem{400, "chunk-size line too long"}
	errChunkEnd          = &problem{400, "chunk data does not end in CRLF"}
	errTrailerSize       = &problem{400, "trailer section too large"}
	errTrailerField      = &problem{400, "field not allowed in a trailer section"}
	errBodyEnd           = &problem{400, "connection closed in the middle of the body"}
	errBodyStalled       = &problem{408, "body stopped coming"}
	errBodySlow          = &problem{408, "body takes too long: a held one has six times header_timeout and a second for each 64 KiB"}
	errBodySize          = &problem{413, "body larger than what answers it may hold"}
	errBodyRoom          = &problem{503, "no room for the body: all requests together hold as much as they may"}
	errAnswerStatus      = &problem{500, "an answer of the sidecar's own has a status of 200 to 599"}
	errHeadStalled       = &problem{408, "head stopped coming"}
)
