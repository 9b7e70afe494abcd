"""kafka-python."""

import time

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, NewPartitions, NewTopic
from kafka.errors import CommitFailedError

from contract import PATIENCE, Record, main


class Client:
    def __init__(self, address):
        self.address = address
        self.producers = {}
        self.the_consumer = None
        self.the_admin = None

    def producer(self, codec, idempotent):
        if (codec, idempotent) not in self.producers:
            self.producers[codec, idempotent] = KafkaProducer(
                bootstrap_servers=self.address,
                compression_type=None if codec == "none" else codec,
                enable_idempotence=idempotent,
                acks="all",
                linger_ms=50,
                batch_size=1 << 20,
            )
        return self.producers[codec, idempotent]

    def consumer(self):
        if self.the_consumer is None:
            self.the_consumer = KafkaConsumer(
                bootstrap_servers=self.address, group_id=None, enable_auto_commit=False, check_crcs=True
            )
        return self.the_consumer

    def admin(self):
        if self.the_admin is None:
            self.the_admin = KafkaAdminClient(bootstrap_servers=self.address)
        return self.the_admin

    def send(self, topic, partition, records, codec="none", idempotent=False):
        producer = self.producer(codec, idempotent)
        sent = [
            producer.send(topic, it.value, it.key, list(it.headers), partition, it.timestamp) for it in records
        ]
        for it in sent:
            it.get(PATIENCE)

    def read(self, topic, partition, offset, count):
        consumer, at = self.consumer(), TopicPartition(topic, partition)
        consumer.assign([at])
        consumer.seek(at, offset)
        seen, end = [], time.monotonic() + PATIENCE
        while len(seen) < count:
            if time.monotonic() > end:
                raise AssertionError(f"{len(seen)} of {count} records after {PATIENCE} s")
            for it in consumer.poll(1000, count - len(seen)).get(at, []):
                seen.append(Record(it.key, it.value, it.headers, it.timestamp, it.offset))
        return seen

    def read_all(self, topic, partition):
        at = TopicPartition(topic, partition)
        low, high = self.consumer().beginning_offsets([at])[at], self.consumer().end_offsets([at])[at]
        return self.read(topic, partition, low, high - low)

    def offsets_of(self, topic, partition, times):
        at, found = TopicPartition(topic, partition), []
        for time_ in times:
            it = self.consumer().offsets_for_times({at: time_})[at]
            found.append(it and it.offset)
        return found

    def create(self, topic, partitions, configs):
        self.admin().create_topics([NewTopic(topic, partitions, 1, topic_configs=configs)])

    def partitions(self, topic):
        if topic not in self.admin().list_topics():
            return None
        return len(self.admin().describe_topics([topic])[0]["partitions"])

    def config(self, topic, key):
        resource = ConfigResource(ConfigResourceType.TOPIC, topic)
        return self.admin().describe_configs([resource])["topic"][topic][key]["value"]

    def alter(self, topic, key, value):
        self.admin().alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {key: value})])

    def grow(self, topic, partitions):
        self.admin().create_partitions({topic: NewPartitions(partitions)})

    def drop(self, topic):
        self.admin().delete_topics([topic])

    def join(self, topic, _):
        self.the_consumer = KafkaConsumer(
            topic,
            bootstrap_servers=self.address,
            group_id=topic,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            heartbeat_interval_ms=300,
        )

    def poll(self):
        seen = self.the_consumer.poll(200)
        return [(it.partition, it.offset, it.value) for records in seen.values() for it in records]

    def commit(self):
        try:
            self.the_consumer.commit()
        except CommitFailedError:
            # A rebalance came between: who has the partition now reads it again.
            pass

    def leave(self):
        self.the_consumer.close()
        self.the_consumer = None

    def close(self):
        for it in [*self.producers.values(), self.the_consumer, self.the_admin]:
            if it is not None:
                it.close()


if __name__ == "__main__":
    main(Client)
