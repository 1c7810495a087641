package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

func open() redis.UniversalClient {
	if cluster {
		return redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{address}, Protocol: version})
	}
	return redis.NewClient(&redis.Options{Addr: address, Protocol: version, ClientName: "checks"})
}

func goredis() ([]check, string) {
	c := open()
	g := client{c, open()}
	checks := []check{
		{"connect", g.connect},
		{"types", g.types},
		{"pipeline", g.pipeline},
		{"transaction", g.transaction},
		{"watch", g.watch},
		{"lua", g.lua},
		{"subscribe", g.subscribe},
		{"block", g.block},
		{"stream", g.stream},
		{"big", g.big},
		{"errors", g.errors},
		{"crowd", g.crowd},
	}
	if !cluster {
		checks = append(checks, check{"many_keys", g.manyKeys}, check{"scan", g.scan}, check{"pipeline_with_errors", g.pipelineWithErrors})
	}
	return checks, "go-redis " + redis.Version()
}

type client struct{ c, other redis.UniversalClient }

func (g client) connect(ctx context.Context) {
	eq(g.c.Ping(ctx).Val(), "PONG")
	eq(g.c.Echo(ctx, "hello").Val(), "hello")
	if !cluster {
		name, err := g.c.ClientGetName(ctx).Result()
		must(err)
		eq(name, "checks")
		commands, err := g.c.Command(ctx).Result()
		must(err)
		eq(len(commands) > 200, true)
		eq(commands["get"].FirstKeyPos, int8(1))
	}
	eq(strings.Contains(g.c.Info(ctx, "server").Val(), "redis_version"), true)
}

func (g client) types(ctx context.Context) {
	p := prefix
	must(g.c.Del(ctx, p+"h", p+"z", p+"l", p+"s", p+"n").Err())
	eq(g.c.HSet(ctx, p+"h", "a", "1", "b", "2").Val(), int64(2))
	eq(g.c.HGetAll(ctx, p+"h").Val(), map[string]string{"a": "1", "b": "2"})
	must(g.c.ZAdd(ctx, p+"z", redis.Z{Score: 1.5, Member: "x"}, redis.Z{Score: 2, Member: "y"}).Err())
	eq(g.c.ZScore(ctx, p+"z", "x").Val(), 1.5)
	eq(g.c.ZRangeWithScores(ctx, p+"z", 0, -1).Val(), []redis.Z{{Score: 1.5, Member: "x"}, {Score: 2, Member: "y"}})
	must(g.c.RPush(ctx, p+"l", 1, 2, 3).Err())
	eq(g.c.LRange(ctx, p+"l", 0, -1).Val(), []string{"1", "2", "3"})
	eq(g.c.Get(ctx, p+"none").Err(), redis.Nil)
	eq(g.c.IncrBy(ctx, p+"n", 5).Val(), int64(5))
	eq(g.c.SetNX(ctx, p+"n", 1, 0).Val(), false)
}

func (g client) pipeline(ctx context.Context) {
	p := g.c.Pipeline()
	var got []*redis.StringCmd
	for i := range 1000 {
		p.Set(ctx, prefix+"p"+strconv.Itoa(i), i, 0)
		got = append(got, p.Get(ctx, prefix+"p"+strconv.Itoa(i)))
		p.LLen(ctx, prefix+"nothing")
	}
	_, err := p.Exec(ctx)
	must(err)
	for i, g := range got {
		eq(g.Val(), strconv.Itoa(i))
	}
}

func (g client) pipelineWithErrors(ctx context.Context) {
	must(g.c.Set(ctx, prefix+"text", "t", 0).Err())
	p := g.c.Pipeline()
	a, b, c, d := p.Get(ctx, prefix+"text"), p.LPush(ctx, prefix+"text", 1), p.Do(ctx, "NOSUCH", "x"), p.Get(ctx, prefix+"text")
	_, _ = p.Exec(ctx)
	eq(a.Val(), "t")
	raises("WRONGTYPE", b.Err())
	raises("ERR unknown command 'NOSUCH', with args beginning with: 'x' ", c.Err())
	eq(d.Val(), "t")
}

