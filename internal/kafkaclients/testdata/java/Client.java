import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;

/** Checks and load by Apache Kafka's own client: see ../go/checks.go. */
public class Client {
    static final int KEYS = 8, RECORDS = 400, LIMIT = 90_000, PACE = 100;
    static String bootstrap;
    static int passed, failed;

    interface Check { void run() throws Exception; }

    static void check(String name, Check c) {
        try {
            c.run();
            passed++;
            System.out.println("ok " + name);
        } catch (Throwable e) {
            failed++;
            System.out.println("not ok " + name + ": " + e);
            e.printStackTrace(System.out);
        }
    }

    static String key(String name, int i) { return name + "-" + i % KEYS; }

    static class Tally {
        final Map<String, Integer> next = new HashMap<>();
        int distinct, dups, gaps;
        String first = "";

        synchronized void see(String key, String value) {
            int n = Integer.parseInt(value), due = next.getOrDefault(key, 0);
            if (n < due) {
                dups++;
                return;
            }
            next.put(key, n + 1);
            if (n == due) {
                distinct++;
                return;
            }
            gaps++;
            if (first.isEmpty()) first = key + ": " + n + " where " + due + " was due";
        }

        synchronized int count() { return distinct + gaps; }

        public synchronized String toString() { return "distinct=" + distinct + " dups=" + dups + " gaps=" + gaps + " " + first; }

        void whole(int n) {
            if (distinct != n || dups != 0 || gaps != 0) throw new IllegalStateException(this + ", want " + n);
        }
    }

    static Map<String, Object> conf(Object... more) {
        Map<String, Object> m = new HashMap<>();
        m.put("bootstrap.servers", bootstrap);
        m.put("key.serializer", "org.apache.kafka.common.serialization.StringSerializer");
        m.put("value.serializer", "org.apache.kafka.common.serialization.StringSerializer");
        m.put("key.deserializer", "org.apache.kafka.common.serialization.StringDeserializer");
        m.put("value.deserializer", "org.apache.kafka.common.serialization.StringDeserializer");
        m.put("auto.offset.reset", "earliest");
        for (int i = 0; i < more.length; i += 2) m.put((String) more[i], more[i + 1]);
        return m;
    }

    static void send(KafkaProducer<String, String> p, String topic, String name, int n) throws Exception {
        List<Future<RecordMetadata>> all = new ArrayList<>();
        for (int i = 0; i < n; i++) all.add(p.send(new ProducerRecord<>(topic, key(name, i), String.valueOf(i / KEYS))));
        p.flush();
        for (Future<RecordMetadata> f : all) f.get(30, TimeUnit.SECONDS);
    }

    static void read(String topic, String group, int n, Object... more) {
        Tally t = new Tally();
        Map<String, Object> m = conf(more);
        m.put("group.id", group);
        try (KafkaConsumer<String, String> c = new KafkaConsumer<>(m)) {
            c.subscribe(List.of(topic));
            for (long end = System.currentTimeMillis() + LIMIT; t.count() < n && System.currentTimeMillis() < end;)
                for (ConsumerRecord<String, String> r : c.poll(Duration.ofSeconds(1))) t.see(r.key(), r.value());
            c.commitSync();
        }
        t.whole(n);
    }

    static void create(Admin admin, String topic) throws Exception {
        admin.createTopics(List.of(new NewTopic(topic, Optional.of(6), Optional.empty()))).all().get();
    }

