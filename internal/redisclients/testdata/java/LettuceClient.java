import io.lettuce.core.*;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.cluster.*;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.cluster.api.sync.RedisAdvancedClusterCommands;
import io.lettuce.core.codec.*;
import io.lettuce.core.protocol.ProtocolVersion;
import io.lettuce.core.pubsub.*;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.*;

// LettuceClient checks Lettuce: shared connections that pipeline by themselves,
// and its client for Redis Cluster.
class LettuceClient extends Checks {
    static RedisClient client;

    static ProtocolVersion version() { return resp == 3 ? ProtocolVersion.RESP3 : ProtocolVersion.RESP2; }

    public static void main(String[] args) {
        begin(args);
        RedisURI uri = RedisURI.builder().withHost(host).withPort(port).withTimeout(Duration.ofSeconds(20)).withClientName("checks").build();
        if (cluster()) {
            ofCluster(uri);
        } else {
            client = RedisClient.create(uri);
            client.setOptions(ClientOptions.builder().protocolVersion(version()).autoReconnect(false).build());
            single();
        }
        end("Lettuce 7.7.0");
    }

    static RedisCommands<String, String> open() { return client.connect().sync(); }

    static void ofCluster(RedisURI uri) {
        RedisClusterClient client = RedisClusterClient.create(uri);
        client.setOptions(ClusterClientOptions.builder().protocolVersion(version()).build());
        StatefulRedisClusterConnection<String, String> connection = client.connect();
        RedisAdvancedClusterCommands<String, String> c = connection.sync();
        check("types", () -> {
            for (int i = 0; i < 300; i++) c.set(P.replace("{", "") + i, "" + i);
            for (int i = 0; i < 300; i++) eq(c.get(P.replace("{", "") + i), "" + i);
            c.hset(P + "h", Map.of("a", "1", "b", "2"));
            eq(c.hgetall(P + "h"), Map.of("a", "1", "b", "2"));
        });
        check("many_keys", () -> {
            Map<String, String> m = new LinkedHashMap<>();
            for (int i = 0; i < 100; i++) m.put("spread" + P.replaceAll("[{}]", "") + i, "" + i);
            c.mset(m);
            List<KeyValue<String, String>> got = c.mget(m.keySet().toArray(new String[0]));
            for (KeyValue<String, String> kv : got) eq(kv.getValue(), m.get(kv.getKey()));
            eq(c.del(m.keySet().toArray(new String[0])), 100L);
        });
        check("lua", () -> eq(c.eval("return {KEYS[1], ARGV[1]}", ScriptOutputType.MULTI, new String[]{P + "lua"}, "a"), List.of(P + "lua", "a")));
        check("scan", () -> {
            Set<String> want = new HashSet<>(), got = new HashSet<>();
            for (int i = 0; i < 1000; i++) {
                want.add(P + "scan" + i);
                c.set(P + "scan" + i, "1");
            }
            ScanIterator<String> it = ScanIterator.scan(c, ScanArgs.Builder.limit(100).match(P + "scan*"));
            while (it.hasNext()) got.add(it.next());
            eq(got.equals(want), true);
        });
        check("errors", () -> {
            c.set(P + "e", "text");
            raises("WRONGTYPE Operation against a key holding the wrong kind of value", () -> c.lpush(P + "e", "1"));
        });
    }

    static void single() {
        check("connect", () -> {
            RedisCommands<String, String> c = open();
            eq(c.ping(), "PONG");
            eq(c.echo("hello"), "hello");
            eq(c.clientGetname(), "checks");
            eq(c.clientId() > 0, true);
            eq(c.info("server").contains("redis_version"), true);
            eq(c.command().size() > 200, true);
            eq(c.select(0), "OK");
            c.getStatefulConnection().close();
        });
        check("types", LettuceClient::types);
        check("pipeline", LettuceClient::pipeline);
        check("many_keys", LettuceClient::manyKeys);
        check("transaction", LettuceClient::transaction);
        check("watch", LettuceClient::watch);
        check("lua", LettuceClient::lua);
        check("subscribe", LettuceClient::subscribe);
        check("block", LettuceClient::block);
        check("stream", LettuceClient::stream);
        check("scan", LettuceClient::scan);
        check("big", () -> {
            RedisCommands<byte[], byte[]> c = client.connect(ByteArrayCodec.INSTANCE).sync();
            byte[] key = (P + "big").getBytes();
            eq(c.set(key, big()), "OK");
            eq(Arrays.equals(c.get(key), big()), true);
            c.del(key);
        });
        check("errors", () -> {
            RedisCommands<String, String> c = open();
            c.set(P + "e", "text");
            raises("WRONGTYPE Operation against a key holding the wrong kind of value", () -> c.lpush(P + "e", "1"));
            raises("ERR value is not an integer or out of range", () -> c.incr(P + "e"));
            eq(c.get(P + "e"), "text");
        });
        check("crowd", LettuceClient::crowd);
    }

