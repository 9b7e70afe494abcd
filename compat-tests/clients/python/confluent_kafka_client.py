"""confluent-kafka, librdkafka's Python binding."""

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions, NewTopic

from contract import PATIENCE, Record, main

REBALANCED = (
    KafkaError.REBALANCE_IN_PROGRESS,
    KafkaError.ILLEGAL_GENERATION,
    KafkaError.STALE_MEMBER_EPOCH,
    KafkaError.UNKNOWN_MEMBER_ID,
    KafkaError._NO_OFFSET,
    KafkaError._ASSIGNMENT_LOST,
)


class Client:
    def __init__(self, address):
        self.common = {"bootstrap.servers": address}
        self.producers = {}
        # A group's name is demanded, also from one who only assigns.
        self.consumer = Consumer(
            self.common | {"group.id": "assigned", "enable.auto.commit": False, "check.crcs": True}
        )
        self.admin = AdminClient(self.common)

    def producer(self, codec, idempotent):
        if (codec, idempotent) not in self.producers:
            settings = {"compression.type": codec, "enable.idempotence": idempotent, "linger.ms": 50, "acks": "all"}
            self.producers[codec, idempotent] = Producer(self.common | settings)
        return self.producers[codec, idempotent]

    def send(self, topic, partition, records, codec="none", idempotent=False):
        producer, errors = self.producer(codec, idempotent), []
        for it in records:
            more = {}
            if partition is not None:
                more["partition"] = partition
            if it.timestamp is not None:
                more["timestamp"] = it.timestamp
            producer.produce(
                topic,
                it.value,
                it.key,
                headers=list(it.headers),
                on_delivery=lambda error, _: error and errors.append(error),
                **more,
            )
            producer.poll(0)
        if producer.flush(PATIENCE) or errors:
            raise AssertionError(f"not delivered: {errors[:3]}")

    def read(self, topic, partition, offset, count):
        self.consumer.assign([TopicPartition(topic, partition, offset)])
        seen = []
        while len(seen) < count:
            messages = self.consumer.consume(count - len(seen), PATIENCE)
            if not messages:
                raise AssertionError(f"{len(seen)} of {count} records after {PATIENCE} s")
            for it in messages:
                if it.error():
                    raise KafkaException(it.error())
                seen.append(Record(it.key(), it.value(), it.headers() or (), it.timestamp()[1], it.offset()))
        return seen

    def read_all(self, topic, partition):
        low, high = self.consumer.get_watermark_offsets(TopicPartition(topic, partition), PATIENCE)
        return self.read(topic, partition, low, high - low)

    def offsets_of(self, topic, partition, times):
        found = []
        for time in times:
            [it] = self.consumer.offsets_for_times([TopicPartition(topic, partition, time)], PATIENCE)
            found.append(it.offset if it.offset >= 0 else None)
        return found

    def create(self, topic, partitions, configs):
        self.admin.create_topics([NewTopic(topic, partitions, 1, config=configs)])[topic].result(PATIENCE)

    def partitions(self, topic):
        found = self.admin.list_topics(timeout=PATIENCE).topics.get(topic)
        return len(found.partitions) if found else None

    def config(self, topic, key):
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
        return self.admin.describe_configs([resource])[resource].result(PATIENCE)[key].value

    def alter(self, topic, key, value):
        entry = ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[entry])
        self.admin.incremental_alter_configs([resource])[resource].result(PATIENCE)

    def grow(self, topic, partitions):
        self.admin.create_partitions([NewPartitions(topic, partitions)])[topic].result(PATIENCE)

    def drop(self, topic):
        self.admin.delete_topics([topic])[topic].result(PATIENCE)

    def join(self, topic, protocol):
        settings = {"group.id": topic, "group.protocol": protocol, "enable.auto.commit": False, "auto.offset.reset": "earliest"}
        if protocol == "classic":
            settings["heartbeat.interval.ms"] = 300
        self.member = Consumer(self.common | settings)
        self.member.subscribe([topic])

    def poll(self):
        seen = self.member.consume(1000, 0.2)
        return [(it.partition(), it.offset(), it.value()) for it in seen if not it.error()]

    def commit(self):
        try:
            self.member.commit(asynchronous=False)
        except KafkaException as error:
            # A rebalance came between: who has the partition now reads it again.
            if error.args[0].code() not in REBALANCED:
                raise

    def leave(self):
        self.member.close()

    def close(self):
        self.consumer.close()


if __name__ == "__main__":
    main(Client)