func (g client) manyKeys(ctx context.Context) {
	var pairs, want []any
	var keys []string
	for i := range 100 {
		keys = append(keys, key(i))
		pairs = append(pairs, key(i), i)
		want = append(want, strconv.Itoa(i))
	}
	must(g.c.MSet(ctx, pairs...).Err())
	eq(g.c.MGet(ctx, append(keys, prefix+"none")...).Val(), append(want, nil))
	eq(g.c.Exists(ctx, keys...).Val(), int64(100))
	eq(g.c.Unlink(ctx, keys[:50]...).Val(), int64(50))
	eq(g.c.Del(ctx, keys...).Val(), int64(50))
}

func (g client) transaction(ctx context.Context) {
	must(g.c.Set(ctx, prefix+"t", 10, 0).Err())
	p := g.c.TxPipeline()
	n, v := p.Incr(ctx, prefix+"t"), p.Get(ctx, prefix+"t")
	_, err := p.Exec(ctx)
	must(err)
	eq(n.Val(), int64(11))
	eq(v.Val(), "11")
	p = g.c.TxPipeline()
	p.Incr(ctx, prefix+"t")
	p.Do(ctx, "GET", prefix+"t", "and more")
	_, err = p.Exec(ctx)
	if err == nil {
		panic("no error")
	}
	eq(g.c.Get(ctx, prefix+"t").Val(), "11")
}

func (g client) watch(ctx context.Context) {
	k := prefix + "w"
	must(g.c.Set(ctx, k, 1, 0).Err())
	attempt := func(spoil bool) error {
		return g.c.Watch(ctx, func(tx *redis.Tx) error {
			n, err := tx.Get(ctx, k).Int()
			must(err)
			if spoil {
				must(g.other.Set(ctx, k, 2, 0).Err())
			}
			_, err = tx.TxPipelined(ctx, func(p redis.Pipeliner) error {
				return p.Set(ctx, k, n+1, 0).Err()
			})
			return err
		}, k)
	}
	eq(attempt(true), redis.TxFailedErr)
	eq(g.c.Get(ctx, k).Val(), "2")
	must(attempt(false))
	eq(g.c.Get(ctx, k).Val(), "3")
}

func (g client) lua(ctx context.Context) {
	must(g.c.Del(ctx, prefix+"lua").Err())
	got, err := g.c.Eval(ctx, "return {KEYS[1], ARGV[1], redis.call('incr', KEYS[1])}", []string{prefix + "lua"}, "a").Result()
	must(err)
	eq(got, []any{prefix + "lua", "a", int64(1)})
	s := redis.NewScript("return redis.call('get', KEYS[1]) -- " + prefix)
	for range 2 { // EVALSHA, NOSCRIPT, EVAL; then EVALSHA
		eq(s.Run(ctx, g.c, []string{prefix + "lua"}).Val(), any("1"))
	}
	must(s.Load(ctx, g.c).Err()) // EVAL loads it at one node only
	eq(s.Exists(ctx, g.c).Val(), []bool{true})
	raises("NOSCRIPT", g.c.EvalSha(ctx, strings.Repeat("f", 40), []string{prefix + "lua"}).Err())
	raises("custom", g.c.Eval(ctx, "return redis.error_reply('ERR custom')", []string{prefix + "lua"}).Err())
}

func (g client) subscribe(ctx context.Context) {
	s := g.c.Subscribe(ctx, prefix+"ch")
	defer s.Close()
	_, err := s.Receive(ctx)
	must(err)
	must(s.PSubscribe(ctx, strings.Replace(prefix, "{", "?", 1)+"pat*"))
	_, err = s.Receive(ctx)
	must(err)
	must(s.Ping(ctx))
	_, err = s.Receive(ctx)
	must(err)
	heard := s.Channel()
	hear := func() *redis.Message {
		select {
		case m := <-heard:
			return m
		case <-ctx.Done():
			panic("no message")
		}
	}
	for i := range 100 {
		must(g.other.Publish(ctx, prefix+"ch", i).Err())
	}
	for i := range 100 {
		eq(hear().Payload, strconv.Itoa(i))
	}
	must(g.other.Publish(ctx, prefix+"pat1", "x").Err())
	eq(hear().Channel, prefix+"pat1")
	sharded := g.c.SSubscribe(ctx, prefix+"shard")
	defer sharded.Close()
	_, err = sharded.Receive(ctx)
	must(err)
	eq(g.other.SPublish(ctx, prefix+"shard", "one").Val(), int64(1))
	m, err := sharded.ReceiveMessage(ctx)
	must(err)
	eq(m.Payload, "one")
}

