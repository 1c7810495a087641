"""redis-py against one address: what an application does with Redis, checked.

usage: client.py HOST PORT RESP single|cluster PREFIX
Prints "ok NAME" or "not ok NAME: why" a check and ends with 1 if any failed.
PREFIX begins all keys and holds a hash tag, so that each key is of one slot.
"""
import sys
import threading
import traceback

import redis
from redis.cluster import RedisCluster

HOST, PORT, RESP, MODE, P = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5]
BIG = b"\x00\r\n$-1\r\n" * (1 << 20)  # 8 MiB that looks like a reply
checks = []


def check(modes="single cluster"):
    def wrap(f):
        if MODE in modes.split():
            checks.append(f)
        return f
    return wrap


def eq(got, want, what=""):
    if got != want:
        raise AssertionError(f"{what}: got {got!r:.300}, want {want!r:.300}")


def client(**more):
    if MODE == "cluster":
        return RedisCluster(host=HOST, port=PORT, protocol=RESP, socket_timeout=20, **more)
    return redis.Redis(host=HOST, port=PORT, protocol=RESP, socket_timeout=20, **more)


def raises(text, f, *a):
    try:
        got = f(*a)
    except redis.RedisError as e:
        if text not in str(e):
            raise AssertionError(f"error {e!s:.200}, want one with {text!r}")
        return
    raise AssertionError(f"got {got!r:.200}, want an error with {text!r}")


@check("single")
def connect():
    c = client(client_name="checks")
    eq(c.ping(), True)
    eq(c.echo("hello"), b"hello")
    assert c.client_getname() in ("checks", b"checks"), c.client_getname()
    assert c.client_id() > 0
    assert "redis_version" in c.info("server")
    assert len(c.command()) > 200
    eq(c.execute_command("SELECT", 0), True)
    c.close()


@check()
def types():
    c = client()
    c.delete(P + "h", P + "z", P + "l", P + "s", P + "n")
    eq(c.hset(P + "h", mapping={"a": "1", "b": "2"}), 2)
    eq(c.hgetall(P + "h"), {b"a": b"1", b"b": b"2"})
    c.zadd(P + "z", {"x": 1.5, "y": 2})
    eq(c.zscore(P + "z", "x"), 1.5)
    eq([(m, s) for m, s in c.zrange(P + "z", 0, -1, withscores=True)], [(b"x", 1.5), (b"y", 2.0)])
    c.rpush(P + "l", "1", "2", "3")
    eq(c.lrange(P + "l", 0, -1), [b"1", b"2", b"3"])
    c.sadd(P + "s", "m")
    eq(set(c.smembers(P + "s")), {b"m"})
    eq(c.get(P + "none"), None)
    eq(c.incr(P + "n", 5), 5)
    eq(c.set(P + "n", 1, nx=True), None)
    eq(c.type(P + "z"), b"zset")


@check()
def pipeline():
    c = client()
    p = c.pipeline(transaction=False)
    for i in range(1000):
        p.set(P + f"p{i}", i)
        p.get(P + f"p{i}")
        p.lpop(P + "nothing")
    got = p.execute()
    eq(len(got), 3000)
    eq(got[1::3], [b"%d" % i for i in range(1000)])
    eq(set(got[2::3]), {None})


@check("single")
def pipeline_with_errors():
    c = client()
    c.set(P + "text", "t")
    p = c.pipeline(transaction=False)
    p.get(P + "text").lpush(P + "text", 1).execute_command("NOSUCH", "x").get(P + "text")
    got = p.execute(raise_on_error=False)
    eq(got[0], b"t")
    assert "WRONGTYPE" in str(got[1]) or "wrong kind" in str(got[1]), got
    assert "unknown command" in str(got[2]), got
    eq(got[3], b"t")


@check("single")
def many_keys():
    c = client()
    names = [f"{P}{i}:{i * 7919}" for i in range(100)]
    spread = [n.replace("{", "").replace("}", "") for n in names]
    for keys in (names, spread):
        eq(c.mset({k: i for i, k in enumerate(keys)}), True)
        eq(c.mget(keys + [P + "none"]), [b"%d" % i for i in range(100)] + [None])
        eq(c.exists(*keys), 100)
        eq(c.touch(*keys), 100)
        eq(c.unlink(*keys[:50]), 50)
        eq(c.delete(*keys), 50)


