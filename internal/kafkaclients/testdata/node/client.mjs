// Checks and load by kafkajs: see ../go/checks.go.
import { createRequire } from 'node:module'
const { Kafka, CompressionTypes, logLevel } = createRequire(import.meta.url)('kafkajs')

const KEYS = 8, RECORDS = 400, LIMIT = 90_000, PACE = 100
const [verb, bootstrap, a, b] = process.argv.slice(2)
const key = (name, i) => `${name}-${i % KEYS}`
const sleep = ms => new Promise(r => setTimeout(r, ms))
const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING, retry: { retries: 100, initialRetryTime: 100, maxRetryTime: 2000 } })

class Tally {
  next = {}; distinct = 0; dups = 0; gaps = 0; first = ''
  see(k, v) {
    const n = Number(v), due = this.next[k] ?? 0
    if (n < due) { this.dups++; return }
    this.next[k] = n + 1
    if (n === due) { this.distinct++; return }
    this.gaps++
    this.first ||= `${k}: ${n} where ${due} was due`
  }
  count() { return this.distinct + this.gaps }
  toString() { return `distinct=${this.distinct} dups=${this.dups} gaps=${this.gaps} ${this.first}` }
  whole(n) { if (this.distinct !== n || this.dups || this.gaps) throw new Error(`${this}, want ${n}`) }
}

const messages = (name, n) => Array.from({ length: n }, (_, i) => ({ key: key(name, i), value: String(Math.floor(i / KEYS)) }))

async function read(topic, groupId, n, conf = {}) {
  const c = kafka.consumer({ groupId, maxWaitTimeInMs: 500, ...conf })
  await c.connect()
  await c.subscribe({ topics: [topic], fromBeginning: true })
  const t = new Tally()
  await c.run({ eachMessage: async ({ message: m }) => t.see(m.key.toString(), m.value.toString()) })
  for (const end = Date.now() + LIMIT; t.count() < n && Date.now() < end;) await sleep(20)
  await c.disconnect()
  t.whole(n)
}

async function checks() {
  let passed = 0, failed = 0
  const check = async (name, f) => {
    try {
      await Promise.race([f(), sleep(LIMIT).then(() => { throw new Error('took too long') })])
      passed++
      console.log('ok', name)
    } catch (e) {
      failed++
      console.log(`not ok ${name}: ${e.stack}`)
    }
  }
  const prefix = a, topic = prefix + 't', admin = kafka.admin()
  const create = async topic => {
    // Brokers of 3.9 come to know a new topic one after the other, and kafkajs asks
    // any of them: without a sidecar, too, it is told that there is none.
    await admin.createTopics({ waitForLeaders: false, topics: [{ topic, numPartitions: 6, replicationFactor: -1 }] })
    await sleep(3000)
  }
  await check('connect', () => admin.connect())
  await check('create topic', () => create(topic))
  await check('list and describe topics, describe cluster', async () => {
    if (!(await admin.listTopics()).includes(topic)) throw new Error('not listed')
    if ((await admin.fetchTopicMetadata({ topics: [topic] })).topics[0].partitions.length !== 6) throw new Error('partitions')
    if (!(await admin.describeCluster()).brokers.length) throw new Error('no brokers')
  })
  const send = async (name, conf, how) => {
    const p = kafka.producer(conf)
    await p.connect()
    await p.send({ topic, messages: messages(name, RECORDS), ...how })
    await p.disconnect()
  }
  await check('produce idempotent', () => send('idem', { idempotent: true, maxInFlightRequests: 1 }, {}))
  await check('produce gzip acks=1', () => send('acks1', {}, { acks: 1, compression: CompressionTypes.GZIP }))
  await check('produce acks=0', () => send('acks0', {}, { acks: 0 }))
  await check('consume, classic group', () => read(topic, prefix + 'g', 3 * RECORDS))
  await check('transactions', async () => {
    await create(prefix + 'txn')
    const p = kafka.producer({ transactionalId: prefix + 'id', idempotent: true, maxInFlightRequests: 1 })
    await p.connect()
    for (let i = 0; i < 4; i++) {
      const t = await p.transaction()
      await t.send({ topic: prefix + 'txn', messages: messages('t' + i, 80) })
      await (i % 2 ? t.abort() : t.commit())
    }
    await p.disconnect()
    await read(prefix + 'txn', prefix + 'gtxn', 160, { readUncommitted: false })
  })
  await check('list and describe groups', async () => {
    await admin.listGroups()
    await admin.describeGroups([prefix + 'g'])
  })
  await check('delete topic', () => admin.deleteTopics({ topics: [topic] }))
  await admin.disconnect()
  console.log(`${passed} passed, ${failed} failed`)
  process.exit(failed ? 1 : 0)
}

async function produce(topic, name) {
  const p = kafka.producer({ idempotent: true, maxInFlightRequests: 1, metadataMaxAge: 5000 })
  await p.connect()
  let stop = false, bad = 0, why = '', n = 0
  process.stdin.on('end', () => { stop = true }).resume()
  console.log('began')
  for (; !stop; n++) {
    const begun = Date.now()
    const batch = Array.from({ length: KEYS }, (_, i) => ({ key: key(name, i), value: String(n) }))
    try {
      await p.send({ topic, acks: -1, messages: batch })
    } catch (e) {
      bad += KEYS
      why = e.message
    }
    await sleep(Math.max(0, begun + PACE - Date.now()))
  }
  console.log(`produced ${n * KEYS} failed=${bad} ${why}`)
  process.exit(0)
}

async function consume(topic, groupId) {
  const c = kafka.consumer({ groupId, maxWaitTimeInMs: 500, metadataMaxAge: 5000, retry: { retries: 1000, maxRetryTime: 2000 } })
  await c.connect()
  await c.subscribe({ topics: [topic], fromBeginning: true })
  const t = new Tally()
  c.on(c.events.CRASH, e => console.log('told:', e.payload.error.message))
  await c.run({ eachMessage: async ({ message: m }) => t.see(m.key.toString(), m.value.toString()) })
  let line = ''
  process.stdin.on('data', d => { line += d })
  while (!line.includes('\n')) await sleep(50)
  for (const end = Date.now() + LIMIT; t.count() < Number(line) && Date.now() < end;) await sleep(20)
  console.log(`consumed ${t}`)
  process.exit(0)
}

await { checks, produce: () => produce(a, b), consume: () => consume(a, b) }[verb]()
