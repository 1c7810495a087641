package http

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sidecar"
)

func on() CacheSettings {
	return CacheSettings{Mode: CacheOn, MaxBytes: 1 << 20, MaxEntry: 64 << 10, Coalesce: true, CoalesceWait: time.Second}
}

// turn is one request of a script. The backend answers number n with a body
// "n", unless the turn says more.
type turn struct {
	wait   time.Duration // before it
	line   string        // "GET /" if empty
	fields string
	dest   string
	reply  said   // the backend's, 200 if it says nothing
	want   string // "n" the n-th reply of the backend, or a status other than 200
	status string // Cache-Status behind "sidecar; ", if it is looked at
}

// The sentences of RFC 9111 that bind, each by a script.
func TestCacheKeepsTheRules(t *testing.T) {
	const hour = "Cache-Control: max-age=3600"
	fresh := said{fields: hour}
	for _, c := range []struct {
		name  string
		steps []turn
	}{
		{"3: a reply that says for how long is stored and used", []turn{{reply: fresh, want: "1", status: "fwd=uri-miss; stored"}, {want: "1", status: "hit; ttl=3600"}, {wait: time.Hour - time.Second, want: "1", status: "hit; ttl=1"}, {wait: 2 * time.Second, want: "2", status: "fwd=stale"}}},
		{"2: keyed by target, query included", []turn{{line: "GET /a?x", reply: fresh, want: "1"}, {line: "GET /a?y", want: "2"}, {line: "GET /a", want: "3"}, {line: "GET /a?x", want: "1"}}},
		{"2: keyed by host", []turn{{fields: "Host: a", reply: fresh, want: "1"}, {fields: "Host: b", want: "2"}, {fields: "Host: a", want: "1"}}},
		{"another upstream has its own", []turn{{reply: fresh, want: "1"}, {dest: "canary", reply: fresh, want: "2"}, {want: "1"}, {dest: "canary", want: "2"}}},
		{"4: GET answers HEAD", []turn{{reply: fresh, want: "1"}, {line: "HEAD /", want: "1", status: "hit; ttl=3600"}}},
		{"a HEAD is not stored", []turn{{line: "HEAD /", reply: fresh, want: "1"}, {want: "2"}}},
		{"4.2.2: nothing is guessed", []turn{{reply: said{fields: "Last-Modified: Sat, 01 Jan 2000 00:00:00 GMT\nETag: \"a\""}, want: "1", status: "fwd=uri-miss"}, {want: "2"}}},
		{"4.2.1: s-maxage before max-age before Expires", []turn{
			{reply: said{fields: "Cache-Control: max-age=1, s-maxage=60\nDate: Sat, 01 Jan 2000 00:00:00 GMT\nExpires: Sat, 01 Jan 2000 00:00:00 GMT"}, want: "1"},
			{wait: 59 * time.Second, want: "1"}, {wait: 2 * time.Second, want: "2"}}},
		{"4.2.1: Expires less Date", []turn{{reply: said{fields: "Date: Sat, 01 Jan 2000 00:00:00 GMT\nExpires: Saturday, 01-Jan-00 00:01:00 GMT"}, want: "1"}, {wait: 59 * time.Second, want: "1"}, {wait: 2 * time.Second, want: "2"}}},
		{"5.3: a bad Expires is in the past", []turn{{reply: said{fields: "Date: Sat, 01 Jan 2000 00:00:00 GMT\nExpires: 0"}, want: "1"}, {want: "2"}}},
		{"4.2.3: Age counts", []turn{{reply: said{fields: "Cache-Control: max-age=60\nAge: 50"}, want: "1"}, {wait: 9 * time.Second, want: "1"}, {wait: 2 * time.Second, want: "2"}}},
		{"4.2.3: so does the Date", []turn{{reply: said{fields: "Cache-Control: max-age=60\nDate: Fri, 31 Dec 1999 23:59:10 GMT"}, want: "1"}, {wait: 9 * time.Second, want: "1"}, {wait: 2 * time.Second, want: "2"}}},
		{"5.2.2.5: no-store", []turn{{reply: said{fields: "Cache-Control: no-store, max-age=60"}, want: "1"}, {want: "2"}}},
		{"5.2.2.7: private", []turn{{reply: said{fields: "Cache-Control: max-age=60\nCache-Control: private=\"x, y\""}, want: "1"}, {want: "2"}}},
		{"5.2.2.4: no-cache", []turn{{reply: said{fields: "Cache-Control: max-age=60, no-cache"}, want: "1"}, {want: "2"}}},
		{"no name within quotes", []turn{{reply: said{fields: "Cache-Control: x=\"no-store, private\", max-age=60"}, want: "1"}, {want: "1"}}},
		{"4.2.1: a bad max-age is stale", []turn{{reply: said{fields: "Cache-Control: max-age=-1"}, want: "1"}, {want: "2"}}},
		{"Set-Cookie is not stored", []turn{{reply: said{fields: hour + ", public\nSet-Cookie: a=b"}, want: "1"}, {want: "2"}}},
		{"3: 206 and failures are not stored", []turn{{reply: said{line: "206", fields: hour}, want: "206"}, {reply: said{line: "500", fields: hour}, want: "500"}, {want: "3"}}},
		{"3: others are", []turn{{reply: said{line: "404", fields: hour}, want: "404"}, {want: "404", status: "hit; ttl=3600"}}},
		{"3.5: Authorization", []turn{{fields: "Authorization: x", reply: fresh, want: "1"}, {want: "2"}}},
		{"3.5: is not answered from others' either", []turn{{reply: fresh, want: "1"}, {fields: "Authorization: x", want: "2"}, {want: "1"}}},
		{"3.5: unless the reply is public", []turn{{fields: "Authorization: x", reply: said{fields: hour + ", public"}, want: "1"}, {fields: "Authorization: y", want: "1"}, {want: "1"}}},
		{"3.5: or has s-maxage", []turn{{fields: "Authorization: x", reply: said{fields: "Cache-Control: s-maxage=60"}, want: "1"}, {fields: "Authorization: y", want: "1"}}},
		{"3.5: or must be validated", []turn{{fields: "Authorization: x", reply: said{fields: hour + ", must-revalidate"}, want: "1"}, {fields: "Authorization: y", want: "1"}}},
		{"Cookie: only what is public", []turn{{fields: "Cookie: x", reply: said{fields: hour + ", s-maxage=60"}, want: "1"}, {fields: "Cookie: x", reply: said{fields: hour + ", public"}, want: "2"}, {fields: "Cookie: y", want: "2"}, {want: "2"}}},
		{"4.1: Vary", []turn{
			{fields: "X-L: de", reply: said{fields: hour + "\nVary: X-L, x-m"}, want: "1"}, {fields: "X-L: en", reply: said{fields: hour + "\nVary: x-l,X-M"}, want: "2"},
			{fields: "X-L: de", want: "1"}, {fields: "x-l: en", want: "2"}, {fields: "X-L: de\nX-L: en", want: "3"}, {fields: "X-L: de\nX-M: 1", want: "4"}, {want: "5"}}},
		{"4.1: Vary on all", []turn{{reply: said{fields: hour + "\nVary: x-l\nVary: *"}, want: "1"}, {want: "2"}}},
		{"4.1: Vary on the host, which is in the key", []turn{{reply: said{fields: hour + "\nVary: Host"}, want: "1"}, {want: "1"}}},
		{"4.1: Vary on what the sidecar writes anew", []turn{
			{fields: "X-Forwarded-For: 10.0.0.1", reply: said{fields: hour + "\nVary: X-Forwarded-For"}, want: "1"}, {fields: "X-Forwarded-For: 10.0.0.1", reply: said{fields: hour + "\nVary: x-request-id"}, want: "2"},
			{reply: said{fields: hour + "\nVary: Grpc-Timeout"}, want: "3"}, {want: "4"}}},
		{"one client's place is not another's", []turn{
			{fields: "X-Forwarded-Host: evil", reply: fresh, want: "1"}, {reply: fresh, want: "2"}, {fields: "X-Forwarded-Proto: https", reply: fresh, want: "3"},
			{want: "2"}, {fields: "X-Forwarded-Host: evil", want: "1"}, {fields: "X-Forwarded-Proto: https", want: "3"}, {fields: "X-Forwarded-Host: evil\nX-Forwarded-Proto: https", want: "4"}}},
		{"a request that names another target stores nothing", []turn{
			{fields: "X-Original-URL: /evil", reply: fresh, want: "1"}, {fields: "X-HTTP-Method-Override: DELETE", reply: fresh, want: "2"}, {want: "3"}}},
		{"a quote that hides a prohibition", []turn{
			{reply: said{fields: hour + ", x=\"y, private"}, want: "1"}, {reply: said{fields: hour + ", a\"b, private, c\"d"}, want: "2"}, {reply: said{fields: hour + ", x= \"no-store\""}, want: "3"}, {want: "3"}}},
		{"of two ages the older", []turn{{reply: said{fields: "Cache-Control: max-age=60\nAge: 0\nAge: 59"}, want: "1"}, {wait: 2 * time.Second, want: "2"}}},
		{"5.2.1.4: the request's no-cache", []turn{{reply: fresh, want: "1"}, {fields: "Cache-Control: no-cache", reply: fresh, want: "2", status: "fwd=request; stored"}, {want: "2"}}},
		{"5.4: Pragma", []turn{{reply: fresh, want: "1"}, {fields: "Pragma: no-cache", reply: fresh, want: "2"}, {fields: "Pragma: no-cache\nCache-Control: max-age=9", want: "2"}}},
		{"5.2.1.5: the request's no-store", []turn{{fields: "Cache-Control: no-store", reply: fresh, want: "1"}, {want: "2"}}},
		{"5.2.1.1: the request's max-age", []turn{{reply: fresh, want: "1"}, {wait: 10 * time.Second, fields: "Cache-Control: max-age=10", want: "1"}, {wait: time.Second, fields: "Cache-Control: max-age=10", reply: fresh, want: "2"}}},
		{"5.2.1.3: min-fresh", []turn{{reply: fresh, want: "1"}, {fields: "Cache-Control: min-fresh=3600", want: "1"}, {fields: "Cache-Control: min-fresh=3601", want: "2"}}},
		{"5.2.1.7: only-if-cached", []turn{{fields: "Cache-Control: only-if-cached", want: "504"}, {reply: fresh, want: "1"}, {fields: "Cache-Control: only-if-cached", want: "1"}}},
		{"ranges pass by", []turn{{reply: fresh, want: "1"}, {fields: "Range: bytes=0-1", reply: said{line: "206", fields: hour}, want: "206"}, {want: "1"}}},
		{"so do upgrades, and bodies", []turn{{reply: fresh, want: "1"}, {fields: "Upgrade: websocket", want: "2"}, {fields: "Content-Length: 1", want: "3"}}},
		{"4.4: what changes a target drops it", []turn{{reply: fresh, want: "1"}, {line: "POST /", want: "2"}, {reply: fresh, want: "3"}, {line: "PURGE-ALL /", reply: said{line: "303"}, want: "303"}, {want: "5"}}},
		{"4.4: what fails to does not, nor what is safe", []turn{{reply: fresh, want: "1"}, {line: "DELETE /", reply: said{line: "403"}, want: "403"}, {line: "OPTIONS /", want: "3"}, {line: "POST /other", want: "4"}, {want: "1"}}},
		{"4.4: in all variants and upstreams", []turn{{fields: "X-L: de", reply: said{fields: hour + "\nVary: X-L"}, want: "1"}, {dest: "canary", reply: fresh, want: "2"}, {line: "PUT /", want: "3"}, {fields: "X-L: de", want: "4"}, {dest: "canary", want: "5"}}},
		{"4.3.2: the client's own condition", []turn{
			{reply: said{fields: hour + "\nETag: W/\"a,b\"\nLast-Modified: Fri, 31 Dec 1999 00:00:00 GMT"}, want: "1"}, {fields: "If-None-Match: \"x\", \"a,b\"", want: "304"}, {fields: "If-None-Match: *", want: "304"},
			{fields: "If-None-Match: \"b\"\nIf-Modified-Since: Fri, 31 Dec 1999 00:00:00 GMT", want: "1"}, {fields: "If-Modified-Since: Fri, 31 Dec 1999 00:00:00 GMT", want: "304"},
			{fields: "If-Modified-Since: Friday, 31-Dec-99 00:00:01 GMT", want: "304"}, {fields: "If-Modified-Since: Thu, 30 Dec 1999 00:00:00 GMT", want: "1"}, {fields: "If-Modified-Since: yesterday", want: "1"}}},
		{"4.3.4: what still holds is used again", []turn{
			{reply: said{fields: "Cache-Control: max-age=10\nETag: \"a\"\nX-N: 1\nX-O: 1"}, want: "1"},
			{wait: 11 * time.Second, reply: said{line: "304", fields: "Cache-Control: max-age=20\nX-N: 2"}, want: "1", status: "fwd=stale; fwd-status=304"},
			{wait: 19 * time.Second, want: "1", status: "hit; ttl=1"}}},
		{"4.3.4: to the client's condition too", []turn{
			{reply: said{fields: "Cache-Control: max-age=10\nETag: \"a\""}, want: "1"},
			{wait: 11 * time.Second, fields: "If-None-Match: \"a\"", reply: said{line: "304"}, want: "304"}, {wait: time.Second, want: "1"}}},
		{"4.3.4: a 304 of another version leaves nothing", []turn{
			{reply: said{fields: "Cache-Control: max-age=10\nETag: \"a\""}, want: "1"},
			{wait: 11 * time.Second, reply: said{line: "304", fields: "ETag: \"b\""}, want: "1"}, {want: "3"}}},
		{"4.3.4: nor one to somebody known, unless it is for all", []turn{
			{reply: said{fields: "Cache-Control: max-age=10, public\nETag: \"a\""}, want: "1"},
			{wait: 11 * time.Second, fields: "Authorization: x", reply: said{line: "304", fields: "X-User: x"}, want: "1"}, {want: "1"},
			{wait: 11 * time.Second, fields: "Cookie: x", reply: said{line: "304", fields: hour + "\nX-User: x"}, want: "1"}, {want: "4"}}},
		{"4.3.4: nor one that sets a cookie", []turn{
			{reply: said{fields: "Cache-Control: max-age=10\nETag: \"a\""}, want: "1"},
			{wait: 11 * time.Second, reply: said{line: "304", fields: "Set-Cookie: x"}, want: "1"}, {want: "3"}}},
		{"4.3.4: what a 304 says to depend on counts", []turn{
			{fields: "X-L: de", reply: said{fields: "Cache-Control: max-age=10\nETag: \"a\""}, want: "1"},
			{wait: 11 * time.Second, fields: "X-L: de", reply: said{line: "304", fields: "Vary: X-L"}, want: "1"}, {fields: "X-L: de", want: "1"}, {fields: "X-L: en", want: "3"}}},
		{"4.3.3: what has changed takes its place", []turn{{reply: said{fields: "Cache-Control: max-age=10\nETag: \"a\""}, want: "1"}, {wait: 11 * time.Second, reply: said{fields: hour + "\nETag: \"b\""}, want: "2"}, {want: "2"}}},
		{"what must not be stored any more is forgotten", []turn{{reply: said{fields: "Cache-Control: max-age=10\nETag: \"a\""}, want: "1"}, {wait: 11 * time.Second, reply: said{fields: "Cache-Control: no-store"}, want: "2"}, {want: "3"}}},
		{"a 304 to the client's own condition is the backend's to give", []turn{{fields: "If-None-Match: \"a\"", reply: said{line: "304", fields: hour}, want: "304"}, {want: "2"}}},
		{"5861: a stale reply stands in for a failure", []turn{
			{reply: said{fields: "Cache-Control: max-age=10, stale-if-error=20"}, want: "1"}, {wait: 29 * time.Second, reply: said{line: "503"}, want: "1", status: "hit; fwd=stale; fwd-status=503"},
			{reply: said{line: "fail"}, want: "1", status: "hit; fwd=stale; detail=failed"}, {wait: 2 * time.Second, reply: said{line: "503"}, want: "503"}}},
		{"5861: not for a 404, nor without a word", []turn{{reply: said{fields: "Cache-Control: max-age=10, stale-if-error=20"}, want: "1"}, {wait: 11 * time.Second, reply: said{line: "404"}, want: "404"}}},
		{"4.2.4: nor where that is forbidden", []turn{{reply: said{fields: "Cache-Control: max-age=10, stale-if-error=20, must-revalidate"}, want: "1"}, {wait: 11 * time.Second, reply: said{line: "503"}, want: "503"}}},
		{"3.3: what broke off is not stored", []turn{{reply: said{line: "cut 200", fields: hour, body: "123456"}, want: "fault"}, {want: "2"}}},
		{"9112, 8: nor what may have", []turn{{reply: said{fields: hour + "\nContent-Type: x"}, want: "1"}, {want: "2"}}},
		{"too large", []turn{{reply: said{fields: hour, body: strings.Repeat("x", 64<<10+1)}, want: strings.Repeat("x", 64<<10+1)}, {want: "2"}}},
		{"too large, and chunked", []turn{{reply: said{fields: hour + "\nTransfer-Encoding: x\nContent-Type: x", body: strings.Repeat("x", 64<<10+1)}, want: strings.Repeat("x", 64<<10+1)}, {want: "2"}}},
	} {
		t.Run(c.name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { play(t, c.steps) }) })
	}
}

