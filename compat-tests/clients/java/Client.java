// The Java client; compiled and run with each of its versions. The scenarios stand in ../README.md.

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.TreeSet;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.DescribeTopicsResult;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public class Client {
    static final int PATIENCE = 30;
    static final List<Header> HEADERS = Arrays.asList(
        new RecordHeader("a", bytes("1")),
        new RecordHeader("b", bytes("two")),
        new RecordHeader("bytes", new byte[] {0, (byte) 0xff, (byte) 0x80}),
        new RecordHeader("empty", new byte[0]));

    final String address;
    final String topic;
    final Map<String, KafkaProducer<byte[], byte[]>> producers = new HashMap<>();
    final KafkaConsumer<byte[], byte[]> consumer;

    Client(String address, String topic) {
        this.address = address;
        this.topic = topic;
        Properties settings = settings();
        settings.put("enable.auto.commit", "false");
        settings.put("check.crcs", "true");
        consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    Properties settings() {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", address);
        return settings;
    }

    KafkaProducer<byte[], byte[]> producer(String codec, boolean idempotent) {
        return producers.computeIfAbsent(codec + idempotent, name -> {
            Properties settings = settings();
            settings.put("compression.type", codec);
            settings.put("enable.idempotence", String.valueOf(idempotent));
            settings.put("acks", "all");
            settings.put("linger.ms", "50");
            settings.put("batch.size", String.valueOf(1 << 20));
            return new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
        });
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static byte[] text(int i) {
        return bytes("value " + i + " " + String.join("", Collections.nCopies(i % 20, "compressible ")));
    }

    ProducerRecord<byte[], byte[]> record(Integer partition, Long timestamp, byte[] key, byte[] value, List<Header> headers) {
        return new ProducerRecord<>(topic, partition, timestamp, key, value, headers);
    }

    List<ProducerRecord<byte[], byte[]>> numbered(Integer partition, int from, int to, List<Header> headers) {
        return IntStream.range(from, to)
            .mapToObj(i -> record(partition, null, bytes("key-" + i), text(i), headers))
            .collect(Collectors.toList());
    }

    void send(List<ProducerRecord<byte[], byte[]>> records, String codec, boolean idempotent) throws Exception {
        KafkaProducer<byte[], byte[]> producer = producer(codec, idempotent);
        List<Future<RecordMetadata>> sent = records.stream().map(producer::send).collect(Collectors.toList());
        for (Future<RecordMetadata> it : sent) {
            it.get(PATIENCE, TimeUnit.SECONDS);
        }
    }

    List<ConsumerRecord<byte[], byte[]>> read(int partition, long offset, int count) {
        TopicPartition at = new TopicPartition(topic, partition);
        consumer.assign(Collections.singletonList(at));
        consumer.seek(at, offset);
        List<ConsumerRecord<byte[], byte[]>> seen = new ArrayList<>();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE);
        while (seen.size() < count) {
            check(System.nanoTime() < end, seen.size() + " of " + count + " records after " + PATIENCE + " s");
            consumer.poll(Duration.ofSeconds(1)).forEach(seen::add);
        }
        return seen.subList(0, count);
    }

    List<ConsumerRecord<byte[], byte[]>> roundTrip(
            List<ProducerRecord<byte[], byte[]>> records, int first, String codec, boolean idempotent) throws Exception {
        send(records, codec, idempotent);
        List<ConsumerRecord<byte[], byte[]>> seen = read(records.get(0).partition(), first, records.size());
        for (int i = 0; i < records.size(); i++) {
            ProducerRecord<byte[], byte[]> expected = records.get(i);
            ConsumerRecord<byte[], byte[]> it = seen.get(i);
            same("an offset", (long) first + i, it.offset());
            check(Arrays.equals(expected.key(), it.key()), "another key at " + it.offset());
            check(Arrays.equals(expected.value(), it.value()), "another value at " + it.offset());
            check(expected.headers().equals(it.headers()), "headers " + expected.headers() + " are read as " + it.headers());
        }
        return seen;
    }

    void keys() throws Exception {
        send(numbered(null, 0, 200, null), "none", false);
        TreeSet<String> expected = new TreeSet<>();
        TreeSet<String> seen = new TreeSet<>();
        IntStream.range(0, 200).forEach(i -> expected.add(new String(text(i))));
        int count = 0;
        for (int partition = 0; partition < 4; partition++) {
            TopicPartition at = new TopicPartition(topic, partition);
            long end = consumer.endOffsets(Collections.singleton(at)).get(at);
            for (ConsumerRecord<byte[], byte[]> it : read(partition, 0, (int) end)) {
                seen.add(new String(it.value()));
                count++;
            }
        }
        same("records", 200, count);
        same("values", expected, seen);
    }

    void time() throws Exception {
        long base = System.currentTimeMillis() - 60_000;
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            records.add(record(0, base + 1000L * i, bytes("key-" + i), text(i), null));
        }
        send(records, "none", false);
        TopicPartition at = new TopicPartition(topic, 0);
        List<Long> seen = new ArrayList<>();
        for (long asked : new long[] {base, base + 1, base + 2000, base + 2001}) {
            OffsetAndTimestamp found = consumer.offsetsForTimes(Collections.singletonMap(at, asked)).get(at);
            seen.add(found == null ? null : found.offset());
        }
        same("offsets of times", Arrays.asList(0L, 1L, 2L, null), seen);
        ConsumerRecord<byte[], byte[]> first = read(0, 1, 2).get(0);
        same("the timestamp", base + 1000, first.timestamp());
        check(Arrays.equals(text(1), first.value()), "another value at the time");
    }

    void admin() throws Exception {
        String made = topic + "-made";
        try (Admin admin = Admin.create(settings())) {
            NewTopic wanted = new NewTopic(made, 3, (short) 1).configs(Collections.singletonMap("retention.ms", "3600000"));
            admin.createTopics(Collections.singleton(wanted)).all().get(PATIENCE, TimeUnit.SECONDS);
            eventually("partitions", 3, () -> partitions(admin, made));
            ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, made);
            eventually("retention.ms", "3600000", () -> retention(admin, resource));
            pause();
            AlterConfigOp change = new AlterConfigOp(new ConfigEntry("retention.ms", "7200000"), AlterConfigOp.OpType.SET);
            admin.incrementalAlterConfigs(Collections.singletonMap(resource, Collections.singleton(change))).all()
                .get(PATIENCE, TimeUnit.SECONDS);
            eventually("retention.ms", "7200000", () -> retention(admin, resource));
            admin.createPartitions(Collections.singletonMap(made, NewPartitions.increaseTo(5))).all().get(PATIENCE, TimeUnit.SECONDS);
            eventually("partitions", 5, () -> partitions(admin, made));
            pause();
            admin.deleteTopics(Collections.singleton(made)).all().get(PATIENCE, TimeUnit.SECONDS);
            eventually("partitions", null, () -> partitions(admin, made));
        }
    }

    static String retention(Admin admin, ConfigResource resource) {
        try {
            return admin.describeConfigs(Collections.singleton(resource)).all()
                .get(PATIENCE, TimeUnit.SECONDS).get(resource).get("retention.ms").value();
        } catch (Exception error) {
            throw new RuntimeException(error);
        }
    }

    static Integer partitions(Admin admin, String topic) {
        try {
            if (!admin.listTopics().names().get(PATIENCE, TimeUnit.SECONDS).contains(topic)) {
                return null;
            }
            DescribeTopicsResult result = admin.describeTopics(Collections.singleton(topic));
            Map<?, ?> described = (Map<?, ?>) either(result, "topicNameValues", "values");
            Object future = described.get(topic);
            return ((TopicDescription) ((KafkaFuture<?>) future).get(PATIENCE, TimeUnit.SECONDS)).partitions().size();
        } catch (Exception error) {
            throw new RuntimeException(error);
        }
    }

    // The method that this version has: 3.1 gave it a new name, 4.0 took the old one away.
    static Object either(Object of, String name, String olderName) throws Exception {
        try {
            return of.getClass().getMethod(name).invoke(of);
        } catch (NoSuchMethodException error) {
            return of.getClass().getMethod(olderName).invoke(of);
        }
    }

    // Apache Kafka answers from an image that may be a moment old.
    static void eventually(String what, Object expected, Supplier<Object> look) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        Object seen = look.get();
        while (!Objects.equals(expected, seen) && System.nanoTime() < end) {
            Thread.sleep(50);
            seen = look.get();
        }
        same(what, expected, seen);
    }

    void reconnect() throws Exception {
        roundTrip(numbered(0, 0, 10, null), 0, "none", false);
        pause();
        roundTrip(numbered(0, 10, 20, null), 10, "none", false);
    }

    static void pause() throws Exception {
        System.out.println("ready");
        System.in.read();
    }

    void group(String protocol) {
        AtomicBoolean told = new AtomicBoolean();
        Thread listener = new Thread(() -> {
            try {
                System.in.read();
            } catch (Exception error) {
                error.printStackTrace();
            }
            told.set(true);
        });
        listener.setDaemon(true);
        listener.start();
        Properties settings = settings();
        settings.put("group.id", topic);
        settings.put("enable.auto.commit", "false");
        settings.put("auto.offset.reset", "earliest");
        if (protocol.equals("classic")) {
            settings.put("heartbeat.interval.ms", "300");
        } else {
            settings.put("group.protocol", protocol);
        }
        try (KafkaConsumer<byte[], byte[]> member =
                new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            member.subscribe(Collections.singleton(topic));
            while (!told.get()) {
                ConsumerRecords<byte[], byte[]> seen = member.poll(Duration.ofMillis(200));
                for (ConsumerRecord<byte[], byte[]> it : seen) {
                    System.out.println(it.partition() + " " + it.offset() + " " + new String(it.value()));
                }
                try {
                    member.commitSync();
                } catch (CommitFailedException | RebalanceInProgressException error) {
                    // A rebalance came between: who has the partition now reads it again.
                }
            }
        }
    }

    void run(String scenario) throws Exception {
        switch (scenario) {
            case "none": case "gzip": case "snappy": case "lz4": case "zstd":
                roundTrip(numbered(1, 0, 200, null), 0, scenario, false);
                break;
            case "headers":
                roundTrip(numbered(0, 0, 10, HEADERS), 0, "none", false);
                break;
            case "nulls":
                roundTrip(Arrays.asList(
                    record(0, null, bytes("gone"), null, null),
                    record(0, null, null, bytes("value"), null),
                    record(0, null, bytes("empty"), new byte[0], null)), 0, "none", false);
                break;
            case "keys": keys(); break;
            case "time": time(); break;
            case "admin": admin(); break;
            case "large": {
                List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
                for (byte letter : bytes("abc")) {
                    byte[] value = new byte[990_000];
                    Arrays.fill(value, letter);
                    records.add(record(2, null, null, value, null));
                }
                roundTrip(records, 0, "none", false);
                break;
            }
            case "batches": {
                roundTrip(numbered(0, 0, 10_000, null), 0, "gzip", false);
                ConsumerRecord<byte[], byte[]> first = read(0, 5003, 10).get(0);
                same("an offset", 5003L, first.offset());
                check(Arrays.equals(text(5003), first.value()), "another value from amid a batch");
                break;
            }
            case "idempotent":
                roundTrip(numbered(0, 0, 500, null), 0, "none", true);
                break;
            case "reconnect": reconnect(); break;
            case "group": group("classic"); break;
            case "group-848": group("consumer"); break;
            default: throw new AssertionError("there is no scenario " + scenario);
        }
    }

    static void same(String what, Object expected, Object seen) {
        check(Objects.equals(expected, seen), what + ": expected " + expected + ", saw " + seen);
    }

    static void check(boolean well, String otherwise) {
        if (!well) {
            throw new AssertionError(otherwise);
        }
    }

    public static void main(String[] words) {
        try {
            Client client = new Client(words[0], words[1]);
            client.run(words[2]);
            client.consumer.close();
            client.producers.values().forEach(KafkaProducer::close);
        } catch (Throwable error) {
            error.printStackTrace();
            System.exit(1);
        }
        System.exit(0);
    }
}
