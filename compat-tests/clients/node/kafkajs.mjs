// kafkajs. Its consumer only reads in a group, so partitions are read through the brokers of its own cluster, the layer below.

import { createRequire } from 'node:module'
import { setTimeout as pause } from 'node:timers/promises'
import zlib from 'node:zlib'
import { main, modules, PATIENCE } from './contract.mjs'

const require = createRequire(modules)
const { CompressionCodecs, CompressionTypes, ConfigResourceTypes, Kafka, logLevel } = require('kafkajs')
const Batch = require('kafkajs/src/consumer/batch')
const { lz4Compress, lz4Decompress, snappyCompress, snappyDecompress } = require('@platformatic/wasm-utils')

// It has gzip alone, and takes the others from whoever has them.
const codec = (compress, decompress) => () => ({
  compress: async encoder => compress(encoder.buffer),
  decompress: async buffer => decompress(buffer)
})
CompressionCodecs[CompressionTypes.Snappy] = codec(snappyCompress, snappyDecompress)
CompressionCodecs[CompressionTypes.LZ4] = codec(lz4Compress, lz4Decompress)
CompressionCodecs[CompressionTypes.ZSTD] = codec(zlib.zstdCompressSync, zlib.zstdDecompressSync)

const CODECS = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD
}

class Client {
  constructor (address, topic) {
    this.topic = topic
    this.kafka = new Kafka({ brokers: [address], logLevel: logLevel.NOTHING })
    this.made = new Map()
  }

  async get (name, make) {
    if (!this.made.has(name)) {
      const made = make()
      await made.connect()
      this.made.set(name, made)
    }
    return this.made.get(name)
  }

  admin () {
    return this.get('admin', () => this.kafka.admin())
  }

  cluster () {
    return this.get('cluster', () => {
      const symbols = Object.getOwnPropertySymbols(this.kafka)
      const create = symbols.find(it => it.description === 'private:Kafka:createCluster')
      return this.kafka[create]({ metadataMaxAge: 300_000 })
    })
  }

  async send (partition, records, { codec = 'none', idempotent = false } = {}) {
    const producer = await this.get(`producer ${idempotent}`, () => this.kafka.producer({ idempotent }))
    const messages = records.map(it => ({
      key: it.key,
      value: it.value,
      headers: Object.fromEntries(it.headers),
      partition: partition ?? undefined,
      timestamp: it.timestamp === undefined ? undefined : String(it.timestamp)
    }))
    await producer.send({ topic: this.topic, messages, acks: -1, compression: CODECS[codec] })
  }

  async read (partition, offset, count) {
    const cluster = await this.cluster()
    await cluster.addTargetTopic(this.topic)
    const seen = []
    const end = Date.now() + PATIENCE
    let fault
    while (seen.length < count) {
      if (Date.now() > end) throw new Error(`${seen.length} of ${count} records`, { cause: fault })
      try {
        for (const it of await this.fetch(cluster, partition, offset)) {
          const { key, value, headers } = it
          offset = Number(it.offset) + 1
          seen.push({ key, value, headers: Object.entries(headers), timestamp: Number(it.timestamp), offset: Number(it.offset) })
        }
      } catch (error) {
        // As its consumer does: look again who leads, then go on.
        fault = error
        await pause(100)
        await cluster.refreshMetadata().catch(() => {})
      }
    }
    return seen.slice(0, count)
  }

  async fetch (cluster, partition, offset) {
    const { leader } = cluster.findTopicPartitionMetadata(this.topic).find(it => it.partitionId === partition)
    const broker = await cluster.findBroker({ nodeId: leader })
    const partitions = [{ partition, fetchOffset: String(offset), maxBytes: 1_048_576 }]
    const answer = await broker.fetch({ maxWaitTime: 1000, topics: [{ topic: this.topic, partitions }] })
    return new Batch(this.topic, String(offset), answer.responses[0].partitions[0]).messages
  }

  async ends (partition) {
    const offsets = await (await this.admin()).fetchTopicOffsets(this.topic)
    const { low, high } = offsets.find(it => it.partition === partition)
    return [Number(low), Number(high)]
  }

  async offsetsOf (partition, times) {
    const admin = await this.admin()
    const [, end] = await this.ends(partition)
    const found = []
    for (const time of times) {
      const offsets = await admin.fetchTopicOffsetsByTimestamp(this.topic, time)
      // It gives the partition's end where there is no such record.
      const offset = Number(offsets.find(it => it.partition === partition).offset)
      found.push(offset === end ? null : offset)
    }
    return found
  }

  async create (topic, numPartitions, configs) {
    const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }))
    await (await this.admin()).createTopics({ topics: [{ topic, numPartitions, replicationFactor: 1, configEntries }] })
  }

  async partitions (topic) {
    const admin = await this.admin()
    if (!(await admin.listTopics()).includes(topic)) return null
    return (await admin.fetchTopicMetadata({ topics: [topic] })).topics[0].partitions.length
  }

  async config (topic, key) {
    const resources = [{ type: ConfigResourceTypes.TOPIC, name: topic }]
    const answer = await (await this.admin()).describeConfigs({ includeSynonyms: false, resources })
    return answer.resources[0].configEntries.find(it => it.configName === key).configValue
  }

  async alter (topic, name, value) {
    const resources = [{ type: ConfigResourceTypes.TOPIC, name: topic, configEntries: [{ name, value }] }]
    await (await this.admin()).alterConfigs({ validateOnly: false, resources })
  }

  async grow (topic, count) {
    await (await this.admin()).createPartitions({ topicPartitions: [{ topic, count }] })
  }

  async drop (topic) {
    await (await this.admin()).deleteTopics({ topics: [topic] })
  }

  async join (_, say) {
    const member = this.kafka.consumer({ groupId: this.topic, heartbeatInterval: 300, maxWaitTimeInMs: 200 })
    await member.connect()
    await member.subscribe({ topic: this.topic, fromBeginning: true })
    // It commits by itself what it has handed over.
    await member.run({ eachMessage: async ({ partition, message }) => say(partition, message.offset, message.value) })
    return () => member.disconnect()
  }

  async close () {
    for (const it of this.made.values()) await it.disconnect()
  }
}

await main(Client)