func play(t *testing.T, steps []turn) {
	var now turn
	back := &origin{reply: func(n int, _ said) said {
		r := now.reply
		switch r.line {
		case "":
			r.line = "200"
		case "fail":
			r.line = ""
		}
		if r.body == "" {
			r.body = fmt.Sprint(n)
		}
		if r.line == "304" {
			r.body = ""
		}
		return r
	}}
	s := NewCache(CacheParams{}, on()).Layer(back)
	for i, one := range steps {
		time.Sleep(one.wait)
		now = one
		if one.line == "" {
			one.line = "GET /"
		}
		m, err := through(s, one.dest, said{line: one.line, fields: one.fields})
		got := m.got.body
		switch {
		case err != nil:
			got = "fault"
		case m.got.line != "200":
			got = m.got.line
		}
		if got != one.want {
			t.Fatalf("step %d: got %.40q, want %.40q (%.200s)", i+1, got, one.want, m.got.fields)
		}
		if status := strings.TrimPrefix(m.got.field("Cache-Status"), "sidecar; "); one.status != "" && status != one.status {
			t.Errorf("step %d: Cache-Status %q, want %q", i+1, status, one.status)
		}
		if strings.HasPrefix(one.status, "hit") && m.got.field("Age") == "" {
			t.Errorf("step %d: no Age", i+1)
		}
	}
}

