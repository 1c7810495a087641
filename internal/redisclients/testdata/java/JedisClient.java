import java.util.*;
import java.util.concurrent.*;
import java.util.stream.*;
import redis.clients.jedis.*;
import redis.clients.jedis.args.ListDirection;
import redis.clients.jedis.params.*;
import redis.clients.jedis.resps.ScanResult;
import redis.clients.jedis.StreamEntryID;

// JedisClient checks Jedis: one connection, and its client for Redis Cluster.
class JedisClient extends Checks {
    static JedisClientConfig config() {
        return DefaultJedisClientConfig.builder().protocol(resp == 3 ? RedisProtocol.RESP3 : RedisProtocol.RESP2)
            .socketTimeoutMillis(20000).blockingSocketTimeoutMillis(30000).clientName("checks").build();
    }

    static Jedis client() { return new Jedis(new HostAndPort(host, port), config()); }

    public static void main(String[] args) {
        begin(args);
        if (cluster()) ofCluster(); else single();
        end("Jedis 8.0.2");
    }

    static void ofCluster() {
        JedisCluster c = new JedisCluster(Set.of(new HostAndPort(host, port)), config());
        check("types", () -> {
            for (int i = 0; i < 300; i++) c.set(P.replace("{", "") + i, "" + i);
            for (int i = 0; i < 300; i++) eq(c.get(P.replace("{", "") + i), "" + i);
            c.hset(P + "h", Map.of("a", "1", "b", "2"));
            eq(c.hgetAll(P + "h"), Map.of("a", "1", "b", "2"));
        });
        check("pipeline", () -> {
            try (ClusterPipeline p = c.pipelined()) {
                List<Response<String>> got = new ArrayList<>();
                for (int i = 0; i < 1000; i++) {
                    p.set(P + "p" + i, "" + i);
                    got.add(p.get(P + "p" + i));
                }
                p.sync();
                for (int i = 0; i < 1000; i++) eq(got.get(i).get(), "" + i);
            }
        });
        check("lua", () -> eq(c.eval("return {KEYS[1], ARGV[1]}", 1, P + "lua", "a"), List.of(P + "lua", "a")));
        check("block", () -> {
            c.del(P + "q");
            CompletableFuture<List<String>> waiting = CompletableFuture.supplyAsync(() -> c.blpop(20, P + "q"));
            c.rpush(P + "q", "job");
            eq(waiting.get(20, TimeUnit.SECONDS), List.of(P + "q", "job"));
        });
        check("big", () -> {
            c.set((P + "big").getBytes(), big());
            eq(Arrays.equals(c.get((P + "big").getBytes()), big()), true);
        });
        check("errors", () -> {
            c.set(P + "e", "text");
            raises("WRONGTYPE Operation against a key holding the wrong kind of value", () -> c.lpush(P + "e", "1"));
        });
    }

    static void single() {
        check("connect", () -> {
            try (Jedis c = client()) {
                eq(c.ping(), "PONG");
                eq(c.echo("hello"), "hello");
                eq(c.clientGetname(), "checks");
                eq(c.clientId() > 0, true);
                eq(c.info("server").contains("redis_version"), true);
                eq(c.select(0), "OK");
            }
        });
        check("types", JedisClient::types);
        check("pipeline", JedisClient::pipeline);
        check("many_keys", JedisClient::manyKeys);
        check("transaction", JedisClient::transaction);
        check("watch", JedisClient::watch);
        check("lua", JedisClient::lua);
        check("subscribe", JedisClient::subscribe);
        check("block", JedisClient::block);
        check("stream", JedisClient::stream);
        check("scan", JedisClient::scan);
        check("big", () -> {
            try (Jedis c = client()) {
                eq(c.set((P + "big").getBytes(), big()), "OK");
                eq(Arrays.equals(c.get((P + "big").getBytes()), big()), true);
                c.del(P + "big");
            }
        });
        check("errors", () -> {
            try (Jedis c = client()) {
                c.set(P + "e", "text");
                raises("WRONGTYPE Operation against a key holding the wrong kind of value", () -> c.lpush(P + "e", "1"));
                raises("ERR value is not an integer or out of range", () -> c.incr(P + "e"));
                raises("ERR unknown command 'NOSUCH'", () -> c.sendCommand(() -> "NOSUCH".getBytes(), "a"));
                raises("ERR wrong number of arguments for 'get' command", () -> c.sendCommand(Protocol.Command.GET));
                eq(c.get(P + "e"), "text");
            }
        });
        check("crowd", JedisClient::crowd);
    }

