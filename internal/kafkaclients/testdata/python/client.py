"""Checks and load by one of Python's clients of Kafka: see ../go/checks.go."""
import os
import sys
import threading
import time
import traceback

KEYS, RECORDS, LIMIT, PACE = 8, 400, 90, 0.1


def key(name, i):
    return "%s-%d" % (name, i % KEYS)


class Suite:
    def __init__(self, bootstrap, prefix, features):
        self.bootstrap, self.prefix, self.features = bootstrap, prefix, features.split(",")
        self.passed = self.failed = 0

    def check(self, name, f):
        try:
            f()
            self.passed += 1
            print("ok", name, flush=True)
        except Exception as e:
            self.failed += 1
            print("not ok %s: %r" % (name, e), flush=True)
            traceback.print_exc()


def eventually(f):
    """For what a broker may not know yet: topics just made."""
    end = time.time() + 20
    while True:
        try:
            return f()
        except Exception:
            if time.time() > end:
                raise
            time.sleep(0.1)


class Tally:
    def __init__(self):
        self.next, self.distinct, self.dups, self.gaps, self.first = {}, 0, 0, 0, ""

    def see(self, k, v):
        k, n = k.decode(), int(v)
        due = self.next.get(k, 0)
        if n < due:
            self.dups += 1
            return
        self.next[k] = n + 1
        if n == due:
            self.distinct += 1
        else:
            self.gaps += 1
            self.first = self.first or "%s: %d where %d was due" % (k, n, due)

    def count(self):
        return self.distinct + self.gaps

    def __str__(self):
        return "distinct=%d dups=%d gaps=%d %s" % (self.distinct, self.dups, self.gaps, self.first)

    def whole(self, n):
        if self.distinct != n or self.dups or self.gaps:
            raise Exception("%s, want %d" % (self, n))


def load(name, send, flush):
    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    failures = []
    n = 0
    print("began", flush=True)
    while True:
        begun = time.time()
        for i in range(KEYS):
            send(key(name, i), str(n), failures.append)
        n += 1
        if stop.wait(max(0, begun + PACE - time.time())):
            break
    flush()
    print("produced %d failed=%d %s" % (n * KEYS, len(failures), failures[:1]), flush=True)


def reading(read):
    """read(tally, until) reads into tally until until() is true."""
    total = []
    threading.Thread(target=lambda: total.append((int(sys.stdin.readline() or 0), time.time())), daemon=True).start()
    t = Tally()
    read(t, lambda: total and (t.count() >= total[0][0] or time.time() > total[0][1] + LIMIT))
    print("consumed", t, flush=True)


# ---- kafka-python

def kp():
    import logging
    logging.disable(logging.CRITICAL)
    import kafka
    return kafka