func TestRevalidatedReplyHasTheFieldsOfBoth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		back := &origin{reply: func(n int, r said) said {
			if n == 1 {
				return said{line: "200", fields: "Cache-Control: max-age=10\nETag: \"a\"\nX-N: 1\nX-O: 1\nAge: 3\nCache-Status: other", body: "one"}
			}
			if r.field("if-none-match") != `"a"` {
				t.Errorf("the backend was asked with %q", r.fields)
			}
			return said{line: "304", fields: "X-N: 2\nCache-Control: max-age=60"}
		}}
		s := NewCache(CacheParams{}, on()).Layer(back)
		through(s, "", said{line: "GET /"})
		time.Sleep(8 * time.Second)
		m, _ := through(s, "", said{line: "GET /"})
		if m.got.body != "one" || m.got.field("X-N") != "2" || m.got.field("X-O") != "1" || strings.Count(m.got.fields, "X-N") != 1 || strings.Contains(m.got.fields, "other") {
			t.Errorf("got %+v", m.got)
		}
		time.Sleep(50 * time.Second)
		if m, _ = through(s, "", said{line: "GET /"}); m.got.field("Age") != "50" || m.got.field("X-N") != "2" || len(back.asked) != 2 {
			t.Errorf("got %+v after %d requests", m.got, len(back.asked))
		}
	})
}

