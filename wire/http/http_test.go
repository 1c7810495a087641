package http

import (
	"bytes"
	"strings"
	"testing"

	"sidecar"
)

func TestKnownFieldsAreFoundInAnyCase(t *testing.T) {
	names := map[string]Name{
		"connection": Connection, "keep-alive": KeepAlive, "proxy-connection": ProxyConnection, "te": TE,
		"transfer-encoding": TransferEncoding, "upgrade": Upgrade, "trailer": Trailer, "content-length": ContentLength,
		"host": Host, "expect": Expect, "via": Via, "x-forwarded-for": XForwardedFor, "x-forwarded-proto": XForwardedProto,
		"x-forwarded-host": XForwardedHost, "x-request-id": XRequestID, "date": Date, "grpc-timeout": GRPCTimeout,
		"x-request-timeout": XRequestTimeout, "x-envoy-expected-rq-timeout-ms": EnvoyExpectedTimeout,
		"x-envoy-upstream-rq-timeout-ms": EnvoyUpstreamTimeout,
	}
	if len(names) != int(EnvoyUpstreamTimeout) {
		t.Errorf("%d of %d names are tested", len(names), EnvoyUpstreamTimeout)
	}
	for text, want := range names {
		for _, form := range []string{text, strings.ToUpper(text), strings.ToUpper(text[:1]) + text[1:]} {
			if got := Known([]byte(form)); got != want {
				t.Errorf("%q: got %d, want %d", form, got, want)
			}
		}
		for i := range len(text) { // one byte off is another field
			for _, b := range []byte{text[i] ^ 1, text[i] ^ 0x80, 0, ' '} {
				other := text[:i] + string([]byte{b}) + text[i+1:]
				if got := Known([]byte(other)); got == want && !strings.EqualFold(other, text) {
					t.Errorf("%q is taken for %q", other, text)
				}
			}
		}
	}
	for _, text := range []string{"", "x", "accept-encoding", "x-forwarded-port"} {
		if got := Known([]byte(text)); got != Other {
			t.Errorf("%q: got %d", text, got)
		}
	}
}

// RFC 9110, 5.6.2: "Tokens are short textual identifiers that do not include
// whitespace or delimiters."
func TestCharactersAreThoseOfTheGrammar(t *testing.T) {
	const tchar = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for c := range 256 {
		b := []byte{byte(c)}
		if got, want := IsToken(b), c < 128 && strings.IndexByte(tchar, byte(c)) >= 0; got != want {
			t.Errorf("token %q: %v", b, got)
		}
		if got, want := IsValue(b), c == '\t' || c >= ' ' && c != 0x7f; got != want {
			t.Errorf("value %q: %v", b, got)
		}
		if got, want := IsTarget(b), c > ' ' && c != 0x7f && c != '#'; got != want {
			t.Errorf("target %q: %v", b, got)
		}
	}
	for host, want := range map[string]bool{
		"": true, "a": true, "a:80": true, "[::1]:80": true, "a%20b": true, "a_b": true,
		"a@b": false, "a/b": false, "a b": false, "a\x00": false, "a\\b": false, "a?b": false, "a#b": false, "\xe9": false, "a\"": false, "<a>": false,
	} {
		if IsHost([]byte(host)) != want {
			t.Errorf("host %q: %v", host, !want)
		}
	}
	if IsToken(nil) || IsTarget(nil) || !IsValue(nil) {
		t.Error("an empty token or target is none, an empty value is one")
	}
}

func TestListsAreReadByItem(t *testing.T) {
	for list, want := range map[string]bool{
		"close": true, "CLOSE": true, "a, close": true, "a ,\tclose\t,b": true, ",,close,": true,
		"": false, "closed": false, "clos": false, "a close": false, "close;q=1": false, "clo,se": false,
	} {
		if HasToken([]byte(list), "close") != want {
			t.Errorf("%q: %v", list, !want)
		}
	}
}

func TestStatusesHaveTheirClass(t *testing.T) {
	for status, want := range map[int]sidecar.Class{
		101: sidecar.Success, 200: sidecar.Success, 304: sidecar.Success, 400: sidecar.ClientError, 404: sidecar.ClientError,
		429: sidecar.Overload, 499: sidecar.ClientError, 500: sidecar.Failure, 501: sidecar.Failure, 502: sidecar.Unavailable,
		503: sidecar.Unavailable, 504: sidecar.Unavailable, 505: sidecar.Failure, 599: sidecar.Failure,
	} {
		if got := ClassOf(status); got != want {
			t.Errorf("%d: got %v, want %v", status, got, want)
		}
	}
}

