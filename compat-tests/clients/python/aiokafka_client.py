"""aiokafka; its loop runs in a thread of its own, so that the client lives between calls."""

import asyncio
import threading
import time

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import CommitFailedError, IllegalStateError

from contract import PATIENCE, Record, main


class Client:
    def __init__(self, address):
        self.address = address
        self.made = {}
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def wait(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(2 * PATIENCE)

    async def get(self, name, make):
        if name not in self.made:
            made = make()
            await made.start()
            self.made[name] = made
        return self.made[name]

    async def producer(self, codec, idempotent):
        return await self.get(
            (codec, idempotent),
            lambda: AIOKafkaProducer(
                bootstrap_servers=self.address,
                compression_type=None if codec == "none" else codec,
                enable_idempotence=idempotent,
                acks="all",
                linger_ms=50,
                max_batch_size=1 << 20,
            ),
        )

    async def consumer(self):
        return await self.get("consumer", lambda: AIOKafkaConsumer(bootstrap_servers=self.address, enable_auto_commit=False))

    async def admin(self):
        return await self.get("admin", lambda: AIOKafkaAdminClient(bootstrap_servers=self.address))

    def send(self, topic, partition, records, codec="none", idempotent=False):
        async def send():
            producer = await self.producer(codec, idempotent)
            sent = [
                await producer.send(
                    topic, it.value, it.key, partition=partition, timestamp_ms=it.timestamp, headers=list(it.headers)
                )
                for it in records
            ]
            await asyncio.wait_for(asyncio.gather(*sent), PATIENCE)

        self.wait(send())

    def read(self, topic, partition, offset, count):
        async def read():
            consumer, at = await self.consumer(), TopicPartition(topic, partition)
            consumer.assign([at])
            consumer.seek(at, offset)
            seen, end = [], time.monotonic() + PATIENCE
            while len(seen) < count:
                if time.monotonic() > end:
                    raise AssertionError(f"{len(seen)} of {count} records after {PATIENCE} s")
                for it in (await consumer.getmany(at, timeout_ms=1000, max_records=count - len(seen))).get(at, []):
                    seen.append(Record(it.key, it.value, it.headers, it.timestamp, it.offset))
            return seen

        return self.wait(read())

    def read_all(self, topic, partition):
        async def ends():
            consumer, at = await self.consumer(), TopicPartition(topic, partition)
            return (await consumer.beginning_offsets([at]))[at], (await consumer.end_offsets([at]))[at]

        low, high = self.wait(ends())
        return self.read(topic, partition, low, high - low)

    def offsets_of(self, topic, partition, times):
        async def ask(time_):
            consumer, at = await self.consumer(), TopicPartition(topic, partition)
            found = (await consumer.offsets_for_times({at: time_}))[at]
            return found and found.offset

        return [self.wait(ask(time_)) for time_ in times]

    def create(self, topic, partitions, configs):
        async def create():
            await (await self.admin()).create_topics([NewTopic(topic, partitions, 1, topic_configs=configs)])

        self.wait(create())

    def partitions(self, topic):
        async def look():
            admin = await self.admin()
            if topic not in await admin.list_topics():
                return None
            return len((await admin.describe_topics([topic]))[0]["partitions"])

        return self.wait(look())

    def config(self, topic, key):
        async def look():
            [answer] = await (await self.admin()).describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
            return {it[0]: it[1] for it in answer.resources[0][4]}[key]

        return self.wait(look())

    def alter(self, topic, key, value):
        async def alter():
            resource = ConfigResource(ConfigResourceType.TOPIC, topic, {key: value})
            await (await self.admin()).alter_configs([resource])

        self.wait(alter())

    def grow(self, topic, partitions):
        async def grow():
            await (await self.admin()).create_partitions({topic: NewPartitions(partitions)})

        self.wait(grow())

    def drop(self, topic):
        async def drop():
            await (await self.admin()).delete_topics([topic])

        self.wait(drop())

    def join(self, topic, _):
        async def join():
            self.member = AIOKafkaConsumer(
                topic,
                bootstrap_servers=self.address,
                group_id=topic,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                heartbeat_interval_ms=300,
            )
            await self.member.start()

        self.wait(join())

    def poll(self):
        seen = self.wait(self.member.getmany(timeout_ms=200))
        return [(it.partition, it.offset, it.value) for records in seen.values() for it in records]

    def commit(self):
        try:
            self.wait(self.member.commit())
        except (CommitFailedError, IllegalStateError):
            # A rebalance came between: who has the partition now reads it again.
            pass

    def leave(self):
        self.wait(self.member.stop())

    def close(self):
        async def close():
            for it in self.made.values():
                await (it.close() if isinstance(it, AIOKafkaAdminClient) else it.stop())

        self.wait(close())


if __name__ == "__main__":
    main(Client)