func (g client) block(ctx context.Context) {
	q := prefix + "q"
	must(g.other.Del(ctx, q).Err())
	done := make(chan *redis.StringSliceCmd)
	go func() { done <- g.c.BLPop(ctx, 20*time.Second, q) }()
	for range 100 {
		must(g.other.Set(ctx, prefix+"other", 1, 0).Err())
	}
	must(g.other.RPush(ctx, q, "job").Err())
	eq((<-done).Val(), []string{q, "job"})
	eq(g.c.BLPop(ctx, time.Second, q).Err(), redis.Nil)
	must(g.other.RPush(ctx, q, "a", "b").Err())
	eq(g.c.BLMove(ctx, q, prefix+"q2", "LEFT", "RIGHT", 5*time.Second).Val(), "a")
}

func (g client) stream(ctx context.Context) {
	x := prefix + "x"
	must(g.other.Del(ctx, x).Err())
	must(g.other.XGroupCreateMkStream(ctx, x, "g", "0").Err())
	done := make(chan *redis.XStreamSliceCmd)
	go func() {
		done <- g.c.XRead(ctx, &redis.XReadArgs{Streams: []string{x, "0"}, Block: 20 * time.Second})
	}()
	id, err := g.other.XAdd(ctx, &redis.XAddArgs{Stream: x, Values: []string{"f", "v"}}).Result()
	must(err)
	eq((<-done).Val()[0].Messages[0].ID, id)
	must(g.c.XReadGroup(ctx, &redis.XReadGroupArgs{Group: "g", Consumer: "me", Streams: []string{x, ">"}, Block: time.Second}).Err())
	eq(g.c.XAck(ctx, x, "g", id).Val(), int64(1))
}

func (g client) scan(ctx context.Context) {
	p := g.c.Pipeline()
	for i := range 1000 {
		p.Set(ctx, prefix+"scan"+strconv.Itoa(i), 1, 0)
	}
	_, err := p.Exec(ctx)
	must(err)
	got := map[string]bool{}
	it := g.c.Scan(ctx, 0, prefix+"scan*", 100).Iterator()
	for it.Next(ctx) {
		got[it.Val()] = true
	}
	must(it.Err())
	eq(len(got), 1000)
}

func (g client) big(ctx context.Context) {
	must(g.c.Set(ctx, prefix+"big", big, 0).Err())
	eq(g.c.Get(ctx, prefix+"big").Val() == big, true)
	must(g.c.Del(ctx, prefix+"big").Err())
}

func (g client) errors(ctx context.Context) {
	must(g.c.Set(ctx, prefix+"e", "text", 0).Err())
	raises("WRONGTYPE Operation against a key holding the wrong kind of value", g.c.LPush(ctx, prefix+"e", 1).Err())
	raises("ERR value is not an integer or out of range", g.c.Incr(ctx, prefix+"e").Err())
	raises("ERR wrong number of arguments for 'get' command", g.c.Do(ctx, "GET", prefix+"e", "b").Err())
	raises("ERR syntax error", g.c.Do(ctx, "SET", prefix+"e", "1", "NOSUCH").Err())
	eq(g.c.Get(ctx, prefix+"e").Val(), "text")
}

func (g client) crowd(ctx context.Context) {
	var wait sync.WaitGroup
	bad := make(chan error, 50)
	for n := range 50 {
		wait.Go(func() {
			for i := range 100 {
				k, v := fmt.Sprintf("%scrowd%d", prefix, n), fmt.Sprintf("%d-%d", n, i)
				err := g.c.Set(ctx, k, v, 0).Err()
				if got := g.c.Get(ctx, k).Val(); err == nil && got != v {
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
