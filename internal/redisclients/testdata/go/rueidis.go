package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/rueidis"
)

// ru is rueidis: all commands of a client by one pipelined connection, blocking
// ones and WATCH by dedicated ones.
type ru struct{ c rueidis.Client }

func rueidisChecks(tracking bool) ([]check, string) {
	option := rueidis.ClientOption{
		InitAddress: []string{address}, ClientName: "checks",
		AlwaysRESP2: version == 2, DisableCache: !tracking, ForceSingleClient: !cluster,
	}
	name := "rueidis " + rueidis.LibVer
	c, err := rueidis.NewClient(option)
	if err != nil && tracking {
		return []check{{"connect", func(context.Context) { panic("with its cache: " + err.Error()) }}}, name
	}
	must(err)
	r := ru{c}
	checks := []check{
		{"connect", r.connect}, {"types", r.types}, {"pipeline", r.pipeline}, {"transaction", r.transaction}, {"watch", r.watch},
		{"lua", r.lua}, {"subscribe", r.subscribe}, {"block", r.block}, {"big", r.big}, {"errors", r.errors}, {"crowd", r.crowd}, {"many_keys", r.manyKeys},
	}
	if tracking {
		checks = append(checks, check{"cached", r.cached})
	}
	if !cluster {
		checks = append(checks, check{"scan", r.scan})
	}
	return checks, name
}

func (r ru) do(ctx context.Context, args ...string) rueidis.RedisResult {
	b := r.c.B().Arbitrary(args[0])
	if len(args) > 1 {
		b = b.Keys(args[1]).Args(args[2:]...)
	}
	return r.c.Do(ctx, b.Build())
}

func (r ru) text(ctx context.Context, args ...string) string {
	s, err := r.do(ctx, args...).ToString()
	must(err)
	return s
}

func (r ru) connect(ctx context.Context) {
	s, err := r.c.Do(ctx, r.c.B().Ping().Build()).ToString()
	must(err)
	eq(s, "PONG")
	if !cluster {
		s, err = r.c.Do(ctx, r.c.B().ClientGetname().Build()).ToString()
		must(err)
		eq(s, "checks")
	}
}

func (r ru) types(ctx context.Context) {
	p := prefix
	for _, k := range []string{"h", "z", "n"} {
		must(r.do(ctx, "DEL", p+k).Error())
	}
	must(r.do(ctx, "HSET", p+"h", "a", "1", "b", "2").Error())
	m, err := r.do(ctx, "HGETALL", p+"h").AsStrMap()
	must(err)
	eq(m, map[string]string{"a": "1", "b": "2"})
	must(r.do(ctx, "ZADD", p+"z", "1.5", "x").Error())
	f, err := r.do(ctx, "ZSCORE", p+"z", "x").AsFloat64()
	must(err)
	eq(f, 1.5)
	eq(rueidis.IsRedisNil(r.do(ctx, "GET", p+"none").Error()), true)
}

func (r ru) pipeline(ctx context.Context) {
	var all rueidis.Commands
	for i := range 1000 {
		k := prefix + "p" + strconv.Itoa(i)
		all = append(all, r.c.B().Set().Key(k).Value(strconv.Itoa(i)).Build(), r.c.B().Get().Key(k).Build())
	}
	for i, got := range r.c.DoMulti(ctx, all...) {
		must(got.Error())
		if i%2 == 1 {
			s, _ := got.ToString()
			eq(s, strconv.Itoa(i/2))
		}
	}
}

func (r ru) manyKeys(ctx context.Context) {
	pairs := map[string]string{}
	var keys []string
	for i := range 100 {
		keys = append(keys, key(i))
		pairs[key(i)] = strconv.Itoa(i)
	}
	for _, err := range rueidis.MSet(r.c, ctx, pairs) {
		must(err)
	}
	got, err := rueidis.MGet(r.c, ctx, keys)
	must(err)
	for k, v := range pairs {
		m := got[k]
		s, err := m.ToString()
		must(err)
		eq(s, v)
	}
	for _, err := range rueidis.MDel(r.c, ctx, keys) {
		must(err)
	}
}

func (r ru) transaction(ctx context.Context) {
	must(r.do(ctx, "SET", prefix+"t", "10").Error())
	must(r.c.Dedicated(func(d rueidis.DedicatedClient) error {
		got := d.DoMulti(ctx, d.B().Multi().Build(), d.B().Incr().Key(prefix+"t").Build(), d.B().Get().Key(prefix+"t").Build(), d.B().Exec().Build())
		values, err := got[3].ToArray()
		must(err)
		n, _ := values[0].ToInt64()
		eq(n, int64(11))
		got = d.DoMulti(ctx, d.B().Multi().Build(), d.B().Incr().Key(prefix+"t").Build(), d.B().Discard().Build())
		return got[2].Error()
	}))
	eq(r.text(ctx, "GET", prefix+"t"), "11")
}

func (r ru) watch(ctx context.Context) {
	k := prefix + "w"
	must(r.do(ctx, "SET", k, "1").Error())
	attempt := func(spoil bool) (failed bool) {
		must(r.c.Dedicated(func(d rueidis.DedicatedClient) error {
			must(d.Do(ctx, d.B().Watch().Key(k).Build()).Error())
			n, err := d.Do(ctx, d.B().Get().Key(k).Build()).AsInt64()
			must(err)
			if spoil {
				must(r.do(ctx, "SET", k, "2").Error())
			}
			got := d.DoMulti(ctx, d.B().Multi().Build(), d.B().Set().Key(k).Value(strconv.FormatInt(n+1, 10)).Build(), d.B().Exec().Build())
			failed = rueidis.IsRedisNil(got[2].Error())
			return nil
		}))
		return failed
	}
	eq(attempt(true), true)
	eq(r.text(ctx, "GET", k), "2")
	eq(attempt(false), false)
	eq(r.text(ctx, "GET", k), "3")
}