// A reply that was asked for before a change may tell of the time before it.
func TestReplyFromBeforeAChangeIsNotStoredAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		back := &origin{reply: func(n int, r said) said {
			switch {
			case n == 1:
				return said{line: "200", fields: "Cache-Control: max-age=60", body: "old", takes: time.Second}
			case strings.HasPrefix(r.line, "POST"):
				return said{line: "204"}
			}
			return said{line: "200", body: "new"}
		}}
		s := NewCache(CacheParams{}, on()).Layer(back)
		done := make(chan bool)
		go func() {
			through(s, "", said{line: "GET /"})
			close(done)
		}()
		time.Sleep(500 * time.Millisecond)
		through(s, "", said{line: "POST /"})
		<-done
		if m, _ := through(s, "", said{line: "GET /"}); m.got.body != "new" {
			t.Errorf("got %q", m.got.body)
		}
	})
}

// What another upstream answered in this one's place is for the moment.
func TestAnswerOfAFallbackIsNotStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		back := &origin{reply: func(n int, _ said) said {
			return said{line: "200", fields: "Cache-Control: max-age=60", body: fmt.Sprint(n)}
		}}
		fallback := true
		s := NewCache(CacheParams{}, on()).Layer(sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
			if fallback {
				x.Try("fallback: upstream other", nobody, x.Now())
			}
			return back.Do(ctx, x)
		}))
		for _, want := range []string{"1", "2", "2"} {
			if m, _ := through(s, "", said{line: "GET /"}); m.got.body != want {
				t.Errorf("got %q, want %q", m.got.body, want)
			}
			fallback = false
		}
	})
}

