import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.config.ConfigResource;

/** Share groups, which clients before Kafka 4 do not have: loaded only where they are wanted. */
class ClientShare {
    static void run(Admin admin, String prefix) throws Exception {
        String topic = prefix + "share", group = prefix + "gs";
        Client.create(admin, topic);
        admin.incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.GROUP, group),
            List.of(new AlterConfigOp(new ConfigEntry("share.auto.offset.reset", "earliest"), AlterConfigOp.OpType.SET)))).all().get();
        try (KafkaProducer<String, String> p = new KafkaProducer<>(Client.conf())) {
            Client.send(p, topic, "share", Client.RECORDS);
        }
        Map<String, Object> conf = Client.conf("group.id", group);
        conf.remove("auto.offset.reset");
        Set<String> seen = new HashSet<>();
        try (KafkaShareConsumer<String, String> c = new KafkaShareConsumer<>(conf)) {
            c.subscribe(List.of(topic));
            for (long end = System.currentTimeMillis() + Client.LIMIT; seen.size() < Client.RECORDS && System.currentTimeMillis() < end;)
                for (ConsumerRecord<String, String> r : c.poll(Duration.ofSeconds(1))) seen.add(r.key() + " " + r.value());
        }
        if (seen.size() != Client.RECORDS) throw new Exception(seen.size() + " of " + Client.RECORDS);
    }
}