    static void types() {
        try (Jedis c = client()) {
            c.del(P + "h", P + "z", P + "l", P + "s", P + "n");
            eq(c.hset(P + "h", Map.of("a", "1", "b", "2")), 2L);
            eq(c.hgetAll(P + "h"), Map.of("a", "1", "b", "2"));
            c.zadd(P + "z", Map.of("x", 1.5, "y", 2.0));
            eq(c.zscore(P + "z", "x"), 1.5);
            eq(c.zrangeWithScores(P + "z", 0, -1).toString(), "[[x,1.5], [y,2.0]]");
            c.rpush(P + "l", "1", "2", "3");
            eq(c.lrange(P + "l", 0, -1), List.of("1", "2", "3"));
            c.sadd(P + "s", "m");
            eq(c.smembers(P + "s"), Set.of("m"));
            eq(c.get(P + "none"), null);
            eq(c.incrBy(P + "n", 5), 5L);
            eq(c.set(P + "n", "1", new SetParams().nx()), null);
        }
    }

    static void pipeline() {
        try (Jedis c = client()) {
            Pipeline p = c.pipelined();
            List<Response<String>> got = new ArrayList<>();
            for (int i = 0; i < 1000; i++) {
                p.set(P + "p" + i, "" + i);
                got.add(p.get(P + "p" + i));
                p.lpop(P + "nothing");
            }
            Response<Long> wrong = p.lpush(P + "p0", "x");
            Response<String> after = p.get(P + "p1");
            p.sync();
            for (int i = 0; i < 1000; i++) eq(got.get(i).get(), "" + i);
            eq(after.get(), "1");
            try {
                wrong.get();
                throw new AssertionError("no error");
            } catch (redis.clients.jedis.exceptions.JedisDataException e) {
                eq(e.getMessage().startsWith("WRONGTYPE"), true);
            }
        }
    }