    static void checks(String prefix, Set<String> features) throws Exception {
        String topic = prefix + "t";
        Admin admin = Admin.create(conf("default.api.timeout.ms", 60000));
        check("create topic", () -> create(admin, topic));
        check("list and describe topics", () -> {
            for (long end = System.currentTimeMillis() + 20_000; System.currentTimeMillis() < end; Thread.sleep(100)) // not all brokers know it at once
                if (admin.listTopics().names().get().contains(topic)) break;
            if (!admin.listTopics().names().get().contains(topic)) throw new Exception("not listed");
            if (admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size() != 6) throw new Exception("partitions");
        });
        check("describe cluster and broker configs", () -> {
            var nodes = admin.describeCluster().nodes().get();
            if (nodes.isEmpty()) throw new Exception("no nodes");
            for (var node : nodes)
                admin.describeConfigs(List.of(new ConfigResource(ConfigResource.Type.BROKER, node.idString()))).all().get();
        });
        String[] codecs = {"none", "gzip", "snappy", "lz4", "zstd"};
        for (String codec : codecs)
            check("produce idempotent, " + codec, () -> {
                try (KafkaProducer<String, String> p = new KafkaProducer<>(conf("compression.type", codec))) { send(p, topic, "codec" + codec, RECORDS); }
            });
        for (String acks : new String[] {"0", "1"})
            check("produce acks=" + acks, () -> {
                try (KafkaProducer<String, String> p = new KafkaProducer<>(conf("acks", acks, "enable.idempotence", false))) { send(p, topic, "acks" + acks, RECORDS); }
            });
        check("consume, classic group", () -> read(topic, prefix + "g", 7 * RECORDS));
        if (features.contains("consumer")) check("consume, KIP-848 group", () -> read(topic, prefix + "g848", 7 * RECORDS, "group.protocol", "consumer"));
        if (features.contains("share")) check("share group", () -> ClientShare.run(admin, prefix));
        check("transactions, with offsets", () -> {
            create(admin, prefix + "txn");
            try (KafkaProducer<String, String> p = new KafkaProducer<>(conf("transactional.id", prefix + "id"))) {
                p.initTransactions();
                for (int i = 0; i < 6; i++) {
                    p.beginTransaction();
                    send(p, prefix + "txn", "t" + i, 80);
                    p.sendOffsetsToTransaction(Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(i)), new ConsumerGroupMetadata(prefix + "goff"));
                    if (i % 2 == 0) p.commitTransaction(); else p.abortTransaction();
                }
            }
            read(prefix + "txn", prefix + "gtxn", 240, "isolation.level", "read_committed");
            long at = admin.listConsumerGroupOffsets(prefix + "goff").partitionsToOffsetAndMetadata().get().get(new TopicPartition(topic, 0)).offset();
            if (at != 4) throw new Exception("offset " + at);
        });
        check("list and describe groups", () -> {
            admin.listConsumerGroups().all().get();
            admin.describeConsumerGroups(List.of(prefix + "g")).all().get();
        });
        check("list offsets, delete records", () -> {
            var p0 = new TopicPartition(topic, 0);
            long end = admin.listOffsets(Map.of(p0, OffsetSpec.latest())).all().get().get(p0).offset();
            admin.deleteRecords(Map.of(p0, RecordsToDelete.beforeOffset(end))).all().get();
        });
        check("add partitions, describe log dirs", () -> {
            admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(8))).all().get();
            List<Integer> ids = new ArrayList<>();
            admin.describeCluster().nodes().get().forEach(n -> ids.add(n.id()));
            admin.describeLogDirs(ids).allDescriptions().get();
        });
        check("delete topic", () -> admin.deleteTopics(List.of(topic)).all().get());
        admin.close();
        System.out.println(passed + " passed, " + failed + " failed");
        System.exit(failed == 0 ? 0 : 1);
    }

    static void produce(String topic, String name) throws Exception {
        KafkaProducer<String, String> p = new KafkaProducer<>(conf("delivery.timeout.ms", 240_000, "request.timeout.ms", 10_000, "max.block.ms", 240_000, "metadata.max.age.ms", 5000));
        CountDownLatch stop = new CountDownLatch(1);
        Thread t = new Thread(() -> {
            try { while (System.in.read() >= 0) { } } catch (Exception e) { }
            stop.countDown();
        });
        t.setDaemon(true);
        t.start();
        AtomicInteger bad = new AtomicInteger();
        String[] why = {""};
        int n = 0;
        System.out.println("began");
        do {
            for (int i = 0; i < KEYS; i++)
                p.send(new ProducerRecord<>(topic, key(name, i), String.valueOf(n)), (m, e) -> {
                    if (e != null) { bad.incrementAndGet(); why[0] = e.toString(); }
                });
            n++;
        } while (!stop.await(PACE, TimeUnit.MILLISECONDS));
        p.flush();
        p.close();
        System.out.println("produced " + n * KEYS + " failed=" + bad + " " + why[0]);
        System.exit(0);
    }

    static void consume(String topic, String group) throws Exception {
        String protocol = System.getenv().getOrDefault("GROUP_PROTOCOL", "classic");
        KafkaConsumer<String, String> c = new KafkaConsumer<>(conf("group.id", group, "group.protocol", protocol, "metadata.max.age.ms", 5000));
        c.subscribe(List.of(topic));
        long[] told = {-1, 0};
        Thread in = new Thread(() -> {
            try {
                String line = new BufferedReader(new InputStreamReader(System.in)).readLine();
                told[1] = System.currentTimeMillis() + LIMIT;
                told[0] = line == null ? 0 : Long.parseLong(line.trim());
            } catch (Exception e) { told[0] = 0; }
        });
        in.setDaemon(true);
        in.start();
        Tally t = new Tally();
        while (told[0] < 0 || t.count() < told[0] && System.currentTimeMillis() < told[1])
            try {
                for (ConsumerRecord<String, String> r : c.poll(Duration.ofMillis(200))) t.see(r.key(), r.value());
            } catch (Exception e) {
                System.out.println("told: " + e);
            }
        System.out.println("consumed " + t);
        System.exit(0);
    }

    public static void main(String[] args) throws Exception {
        bootstrap = args[1];
        switch (args[0]) {
            case "checks": checks(args[2], Set.of(args[3].split(","))); break;
            case "produce": produce(args[2], args[3]); break;
            case "consume": consume(args[2], args[3]); break;
        }
    }
}
