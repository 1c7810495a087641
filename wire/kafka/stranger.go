package kafka

// Others that speak to a port of Kafka's are known by their first four bytes, which
// would be a length: of 369 MB or 1.2 GB, which no one sends. They are told in words,
// or who has mixed up ports reads of a message that is too large.
var (
	errTLS        = &Problem{text: "the client speaks TLS, this listener does not: use security.protocol=PLAINTEXT, or give the listener a certificate"}
	errHTTP       = &Problem{text: "the client speaks HTTP to a port of Kafka's"}
	errRedis      = &Problem{text: "the client speaks Redis' protocol to a port of Kafka's"}
	errText       = &Problem{text: "the client sends text: this is not Kafka's protocol"}
	errBrokerTLS  = &Problem{text: "the broker speaks TLS on this port: give the upstream [upstream.X.tls]"}
	errBrokerHTTP = &Problem{text: "the broker's port is one of HTTP"}
	errBrokerText = &Problem{text: "the broker's port sends text: this is not Kafka's protocol"}
)

// isTLS tells whether word begins a record of TLS: its kind (22 a handshake, 21 an
// alert) and version, 3.0 to 3.4.
func isTLS(word uint32) bool {
	return (word>>16 == 0x1603 || word>>16 == 0x1503) && byte(word>>8) <= 4
}

// stranger is who speaks to us with such a first word; nil if it may be a length.
func stranger(word uint32) *Problem {
	if isTLS(word) {
		return errTLS
	}
	switch word {
	case 'G'<<24 | 'E'<<16 | 'T'<<8 | ' ', 'P'<<24 | 'O'<<16 | 'S'<<8 | 'T', 'P'<<24 | 'U'<<16 | 'T'<<8 | ' ',
		'H'<<24 | 'E'<<16 | 'A'<<8 | 'D', 'D'<<24 | 'E'<<16 | 'L'<<8 | 'E', 'O'<<24 | 'P'<<16 | 'T'<<8 | 'I',
		'P'<<24 | 'A'<<16 | 'T'<<8 | 'C', 'C'<<24 | 'O'<<16 | 'N'<<8 | 'N', 'P'<<24 | 'R'<<16 | 'I'<<8 | ' ':
		return errHTTP
	}
	if word>>24 == '*' && isDigit(byte(word>>16)) {
		return errRedis
	}
	if isText(word) {
		return errText
	}
	return nil
}

// strangeAnswer is who answers us with such a first word; nil if it may be a length.
func strangeAnswer(word uint32) *Problem {
	switch {
	case isTLS(word):
		return errBrokerTLS
	case word == 'H'<<24|'T'<<16|'T'<<8|'P':
		return errBrokerHTTP
	case isText(word):
		return errBrokerText
	}
	return nil
}

// isText tells whether word is printable ASCII, but for ends of lines behind its
// first byte. As a length that is more than 512 MB.
func isText(word uint32) bool {
	for i := 0; i < 32; i += 8 {
		c := byte(word >> i)
		end := (c == '\r' || c == '\n') && i < 24
		if (c < ' ' || c > '~') && !end {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
