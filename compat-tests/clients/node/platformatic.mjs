// @platformatic/kafka. Its streams only read in a group, so partitions are read with `Consumer.fetch`, which streams stand on.

import { createRequire } from 'node:module'
import { main, modules, PATIENCE } from './contract.mjs'

const platformatic = createRequire(modules)('@platformatic/kafka')
const { Admin, ConfigResourceTypes, Consumer, IncrementalAlterConfigOperationTypes, Producer } = platformatic

class Client {
  constructor (address, topic) {
    this.topic = topic
    this.common = { clientId: 'judge', bootstrapBrokers: [address], retries: 30, retryDelay: 200 }
    this.producers = new Map()
    this.consumer = new Consumer({ ...this.common, groupId: 'assigned' })
    this.admin = new Admin(this.common)
  }

  async send (partition, records, { codec = 'none', idempotent = false } = {}) {
    if (!this.producers.has(idempotent)) this.producers.set(idempotent, new Producer({ ...this.common, idempotent }))
    const messages = records.map(it => ({
      topic: this.topic,
      key: it.key,
      value: it.value,
      headers: new Map(it.headers.map(([key, value]) => [Buffer.from(key), value])),
      ...(partition === null ? {} : { partition }),
      ...(it.timestamp === undefined ? {} : { timestamp: BigInt(it.timestamp) })
    }))
    await this.producers.get(idempotent).send({ messages, acks: -1, compression: codec })
  }

  async read (partition, offset, count) {
    const seen = []
    const end = Date.now() + PATIENCE
    while (seen.length < count) {
      if (Date.now() > end) throw new Error(`${seen.length} of ${count} records`)
      for (const it of await this.fetch(partition, offset)) {
        offset = it.offset + 1
        seen.push(it)
      }
    }
    return seen.slice(0, count)
  }

  async fetch (partition, offset) {
    const metadata = await this.consumer.metadata({ topics: [this.topic] })
    const { id: topicId, partitions } = metadata.topics.get(this.topic)
    const wanted = {
      partition,
      fetchOffset: BigInt(offset),
      currentLeaderEpoch: -1,
      lastFetchedEpoch: -1,
      partitionMaxBytes: 1_048_576
    }
    const answer = await this.consumer.fetch({
      node: partitions[partition].leader,
      topics: [{ topicId, partitions: [wanted] }],
      minBytes: 1,
      maxBytes: 10_485_760,
      maxWaitTime: 1000
    })
    const found = []
    for (const batch of answer.responses[0].partitions[0].records ?? []) {
      for (const { key, value, headers, offsetDelta, timestampDelta } of batch.records) {
        const at = Number(batch.firstOffset) + offsetDelta
        const named = headers.map(([key, value]) => [String(key), value])
        const timestamp = Number(batch.firstTimestamp + timestampDelta)
        if (at >= offset) found.push({ key, value, headers: named, timestamp, offset: at })
      }
    }
    return found
  }

  async offsetAt (partition, timestamp) {
    const partitions = { [this.topic]: [partition] }
    const answer = await this.consumer.listOffsetsWithTimestamps({ topics: [this.topic], partitions, timestamp })
    return Number(answer.get(this.topic).get(partition).offset)
  }

  async ends (partition) {
    return [await this.offsetAt(partition, -2n), await this.offsetAt(partition, -1n)]
  }

  async offsetsOf (partition, times) {
    const found = []
    for (const time of times) {
      const offset = await this.offsetAt(partition, BigInt(time))
      found.push(offset < 0 ? null : offset)
    }
    return found
  }

  async create (topic, partitions, configs) {
    const entries = Object.entries(configs).map(([name, value]) => ({ name, value }))
    await this.admin.createTopics({ topics: [topic], partitions, replicas: 1, configs: entries })
  }

  async partitions (topic) {
    if (!(await this.admin.listTopics()).includes(topic)) return null
    const metadata = await this.admin.metadata({ topics: [topic], forceUpdate: true })
    return metadata.topics.get(topic).partitionsCount
  }

  async config (topic, key) {
    const resources = [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: topic }]
    const [answer] = await this.admin.describeConfigs({ resources })
    return answer.configs.find(it => it.name === key).value
  }

  async alter (topic, name, value) {
    const configs = [{ name, value, configOperation: IncrementalAlterConfigOperationTypes.SET }]
    const resources = [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: topic, configs }]
    await this.admin.incrementalAlterConfigs({ resources, validateOnly: false })
  }

  async grow (topic, count) {
    await this.admin.createPartitions({ topics: [{ name: topic, count, assignments: null }] })
  }

  async drop (topic) {
    await this.admin.deleteTopics({ topics: [topic] })
  }

  async join (groupProtocol, say) {
    const how = groupProtocol === 'classic' ? { heartbeatInterval: 300 } : { groupProtocol }
    const member = new Consumer({ ...this.common, groupId: this.topic, maxWaitTime: 200, ...how })
    const messages = await member.consume({ topics: [this.topic], mode: 'committed', fallbackMode: 'earliest', autocommit: true })
    messages.on('data', it => say(it.partition, it.offset, it.value))
    return () => member.close(true)
  }

  async close () {
    for (const it of [...this.producers.values(), this.consumer, this.admin]) await it.close()
  }
}

await main(Client)