    static void manyKeys() {
        try (Jedis c = client()) {
            String[] keys = IntStream.range(0, 100).mapToObj(i -> "spread" + P.replaceAll("[{}]", "") + i).toArray(String[]::new);
            List<String> pairs = new ArrayList<>(), want = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                pairs.add(keys[i]);
                pairs.add("" + i);
                want.add("" + i);
            }
            eq(c.mset(pairs.toArray(new String[0])), "OK");
            eq(c.mget(keys), want);
            eq(c.exists(keys), 100L);
            eq(c.unlink(keys), 100L);
            eq(c.del(keys), 0L);
        }
    }

    static void transaction() throws Exception {
        try (Jedis c = client()) {
            c.set(P + "t", "10");
            Transaction t = c.multi();
            Response<Long> n = t.incr(P + "t");
            Response<String> v = t.get(P + "t");
            eq(t.exec().size(), 2);
            eq(n.get(), 11L);
            eq(v.get(), "11");
            Transaction gone = c.multi();
            gone.set(P + "t", "99");
            gone.discard();
            eq(c.get(P + "t"), "11");
            raises("EXEC without MULTI", () -> c.sendCommand(Protocol.Command.EXEC));
        }
    }

    static void watch() {
        try (Jedis c = client(); Jedis other = client()) {
            c.set(P + "w", "1");
            c.watch(P + "w");
            other.set(P + "w", "2");
            Transaction t = c.multi();
            t.set(P + "w", "3");
            eq(t.exec(), null);
            eq(c.get(P + "w"), "2");
            c.watch(P + "w");
            t = c.multi();
            t.incr(P + "w");
            eq(t.exec(), List.of(3L));
            c.watch(P + "w");
            c.unwatch();
            other.set(P + "w", "7");
            t = c.multi();
            t.incr(P + "w");
            eq(t.exec(), List.of(8L));
        }
    }

    static void lua() throws Exception {
        try (Jedis c = client()) {
            c.del(P + "lua");
            eq(c.eval("return {KEYS[1], ARGV[1], redis.call('incr', KEYS[1])}", 1, P + "lua", "a"), List.of(P + "lua", "a", 1L));
            String sha = c.scriptLoad("return redis.call('get', KEYS[1])");
            eq(c.evalsha(sha, 1, P + "lua"), "1");
            eq(c.scriptExists(sha, "f".repeat(40)), List.of(true, false));
            raises("NOSCRIPT", () -> c.evalsha("f".repeat(40), 1, P + "lua"));
            raises("custom", () -> c.eval("return redis.error_reply('ERR custom')", 1, P + "lua"));
        }
    }

    static void subscribe() throws Exception {
        try (Jedis c = client(); Jedis s = client()) {
            BlockingQueue<String> heard = new LinkedBlockingQueue<>();
            JedisPubSub ear = new JedisPubSub() {
                @Override public void onMessage(String ch, String m) { heard.add(m); }
                @Override public void onPMessage(String p, String ch, String m) { heard.add(p.length() > 0 ? ch + " " + m : ""); }
                @Override public void onSubscribe(String ch, int n) { heard.add("subscribed " + n); }
                @Override public void onPSubscribe(String p, int n) { heard.add("psubscribed " + n); }
            };
            CompletableFuture<Void> listening = CompletableFuture.runAsync(() -> s.subscribe(ear, P + "ch"));
            eq(heard.poll(20, TimeUnit.SECONDS), "subscribed 1");
            ear.psubscribe(P.replace("{", "?") + "pat*");
            eq(heard.poll(20, TimeUnit.SECONDS), "psubscribed 2");
            for (int i = 0; i < 100; i++) c.publish(P + "ch", "" + i);
            for (int i = 0; i < 100; i++) eq(heard.poll(20, TimeUnit.SECONDS), "" + i);
            c.publish(P + "pat1", "x");
            eq(heard.poll(20, TimeUnit.SECONDS), P + "pat1 x");
            ear.unsubscribe();
            ear.punsubscribe();
            listening.get(20, TimeUnit.SECONDS);
            eq(s.get(P + "none"), null);
        }
    }

    static void block() throws Exception {
        try (Jedis c = client(); Jedis other = client()) {
            other.del(P + "q");
            CompletableFuture<List<String>> waiting = CompletableFuture.supplyAsync(() -> c.blpop(20, P + "q"));
            for (int i = 0; i < 100; i++) other.set(P + "other", "" + i);
            other.rpush(P + "q", "job");
            eq(waiting.get(20, TimeUnit.SECONDS), List.of(P + "q", "job"));
            eq(c.blpop(0.05, P + "q"), null);
            other.rpush(P + "q", "a", "b");
            eq(c.blmove(P + "q", P + "q2", ListDirection.LEFT, ListDirection.RIGHT, 5), "a");
            eq(c.set(P + "after", "1"), "OK");
        }
    }

    static void stream() throws Exception {
        try (Jedis c = client(); Jedis other = client()) {
            other.del(P + "x");
            other.xgroupCreate(P + "x", "g", new StreamEntryID("0-0"), true);
            CompletableFuture<String> waiting = CompletableFuture.supplyAsync(() ->
                String.valueOf(c.xread(XReadParams.xReadParams().block(20000), Map.of(P + "x", new StreamEntryID("0-0")))));
            StreamEntryID id = other.xadd(P + "x", XAddParams.xAddParams(), Map.of("f", "v"));
            eq(waiting.get(20, TimeUnit.SECONDS).contains(id.toString()), true);
            c.xreadGroup("g", "me", XReadGroupParams.xReadGroupParams().block(1000).count(1), Map.of(P + "x", StreamEntryID.XREADGROUP_UNDELIVERED_ENTRY));
            eq(c.xack(P + "x", "g", id), 1L);
        }
    }

    static void scan() {
        try (Jedis c = client()) {
            Set<String> want = new HashSet<>(), got = new HashSet<>();
            Pipeline p = c.pipelined();
            for (int i = 0; i < 1000; i++) {
                want.add(P + "scan" + i);
                p.set(P + "scan" + i, "1");
            }
            p.sync();
            String cursor = ScanParams.SCAN_POINTER_START;
            do {
                ScanResult<String> r = c.scan(cursor, new ScanParams().match(P + "scan*").count(100));
                got.addAll(r.getResult());
                cursor = r.getCursor();
            } while (!cursor.equals(ScanParams.SCAN_POINTER_START));
            eq(got.equals(want), true);
        }
    }

    static void crowd() throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(10);
        List<Future<?>> all = new ArrayList<>();
        for (int n = 0; n < 10; n++) {
            int who = n;
            all.add(pool.submit(() -> {
                try (Jedis c = client()) {
                    for (int i = 0; i < 100; i++) {
                        c.set(P + "crowd" + who, who + "-" + i);
                        eq(c.get(P + "crowd" + who), who + "-" + i);
                    }
                }
            }));
        }
        for (Future<?> f : all) f.get(20, TimeUnit.SECONDS);
        pool.shutdown();
    }
}