func TestOnlyA503ThatSaysWhenToComeAgainIsShed(t *testing.T) {
	for status, want := range map[int]sidecar.Class{200: sidecar.Success, 301: sidecar.Success, 429: sidecar.Overload, 502: sidecar.Unavailable, 503: sidecar.Shed} {
		if got := ReplyClass(status, true); got != want {
			t.Errorf("%d: got %v, want %v", status, got, want)
		}
		if got := ReplyClass(status, false); got != ClassOf(status) {
			t.Errorf("%d without the field: got %v", status, got)
		}
	}
}

// RFC 9110, 9.2.2: "PUT, DELETE, and safe request methods are idempotent";
// methods are case-sensitive.
func TestIdempotentMethodsAreThoseOfTheStandard(t *testing.T) {
	for method, want := range map[string]bool{
		"GET": true, "HEAD": true, "OPTIONS": true, "TRACE": true, "PUT": true, "DELETE": true,
		"POST": false, "PATCH": false, "get": false, "PROPFIND": false, "": false,
	} {
		if Idempotent([]byte(method)) != want {
			t.Errorf("%q: %v", method, !want)
		}
	}
}

// Every reason has a status of the failing kind and a phrase.
func TestEveryReasonHasAStatus(t *testing.T) {
	for r := range sidecar.ReasonCount {
		for _, fl := range []sidecar.Flags{0, sidecar.FromClient} {
			status := StatusOf(&sidecar.Fault{Reason: r, Flags: fl})
			if status < 400 || status > 599 || Phrase(status) == "Error" {
				t.Errorf("%v: %d %s", r, status, Phrase(status))
			}
		}
	}
	for f, want := range map[*sidecar.Fault]int{
		{Reason: sidecar.BadRequest, Flags: sidecar.FromClient, Code: 431}: 431,
		{Reason: sidecar.BadRequest, Flags: sidecar.FromClient}:            400,
		{Reason: sidecar.StalledOut, Flags: sidecar.FromClient}:            408,
		{Reason: sidecar.StalledOut}:                                       504,
		{Reason: sidecar.Status5xx, Code: 503}:                             503,
		{Reason: sidecar.RetryBudget, Code: 502}:                           502,
		{Reason: sidecar.BadReply}:                                         502,
		{Reason: sidecar.PeerReset}:                                        502,
		{Reason: sidecar.DeadlineExceeded}:                                 504,
		{Reason: sidecar.NoRoute}:                                          404,
		{Reason: sidecar.ShuttingDown}:                                     503,
	} {
		if got := StatusOf(f); got != want {
			t.Errorf("%v: got %d, want %d", f, got, want)
		}
	}
}

func TestSelectorsAreResolvedByName(t *testing.T) {
	for name, want := range map[string]sidecar.Selector{
		"host": {Attr: AttrHost}, "path": {Attr: AttrPath}, "method": {Attr: AttrMethod}, "request_id": {Attr: AttrRequestID},
		"header:X-Key": {Attr: AttrHeader, Name: "x-key"},
	} {
		if got, ok := Select(name); !ok || got != want {
			t.Errorf("%q: got %v %v", name, got, ok)
		}
	}
	for _, name := range []string{"", "Host", "header:", "header:a b", "header", "cookie"} {
		if _, ok := Select(name); ok {
			t.Errorf("%q is taken", name)
		}
	}
}

// ValueLen looks at eight bytes together; this is what it stands for.
func FuzzValueLen(f *testing.F) {
	f.Add([]byte("text/plain; q=0.5\r\n"))
	f.Add([]byte("\t\x80\xff\x7f abcdefgh"))
	f.Add([]byte("\x9f\x1f\xa0\x20\x7e\x7f\x80\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		want := 0
		for want < len(data) && (data[want] == '\t' || data[want] >= 0x20 && data[want] != 0x7f) {
			want++
		}
		if got := ValueLen(data); got != want {
			t.Errorf("%q: %d, want %d", data, got, want)
		}
	})
}

func TestValueLenAtEveryPlace(t *testing.T) {
	for c := range 256 {
		for at := range 20 {
			for _, fill := range []byte{' ', 'a', '\t', 0x7e, 0x80, 0xff} {
				p := bytes.Repeat([]byte{fill}, 20)
				p[at] = byte(c)
				want := at
				if c == '\t' || c >= 0x20 && c != 0x7f {
					want = 20
				}
				if got := ValueLen(p); got != want {
					t.Fatalf("byte %#x at %d among %#x: %d, want %d", c, at, fill, got, want)
				}
			}
		}
	}
}