    static void types() {
        RedisCommands<String, String> c = open();
        c.del(P + "h", P + "z", P + "l", P + "s", P + "n");
        eq(c.hset(P + "h", Map.of("a", "1", "b", "2")), 2L);
        eq(c.hgetall(P + "h"), Map.of("a", "1", "b", "2"));
        c.zadd(P + "z", 1.5, "x");
        c.zadd(P + "z", 2, "y");
        eq(c.zscore(P + "z", "x"), 1.5);
        eq(c.zrangeWithScores(P + "z", 0, -1), List.of(ScoredValue.just(1.5, "x"), ScoredValue.just(2, "y")));
        c.rpush(P + "l", "1", "2", "3");
        eq(c.lrange(P + "l", 0, -1), List.of("1", "2", "3"));
        c.sadd(P + "s", "m");
        eq(c.smembers(P + "s"), Set.of("m"));
        eq(c.get(P + "none"), null);
        eq(c.incrby(P + "n", 5), 5L);
        eq(c.set(P + "n", "1", SetArgs.Builder.nx()), null);
    }

    static void pipeline() throws Exception {
        StatefulRedisConnection<String, String> k = client.connect();
        RedisAsyncCommands<String, String> c = k.async();
        k.setAutoFlushCommands(false);
        List<RedisFuture<String>> got = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            c.set(P + "p" + i, "" + i);
            got.add(c.get(P + "p" + i));
            c.lpop(P + "nothing");
        }
        RedisFuture<Long> wrong = c.lpush(P + "p0", "x");
        RedisFuture<String> after = c.get(P + "p1");
        k.flushCommands();
        for (int i = 0; i < 1000; i++) eq(got.get(i).get(20, TimeUnit.SECONDS), "" + i);
        raises("WRONGTYPE", wrong::get);
        eq(after.get(20, TimeUnit.SECONDS), "1");
        k.close();
    }

    static void manyKeys() {
        RedisCommands<String, String> c = open();
        Map<String, String> m = new LinkedHashMap<>();
        for (int i = 0; i < 100; i++) m.put("spread" + P.replaceAll("[{}]", "") + i, "" + i);
        String[] keys = m.keySet().toArray(new String[0]);
        eq(c.mset(m), "OK");
        List<KeyValue<String, String>> got = c.mget(keys);
        for (int i = 0; i < 100; i++) eq(got.get(i).getValue(), "" + i);
        eq(c.exists(keys), 100L);
        eq(c.unlink(keys), 100L);
    }

    static void transaction() throws Exception {
        RedisCommands<String, String> c = open();
        c.set(P + "t", "10");
        eq(c.multi(), "OK");
        c.incr(P + "t");
        c.get(P + "t");
        TransactionResult r = c.exec();
        eq(r.get(0), 11L);
        eq(r.get(1), "11");
        c.multi();
        c.set(P + "t", "99");
        eq(c.discard(), "OK");
        eq(c.get(P + "t"), "11");
    }

    static void watch() {
        RedisCommands<String, String> c = open(), other = open();
        c.set(P + "w", "1");
        eq(c.watch(P + "w"), "OK");
        other.set(P + "w", "2");
        c.multi();
        c.set(P + "w", "3");
        eq(c.exec().wasDiscarded(), true);
        eq(c.get(P + "w"), "2");
        c.watch(P + "w");
        c.multi();
        c.incr(P + "w");
        eq(c.exec().get(0), 3L);
        c.watch(P + "w");
        c.unwatch();
        other.set(P + "w", "7");
        c.multi();
        c.incr(P + "w");
        eq(c.exec().get(0), 8L);
    }

    static void lua() throws Exception {
        RedisCommands<String, String> c = open();
        c.del(P + "lua");
        String[] keys = {P + "lua"};
        eq(c.eval("return {KEYS[1], ARGV[1], redis.call('incr', KEYS[1])}", ScriptOutputType.MULTI, keys, "a"), List.of(P + "lua", "a", 1L));
        String sha = c.scriptLoad("return redis.call('get', KEYS[1])");
        eq(c.evalsha(sha, ScriptOutputType.VALUE, keys), "1");
        eq(c.scriptExists(sha, "f".repeat(40)), List.of(true, false));
        raises("NOSCRIPT", () -> c.evalsha("f".repeat(40), ScriptOutputType.VALUE, keys));
        raises("custom", () -> c.eval("return redis.error_reply('ERR custom')", ScriptOutputType.VALUE, keys));
    }

    static void subscribe() throws Exception {
        RedisCommands<String, String> c = open();
        StatefulRedisPubSubConnection<String, String> s = client.connectPubSub();
        BlockingQueue<String> heard = new LinkedBlockingQueue<>();
        s.addListener(new RedisPubSubAdapter<String, String>() {
            @Override public void message(String ch, String m) { heard.add(m); }
            @Override public void message(String p, String ch, String m) { heard.add(ch + " " + m); }
        });
        s.sync().subscribe(P + "ch");
        s.sync().psubscribe(P.replace("{", "?") + "pat*");
        for (int i = 0; i < 100; i++) c.publish(P + "ch", "" + i);
        for (int i = 0; i < 100; i++) eq(heard.poll(20, TimeUnit.SECONDS), "" + i);
        c.publish(P + "pat1", "x");
        eq(heard.poll(20, TimeUnit.SECONDS), P + "pat1 x");
        StatefulRedisPubSubConnection<String, String> sharded = client.connectPubSub(); // of the shard that has the channel
        sharded.addListener(new RedisPubSubAdapter<String, String>() {
            @Override public void smessage(String ch, String m) { heard.add("sharded " + m); }
        });
        sharded.sync().ssubscribe(P + "shard");
        c.spublish(P + "shard", "one");
        eq(heard.poll(20, TimeUnit.SECONDS), "sharded one");
        s.sync().unsubscribe(P + "ch");
        s.sync().punsubscribe(P.replace("{", "?") + "pat*");
        eq(s.sync().ping(), "PONG");
        sharded.close();
        s.close();
    }

    static void block() throws Exception {
        StatefulRedisConnection<String, String> k = client.connect();
        RedisCommands<String, String> other = open();
        other.del(P + "q");
        RedisFuture<KeyValue<String, String>> waiting = k.async().blpop(20, P + "q");
        for (int i = 0; i < 100; i++) other.set(P + "other", "" + i);
        other.rpush(P + "q", "job");
        eq(waiting.get(20, TimeUnit.SECONDS), KeyValue.just(P + "q", "job"));
        eq(k.sync().blpop(0.05, P + "q"), null);
        other.rpush(P + "q", "a", "b");
        eq(k.sync().blmove(P + "q", P + "q2", LMoveArgs.Builder.leftRight(), 5), "a");
        eq(k.sync().set(P + "after", "1"), "OK");
    }

    static void stream() throws Exception {
        StatefulRedisConnection<String, String> k = client.connect();
        RedisCommands<String, String> other = open();
        other.del(P + "x");
        other.xgroupCreate(XReadArgs.StreamOffset.from(P + "x", "0"), "g", XGroupCreateArgs.Builder.mkstream());
        RedisFuture<List<StreamMessage<String, String>>> waiting = k.async().xread(XReadArgs.Builder.block(20000), XReadArgs.StreamOffset.from(P + "x", "0"));
        String id = other.xadd(P + "x", Map.of("f", "v"));
        StreamMessage<String, String> m = waiting.get(20, TimeUnit.SECONDS).get(0);
        eq(m.getId(), id);
        eq(m.getBody(), Map.of("f", "v"));
        k.sync().xreadgroup(Consumer.from("g", "me"), XReadArgs.Builder.block(1000).count(1), XReadArgs.StreamOffset.lastConsumed(P + "x"));
        eq(k.sync().xack(P + "x", "g", id), 1L);
    }

    static void scan() {
        RedisCommands<String, String> c = open();
        Set<String> want = new HashSet<>(), got = new HashSet<>();
        for (int i = 0; i < 1000; i++) {
            want.add(P + "scan" + i);
            c.set(P + "scan" + i, "1");
        }
        ScanIterator<String> it = ScanIterator.scan(c, ScanArgs.Builder.limit(100).match(P + "scan*"));
        while (it.hasNext()) got.add(it.next());
        eq(got.equals(want), true);
    }

    static void crowd() throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(10);
        List<Future<?>> all = new ArrayList<>();
        for (int n = 0; n < 10; n++) {
            int who = n;
            all.add(pool.submit(() -> {
                RedisCommands<String, String> c = open();
                for (int i = 0; i < 100; i++) {
                    c.set(P + "crowd" + who, who + "-" + i);
                    eq(c.get(P + "crowd" + who), who + "-" + i);
                }
                c.getStatefulConnection().close();
            }));
        }
        for (Future<?> f : all) f.get(20, TimeUnit.SECONDS);
        pool.shutdown();
    }
}