def kp_checks(s):
    kafka = kp()
    from kafka.admin import NewTopic
    topic = s.prefix + "t"
    admin = kafka.KafkaAdminClient(bootstrap_servers=s.bootstrap)

    def create(topic):
        admin.create_topics([NewTopic(topic, 6, -1)], timeout_ms=20000)

    def described():
        assert topic in admin.list_topics()
        assert len(admin.describe_topics([topic])[0]["partitions"]) == 6
        assert len(admin.describe_cluster()["brokers"]) > 0

    def sends(**conf):
        def run():
            p = kafka.KafkaProducer(bootstrap_servers=s.bootstrap, **conf)
            name = str(sorted(conf.items()))
            futures = [p.send(topic, str(i // KEYS).encode(), key(name, i).encode()) for i in range(RECORDS)]
            if conf.get("acks") != 0:
                for f in futures:
                    f.get(30)
            p.flush(30)
            p.close(10)
        return run

    def read(topic, group, n, **conf):
        c = kafka.KafkaConsumer(topic, bootstrap_servers=s.bootstrap, group_id=group, auto_offset_reset="earliest", **conf)
        t, end = Tally(), time.time() + LIMIT
        while t.count() < n and time.time() < end:
            for records in c.poll(1000).values():
                for r in records:
                    t.see(r.key, r.value)
        c.commit()
        c.close()
        t.whole(n)

    def transactions():
        create(s.prefix + "txn")
        p = kafka.KafkaProducer(bootstrap_servers=s.bootstrap, transactional_id=s.prefix + "id")
        p.init_transactions()
        for i in range(4):
            p.begin_transaction()
            for j in range(80):
                p.send(s.prefix + "txn", str(j // KEYS).encode(), key("t%d" % i, j).encode())
            p.flush(30)
            p.commit_transaction() if i % 2 == 0 else p.abort_transaction()
        p.close(10)
        read(s.prefix + "txn", s.prefix + "gtxn", 160, isolation_level="read_committed")

    s.check("create topic", lambda: create(topic))
    s.check("list and describe topics, describe cluster", lambda: eventually(described))
    s.check("produce idempotent", sends(enable_idempotence=True))
    s.check("produce gzip acks=1", sends(acks=1, enable_idempotence=False, compression_type="gzip"))
    s.check("produce acks=0", sends(acks=0, enable_idempotence=False))
    s.check("consume, classic group", lambda: read(topic, s.prefix + "g", 3 * RECORDS))
    s.check("transactions", transactions)
    s.check("list and describe groups", lambda: (admin.list_groups(), admin.describe_groups([s.prefix + "g"])))
    s.check("delete topic", lambda: admin.delete_topics([topic]))


def kp_produce(bootstrap, topic, name):
    kafka = kp()
    p = kafka.KafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True, delivery_timeout_ms=240000, metadata_max_age_ms=5000)
    load(name, lambda k, v, failed: p.send(topic, v.encode(), k.encode()).add_errback(failed), lambda: p.flush(240))
    p.close(10)


def kp_consume(bootstrap, topic, group):
    kafka = kp()
    c = kafka.KafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=group, auto_offset_reset="earliest", metadata_max_age_ms=5000)

    def read(t, until):
        while not until():
            try:
                for records in c.poll(500).values():
                    for r in records:
                        t.see(r.key, r.value)
            except Exception as e:
                print("told:", repr(e), flush=True)
                time.sleep(0.2)
    reading(read)


# ---- confluent-kafka

def ck_all(p, topic, name, n):
    bad = []
    for i in range(n):
        p.produce(topic, str(i // KEYS), key(name, i), on_delivery=lambda e, m: e and bad.append(e))
    if p.flush(60) or bad:
        raise Exception("not delivered: %s" % bad[:1])


def ck_checks(s):
    from confluent_kafka import Consumer, Producer
    from confluent_kafka.admin import AdminClient, NewTopic
    topic = s.prefix + "t"
    base = {"bootstrap.servers": s.bootstrap, "log_level": 2}
    admin = AdminClient(base)

    def create(topic):
        for f in admin.create_topics([NewTopic(topic, 6, -1)], operation_timeout=20).values():
            f.result(30)

    def described():
        m = admin.list_topics(topic, 20)
        assert len(m.topics[topic].partitions) == 6 and m.brokers
        assert admin.describe_cluster().result(20).nodes

    def sends(**conf):
        conf = {k.replace("_", "."): v for k, v in conf.items()}
        return lambda: ck_all(Producer({**base, **conf}), topic, str(sorted(conf.items())), RECORDS)

    def read(topic, group, n, **conf):
        c = Consumer({**base, "group.id": group, "auto.offset.reset": "earliest", **{k.replace("_", "."): v for k, v in conf.items()}})
        c.subscribe([topic])
        t, end = Tally(), time.time() + LIMIT
        while t.count() < n and time.time() < end:
            m = c.poll(1)
            if m and not m.error():
                t.see(m.key(), m.value())
        c.commit(asynchronous=False)
        c.close()
        t.whole(n)

    def transactions():
        create(s.prefix + "txn")
        p = Producer({**base, "transactional.id": s.prefix + "id"})
        p.init_transactions(60)
        for i in range(4):
            p.begin_transaction()
            ck_all(p, s.prefix + "txn", "t%d" % i, 80)
            p.commit_transaction(60) if i % 2 == 0 else p.abort_transaction(60)
        read(s.prefix + "txn", s.prefix + "gtxn", 160, isolation_level="read_committed")

    s.check("create topic", lambda: create(topic))
    s.check("list and describe topics, describe cluster", lambda: eventually(described))
    s.check("produce idempotent", sends(enable_idempotence=True))
    s.check("produce lz4 acks=1", sends(acks=1, compression_type="lz4"))
    s.check("produce acks=0", sends(acks=0))
    s.check("consume, classic group", lambda: read(topic, s.prefix + "g", 3 * RECORDS))
    if "consumer" in s.features:
        s.check("consume, KIP-848 group", lambda: read(topic, s.prefix + "g848", 3 * RECORDS, group_protocol="consumer"))
    s.check("transactions", transactions)
    s.check("list and describe groups", lambda: (admin.list_consumer_groups().result(20), [f.result(20) for f in admin.describe_consumer_groups([s.prefix + "g"]).values()]))
    s.check("delete topic", lambda: [f.result(20) for f in admin.delete_topics([topic]).values()])


def ck_produce(bootstrap, topic, name):
    from confluent_kafka import Producer
    p = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "delivery.timeout.ms": 240000, "linger.ms": 0, "log_level": 2})

    def send(k, v, failed):
        p.produce(topic, v, k, on_delivery=lambda e, m: e and failed(e))
        p.poll(0)
    load(name, send, lambda: p.flush(240))


def ck_consume(bootstrap, topic, group):
    from confluent_kafka import Consumer
    c = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest", "log_level": 2,
                  "group.protocol": os.environ.get("GROUP_PROTOCOL", "classic")})
    c.subscribe([topic])

    def read(t, until):
        while not until():
            m = c.poll(0.5)
            if m and m.error():
                print("told:", m.error(), flush=True)
            elif m:
                t.see(m.key(), m.value())
    reading(read)


def main():
    client, verb, rest = sys.argv[1], sys.argv[2], sys.argv[3:]
    f = {"kafka-python": {"checks": kp_checks, "produce": kp_produce, "consume": kp_consume},
         "confluent-python": {"checks": ck_checks, "produce": ck_produce, "consume": ck_consume}}[client][verb]
    if verb != "checks":
        return f(*rest)
    s = Suite(*rest)
    f(s)
    print("%d passed, %d failed" % (s.passed, s.failed), flush=True)
    sys.exit(1 if s.failed else 0)


main()
os._exit(0)  # threads of theirs may hang about