// Who has been told of a change reads nothing from before it.
func TestChangeIsSeenBeforeItsReply(t *testing.T) {
	c := NewCache(CacheParams{}, on())
	back := &origin{reply: func(n int, _ said) said {
		return said{line: "200", fields: "Cache-Control: max-age=60", body: fmt.Sprint(n)}
	}}
	through(c.Layer(back), "", said{line: "GET /"})
	late := sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
		err := back.Do(ctx, x) // the client has its reply
		if m, _ := through(c.Layer(back), "", said{line: "GET /"}); m.got.body != "3" {
			t.Errorf("got %q", m.got.body)
		}
		return err
	})
	through(c.Layer(late), "", said{line: "POST /"})
}

// The last good answer, where its sender has said nothing about failures.
func TestLastGoodReplyStandsInForAFailure(t *testing.T) {
	e := entry{freshness: freshness{lifetime: int64(10 * time.Second)}}
	const later = int64(time.Minute)
	for _, c := range []struct {
		name   string
		change func(e *entry)
		least  time.Duration
		want   bool
	}{
		{"long enough", func(*entry) {}, 50 * time.Second, true},
		{"too short", func(*entry) {}, 50*time.Second - 1, false},
		{"not configured", func(*entry) {}, 0, false},
		{"it says more itself", func(e *entry) { e.staleIfError = int64(time.Hour) }, time.Second, true},
		{"it forbids it", func(e *entry) { e.revalidate = true }, time.Hour, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := e
			c.change(&e)
			if got := e.standsIn(later, c.least); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestDarkCacheAnswersNothingAndCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		back := &origin{reply: func(n int, _ said) said {
			return said{line: "200", fields: "Cache-Control: max-age=60\nETag: \"a\"", body: fmt.Sprint(n)}
		}}
		set := on()
		set.Mode = CacheDark
		c := NewCache(CacheParams{}, set)
		s := c.Layer(back)
		for n := range 3 {
			m, _ := through(s, "", said{line: "GET /"})
			if m.got.body != fmt.Sprint(n+1) || m.got.field("Cache-Status") != "" {
				t.Errorf("got %+v", m.got)
			}
		}
		time.Sleep(time.Hour)
		through(s, "", said{line: "GET /"})
		if r := c.State().Requests; r["hit"] != 2 || r["miss"] != 1 || r["refresh"] != 1 {
			t.Errorf("counted %v", r)
		}
		for _, r := range back.asked {
			if r.fields != "" {
				t.Errorf("the backend was asked with %q", r.fields)
			}
		}
	})
}

func TestCacheSwitchedOffForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		back := &origin{reply: func(n int, _ said) said {
			return said{line: "200", fields: "Cache-Control: max-age=60", body: fmt.Sprint(n)}
		}}
		c := NewCache(CacheParams{}, on())
		s := c.Layer(back)
		through(s, "", said{line: "GET /"})
		c.Set(CacheSettings{})
		through(s, "", said{line: "GET /"})
		c.Set(on())
		if m, _ := through(s, "", said{line: "GET /"}); m.got.body != "3" {
			t.Errorf("got %+v", m.got)
		}
	})
}

func TestCacheStaysWithinItsBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		back := &origin{reply: func(_ int, r said) said {
			return said{line: "200", fields: "Cache-Control: max-age=60\nVary: X-V", body: strings.Repeat("x", 10_000)}
		}}
		c := NewCache(CacheParams{}, on())
		s := c.Layer(back)
		for i := range 400 {
			through(s, "", said{line: fmt.Sprintf("GET /%d", i%100), fields: fmt.Sprintf("X-V: %d", i/100)})
			if n := c.State().Bytes; n > 1<<20 {
				t.Fatalf("%d bytes after %d requests", n, i+1)
			}
		}
		if n := c.State().Bytes; n < 1<<19 {
			t.Errorf("%d bytes of a MiB are used", n)
		}
		if n := c.filling.Load(); n != 0 {
			t.Errorf("%d bytes under way", n)
		}
		for i := range 100 { // variants of one target have a bound, too
			through(s, "", said{line: "GET /one", fields: fmt.Sprintf("X-V: %d", i)})
		}
		if r := c.store.get(must(t, c, "GET /one")); len(r.entries) != maxVariants {
			t.Errorf("%d variants", len(r.entries))
		}
	})
}

// must is what a request asks of a cache.
func must(t *testing.T, c *Cache, line string) *asking {
	t.Helper()
	var a asking
	m := &talk{request: said{line: line}}
	if !a.read(m, m, c.seed) {
		t.Fatal("no request for a cache")
	}
	return &a
}