@check("single")
def transaction():
    c = client()
    c.set(P + "t", 10)
    p = c.pipeline(transaction=True)
    p.incr(P + "t").get(P + "t").hset(P + "th", "f", 1).hgetall(P + "th")
    got = p.execute()
    eq(got[:2], [11, b"11"])
    eq(got[3], {b"f": b"1"})
    k = client(single_connection_client=True)
    eq(k.execute_command("MULTI"), b"OK")
    eq(k.execute_command("INCR", P + "t"), b"QUEUED")
    eq(k.execute_command("DISCARD"), b"OK")
    eq(k.get(P + "t"), b"11")
    k.execute_command("MULTI")
    raises("unknown command", k.execute_command, "NOSUCH")
    raises("Transaction discarded", k.execute_command, "EXEC")
    raises("EXEC without MULTI", k.execute_command, "EXEC")
    eq(k.get(P + "t"), b"11")


@check("single")
def watch():
    c, other = client(), client()
    c.set(P + "w", 1)
    with c.pipeline() as p:
        p.watch(P + "w")
        eq(p.get(P + "w"), b"1")
        other.set(P + "w", 2)
        p.multi()
        p.set(P + "w", 3)
        try:
            p.execute()
            raise AssertionError("the transaction was not aborted")
        except redis.WatchError:
            pass
    eq(c.get(P + "w"), b"2")
    with c.pipeline() as p:
        p.watch(P + "w")
        n = int(p.get(P + "w"))
        p.multi()
        p.set(P + "w", n + 1)
        eq(p.execute(), [True])
    with c.pipeline() as p:
        p.watch(P + "w")
        p.unwatch()
        other.set(P + "w", 7)
        p.multi()
        p.incr(P + "w")
        eq(p.execute(), [8])
    eq(c.get(P + "w"), b"8")


@check()
def lua():
    c = client()
    c.delete(P + "lua")
    eq(c.eval("return {KEYS[1], ARGV[1], redis.call('incr', KEYS[1])}", 1, P + "lua", "a"), [(P + "lua").encode(), b"a", 1])
    s = c.register_script("return redis.call('get', KEYS[1])")
    eq(s(keys=[P + "lua"]), b"1")
    eq(c.evalsha(s.sha, 1, P + "lua"), b"1")
    eq(list(c.script_exists(s.sha, "0" * 40)), [True, False])
    raises("No matching script", c.evalsha, "f" * 40, 1, P + "lua")
    raises("custom", c.eval, "return redis.error_reply('ERR custom')", 1, P + "lua")


@check()
def subscribe():
    c = client()
    s = c.pubsub()
    s.subscribe(P + "ch")
    eq(s.get_message(timeout=20)["type"], "subscribe")
    if MODE == "single":
        s.psubscribe(P.replace("{", "?") + "pat*")
        eq(s.get_message(timeout=20)["type"], "psubscribe")
    c.publish(P + "ch", "hello")  # how many got it is of one node, where there are several
    m = s.get_message(timeout=20)
    eq((m["type"], m["data"]), ("message", b"hello"))
    if MODE == "single":
        for i in range(100):
            c.publish(P + f"pat{i}", i)
        eq([s.get_message(timeout=20)["data"] for i in range(100)], [b"%d" % i for i in range(100)])
        s.ping()
        assert s.get_message(timeout=20)["type"] == "pong"
        s.punsubscribe()
        eq(s.get_message(timeout=20)["type"], "punsubscribe")
    s.unsubscribe()
    eq(s.get_message(timeout=20)["type"], "unsubscribe")
    s.close()
    eq(c.publish(P + "gone", "x"), 0)


@check("single")
def subscribe_sharded():
    c = client()
    s = c.pubsub()
    s.ssubscribe(P + "shard")
    eq(s.get_message(timeout=20)["type"], "ssubscribe")
    eq(c.spublish(P + "shard", "one"), 1)
    m = s.get_message(timeout=20)
    eq((m["type"], m["data"]), ("smessage", b"one"))
    s.sunsubscribe(P + "shard")
    eq(s.get_message(timeout=20)["type"], "sunsubscribe")
    s.close()


