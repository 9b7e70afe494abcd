// The scenarios, for every client on Node alike; see ../README.md.

import { isDeepStrictEqual } from 'node:util'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'

export const PATIENCE = 30_000

/** Where the packages lie: this folder has none. */
export const modules = `${process.env.OTTLA_MODULES}/`

const HEADERS = [
  ['a', Buffer.from('1')],
  ['b', Buffer.from('two')],
  ['bytes', Buffer.from([0x00, 0xff, 0x80])],
  ['empty', Buffer.alloc(0)]
]
const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

const text = i => Buffer.from(`value ${i} ${'compressible '.repeat(i % 20)}`)

function record (key, value, more = {}) {
  const bytes = it => (it === null ? null : Buffer.from(it))
  return { key: bytes(key), value: bytes(value), headers: [], ...more }
}

function numbered (from, to, more) {
  return Array.from({ length: to - from }, (_, n) => record(`key-${from + n}`, text(from + n), more))
}

const shown = it => JSON.stringify(it, (_, value) => (value?.type === 'Buffer' ? Buffer.from(value.data).toString('latin1') : value))

function same (what, expected, seen) {
  if (!isDeepStrictEqual(expected, seen)) {
    throw new Error(`${what}: expected ${shown(expected)?.slice(0, 500)}, saw ${shown(seen)?.slice(0, 500)}`)
  }
}

async function roundTrip (client, partition, records, { first = 0, ...how } = {}) {
  await client.send(partition, records, how)
  const seen = await client.read(partition, first, records.length)
  same('offsets', records.map((_, n) => first + n), seen.map(it => it.offset))
  records.forEach((expected, n) => {
    const { key, value, headers } = seen[n]
    same(`offset ${first + n}`, [expected.key, expected.value, expected.headers], [key, value, headers])
  })
}

async function keys (client) {
  await client.send(null, numbered(0, 200))
  const seen = []
  for (let partition = 0; partition < 4; partition++) {
    const [low, high] = await client.ends(partition)
    if (high > low) seen.push(...(await client.read(partition, low, high - low)))
  }
  same('values', numbered(0, 200).map(it => String(it.value)).sort(), seen.map(it => String(it.value)).sort())
}

async function time (client) {
  const base = Date.now() - 60_000
  await client.send(0, [0, 1, 2].map(i => record(`key-${i}`, text(i), { timestamp: base + 1000 * i })))
  const asked = [base, base + 1, base + 2000, base + 2001]
  same('offsets of times', [0, 1, 2, null], await client.offsetsOf(0, asked))
  const [first] = await client.read(0, 1, 2)
  same('the record at the time', [1, base + 1000, text(1)], [first.offset, first.timestamp, first.value])
}

async function admin (client, topic) {
  const made = `${topic}-made`
  await client.create(made, 3, { 'retention.ms': '3600000' })
  await eventually('partitions', 3, () => client.partitions(made))
  await eventually('retention.ms', '3600000', () => client.config(made, 'retention.ms'))
  await wait()
  await client.alter(made, 'retention.ms', '7200000')
  await eventually('retention.ms', '7200000', () => client.config(made, 'retention.ms'))
  await client.grow(made, 5)
  await eventually('partitions', 5, () => client.partitions(made))
  await wait()
  await client.drop(made)
  await eventually('partitions', null, () => client.partitions(made))
}

// Apache Kafka answers from an image that may be a moment old.
async function eventually (what, expected, look) {
  const end = Date.now() + 10_000
  let seen = await look()
  while (seen !== expected && Date.now() < end) {
    await pause(50)
    seen = await look()
  }
  same(what, expected, seen)
}

async function wait () {
  console.log('ready')
  await once(process.stdin, 'data')
}

async function run (client, topic, scenario) {
  if (CODECS.includes(scenario)) {
    return roundTrip(client, 1, numbered(0, 200), { codec: scenario })
  }
  switch (scenario) {
    case 'headers':
      return roundTrip(client, 0, numbered(0, 10, { headers: HEADERS }))
    case 'nulls':
      return roundTrip(client, 0, [record('gone', null), record(null, 'value'), record('empty', '')])
    case 'keys':
      return keys(client)
    case 'time':
      return time(client)
    case 'admin':
      return admin(client, topic)
    case 'large':
      // What is sent in one call is one batch, and a batch has an end.
      for (const [first, letter] of ['a', 'b', 'c'].entries()) {
        await roundTrip(client, 2, [record(null, letter.repeat(990_000))], { first })
      }
      return same('offsets', [0, 1, 2], (await client.read(2, 0, 3)).map(it => it.offset))
    case 'batches': {
      await roundTrip(client, 0, numbered(0, 10_000), { codec: 'gzip' })
      const [first] = await client.read(0, 5003, 10)
      return same('from amid a batch', [5003, text(5003)], [first.offset, first.value])
    }
    case 'idempotent':
      return roundTrip(client, 0, numbered(0, 500), { idempotent: true })
    case 'reconnect':
      await roundTrip(client, 0, numbered(0, 10))
      await wait()
      return roundTrip(client, 0, numbered(10, 20), { first: 10 })
  }
  const protocol = { group: 'classic', 'group-848': 'consumer' }[scenario]
  if (protocol) {
    const leave = await client.join(protocol, (partition, offset, value) => console.log(`${partition} ${offset} ${value}`))
    await once(process.stdin, 'data')
    return leave()
  }
  throw new Error(`there is no scenario ${scenario}`)
}

export async function main (Client) {
  const [address, topic, scenario] = process.argv.slice(2)
  try {
    const client = new Client(address, topic)
    await run(client, topic, scenario)
    await client.close()
  } catch (error) {
    console.error(error)
    process.exit(1)
  }
  process.exit(0)
}