func (r ru) lua(ctx context.Context) {
	s := rueidis.NewLuaScript("return {KEYS[1], ARGV[1]} -- " + prefix)
	for range 2 {
		got, err := s.Exec(ctx, r.c, []string{prefix + "lua"}, []string{"a"}).AsStrSlice()
		must(err)
		eq(got, []string{prefix + "lua", "a"})
	}
}

func (r ru) subscribe(ctx context.Context) {
	told := make(chan string, 200)
	begun := make(chan struct{})
	over := make(chan error, 1)
	go func() {
		over <- r.c.Dedicated(func(d rueidis.DedicatedClient) error {
			ended := d.SetPubSubHooks(rueidis.PubSubHooks{OnMessage: func(m rueidis.PubSubMessage) { told <- m.Message }})
			if err := d.Do(ctx, d.B().Subscribe().Channel(prefix+"ch").Build()).Error(); err != nil {
				return err
			}
			close(begun)
			select {
			case err := <-ended:
				return err
			case <-time.After(time.Second):
				return d.Do(ctx, d.B().Unsubscribe().Channel(prefix+"ch").Build()).Error()
			}
		})
	}()
	select {
	case <-begun:
	case err := <-over:
		panic(err)
	}
	for i := range 100 {
		must(r.c.Do(ctx, r.c.B().Publish().Channel(prefix+"ch").Message(strconv.Itoa(i)).Build()).Error())
	}
	for i := range 100 {
		select {
		case m := <-told:
			eq(m, strconv.Itoa(i))
		case <-ctx.Done():
			panic("no message")
		}
	}
	must(<-over)
}

func (r ru) block(ctx context.Context) {
	q := prefix + "q"
	must(r.do(ctx, "DEL", q).Error())
	done := make(chan []string)
	go func() {
		got, _ := r.c.Do(ctx, r.c.B().Blpop().Key(q).Timeout(20).Build()).AsStrSlice()
		done <- got
	}()
	for range 100 {
		must(r.do(ctx, "SET", prefix+"other", "1").Error())
	}
	must(r.do(ctx, "RPUSH", q, "job").Error())
	eq(<-done, []string{q, "job"})
}

// What the client has kept of a key is dropped when the server tells that it has
// changed.
func (r ru) cached(ctx context.Context) {
	k := prefix + "cached"
	must(r.do(ctx, "SET", k, "1").Error())
	for range 2 {
		s, err := r.c.DoCache(ctx, r.c.B().Get().Key(k).Cache(), time.Minute).ToString()
		must(err)
		eq(s, "1")
	}
	must(r.do(ctx, "SET", k, "2").Error())
	for s := ""; s != "2"; {
		var err error
		s, err = r.c.DoCache(ctx, r.c.B().Get().Key(k).Cache(), time.Minute).ToString()
		must(err)
	}
}

func (r ru) scan(ctx context.Context) {
	for i := range 300 {
		must(r.do(ctx, "SET", prefix+"scan"+strconv.Itoa(i), "1").Error())
	}
	got := map[string]bool{}
	for cursor := uint64(0); ; {
		e, err := r.c.Do(ctx, r.c.B().Scan().Cursor(cursor).Match(prefix+"scan*").Count(100).Build()).AsScanEntry()
		must(err)
		for _, k := range e.Elements {
			got[k] = true
		}
		if cursor = e.Cursor; cursor == 0 {
			break
		}
	}
	eq(len(got), 300)
}

func (r ru) big(ctx context.Context) {
	must(r.do(ctx, "SET", prefix+"big", big).Error())
	eq(r.text(ctx, "GET", prefix+"big") == big, true)
	must(r.do(ctx, "DEL", prefix+"big").Error())
}

func (r ru) errors(ctx context.Context) {
	must(r.do(ctx, "SET", prefix+"e", "text").Error())
	raises("WRONGTYPE", r.do(ctx, "LPUSH", prefix+"e", "1").Error())
	raises("value is not an integer or out of range", r.do(ctx, "INCR", prefix+"e").Error())
	err := r.do(ctx, "NOSUCH", prefix+"e").Error()
	raises("unknown command 'NOSUCH'", err)
	eq(strings.Contains(r.text(ctx, "GET", prefix+"e"), "text"), true)
}

func (r ru) crowd(ctx context.Context) {
	var wait sync.WaitGroup
	bad := make(chan error, 50)
	for n := range 50 {
		wait.Go(func() {
			for i := range 100 {
				k, v := fmt.Sprintf("%scrowd%d", prefix, n), fmt.Sprintf("%d-%d", n, i)
				err := r.do(ctx, "SET", k, v).Error()
				got, _ := r.do(ctx, "GET", k).ToString()
				if err == nil && got != v {
					err = errors.New("got " + got + ", want " + v)
				}
				if err != nil {
					bad <- err
					return
				}
			}
		})
	}
	wait.Wait()
	close(bad)
	must(<-bad)
}