@check()
def block():
    c, other = client(), client()
    c.delete(P + "q")
    got = []
    t = threading.Thread(target=lambda: got.append(c.blpop([P + "q"], timeout=20)))
    t.start()
    for _ in range(100):
        other.set(P + "other", 1)
    other.rpush(P + "q", "job")
    t.join()
    eq([tuple(got[0])], [((P + "q").encode(), b"job")])
    eq(c.blpop([P + "q"], timeout=0.05), None)
    other.rpush(P + "q", "a", "b")
    eq(c.blmove(P + "q", P + "q2", 5, "LEFT", "RIGHT"), b"a")
    other.zadd(P + "bz", {"m": 1})
    eq(tuple(c.bzpopmin(P + "bz", timeout=5)), ((P + "bz").encode(), b"m", 1.0))
    assert c.set(P + "after", 1)


@check("single")
def wait():
    c = client()
    c.set(P + "wait", 1)
    try:
        assert c.wait(0, 100) >= 0
    except redis.ResponseError as e:  # of a cluster that the client does not know
        assert "it is about all servers, and the client is bound to one" in str(e), e


@check()
def stream():
    c, other = client(), client()
    c.delete(P + "x")
    c.xgroup_create(P + "x", "g", id="0", mkstream=True)
    got = []
    t = threading.Thread(target=lambda: got.append(c.xread({P + "x": "$"}, block=20000)))
    t.start()
    while t.is_alive():  # it waits for what comes after it began
        other.xadd(P + "x", {"f": "v"}, maxlen=10)
        t.join(0.01)
    first = got[0]
    entries = list(first.values())[0][0] if isinstance(first, dict) else first[0][1]
    eq(entries[0][1], {b"f": b"v"})
    g = c.xreadgroup("g", "me", {P + "x": ">"}, block=1000, count=1)
    entries = list(g.values())[0][0] if isinstance(g, dict) else g[0][1]
    eq(c.xack(P + "x", "g", entries[0][0]), 1)


@check()
def scan():
    c = client()
    want = {f"{P}scan{i}".encode() for i in range(1000)}
    p = c.pipeline(transaction=False)
    for k in want:
        p.set(k, 1)
    p.execute()
    eq(set(c.scan_iter(match=P + "scan*", count=100)), want)
    c.hset(P + "hs", mapping={f"f{i}": i for i in range(1000)})
    eq(len(dict(c.hscan_iter(P + "hs"))), 1000)


@check()
def big():
    c = client()
    eq(c.set(P + "big", BIG), True)
    assert c.get(P + "big") == BIG, "8 MiB came back otherwise"
    p = c.pipeline(transaction=False)
    for i in range(8):
        p.set(P + f"big{i}", BIG[: 1 << 20])
        p.get(P + f"big{i}")
        p.strlen(P + f"big{i}")
    got = p.execute()
    for i in range(8):
        assert got[3 * i + 1] == BIG[: 1 << 20] and got[3 * i + 2] == 1 << 20
    c.delete(P + "big", *[P + f"big{i}" for i in range(8)])


@check()
def errors():
    c = client()
    c.set(P + "e", "text")
    raises("Operation against a key holding the wrong kind of value", c.lpush, P + "e", 1)
    raises("value is not an integer or out of range", c.incr, P + "e")
    if MODE == "single":
        raises("unknown command 'NOSUCH'", c.execute_command, "NOSUCH", "a")
        raises("wrong number of arguments for 'get' command", c.execute_command, "GET")
        raises("syntax error", c.execute_command, "SET", P + "e", "1", "NOSUCH")
    eq(c.get(P + "e"), b"text")


@check()
def crowd():
    c = client()
    bad = []

    def one(n):
        try:
            k = client()
            for i in range(100):
                eq(k.set(P + f"crowd{n}", f"{n}-{i}"), True)
                eq(k.get(P + f"crowd{n}"), f"{n}-{i}".encode())
            k.close()
        except Exception as e:  # told below
            bad.append(repr(e))
    ts = [threading.Thread(target=one, args=(n,)) for n in range(10)]
    [t.start() for t in ts]
    [t.join() for t in ts]
    eq(bad, [])
    c.close()


def main():
    failed = 0
    for f in checks:
        try:
            f()
            print("ok", f.__name__, flush=True)
        except BaseException as e:
            failed += 1
            print(f"not ok {f.__name__}: {type(e).__name__}: {e!s:.400} ({traceback.extract_tb(e.__traceback__)[1].lineno})".replace("\n", " "), flush=True)
    print(f"redis-py {redis.__version__} RESP{RESP} {MODE}: {len(checks) - failed} passed, {failed} failed")
    sys.exit(1 if failed or not checks else 0)


main()
