// ioredis against one address; see checks.mjs.
import Redis, { Cluster } from 'ioredis'
import { createRequire } from 'node:module'
import { host, port, resp, mode, P, BIG, eq, raises, range, soon, run } from './checks.mjs'

const version = createRequire(import.meta.url)('ioredis/package.json').version

async function client (more = {}) {
  const options = { protocol: resp, lazyConnect: true, ...more }
  const c = mode === 'cluster'
    ? new Cluster([{ host, port }], { lazyConnect: true, redisOptions: options })
    : new Redis({ host, port, ...options })
  c.on('error', e => console.log('# error event:', String(e)))
  await c.connect()
  return c
}

const values = replies => replies.map(([err, value]) => { if (err) throw err; return value })
// What RESP3 gives as an object, RESP2 as an object or pairs.
const fields = v => Array.isArray(v) ? Object.fromEntries(v) : { ...v }

await run('ioredis ' + version, [
  ['connect', async () => {
    const c = await client({ connectionName: 'checks', db: 0 })
    eq(await c.ping(), 'PONG')
    eq(await c.echo('hello'), 'hello')
    eq(await c.client('GETNAME'), 'checks')
    if (!(await c.client('ID') > 0)) throw new Error('no client id')
    if (!(await c.info('server')).includes('redis_version')) throw new Error('INFO')
    eq(await c.select(0), 'OK')
    if (!((await c.command()).length > 200)) throw new Error('COMMAND')
    await c.quit()
  }, 'single'],
  ['types', async () => {
    const c = await client()
    await c.del(P + 'h', P + 'z', P + 'l', P + 's', P + 'n')
    eq(await c.hset(P + 'h', { a: '1', b: '2' }), 2)
    eq(fields(await c.hgetall(P + 'h')), { a: '1', b: '2' })
    await c.zadd(P + 'z', 1.5, 'x', 2, 'y')
    eq(Number(await c.zscore(P + 'z', 'x')), 1.5)
    eq(await c.zrange(P + 'z', 0, -1), ['x', 'y'])
    await c.rpush(P + 'l', '1', '2', '3')
    eq(await c.lrange(P + 'l', 0, -1), ['1', '2', '3'])
    await c.sadd(P + 's', 'm')
    eq([...await c.smembers(P + 's')], ['m'])
    eq(await c.get(P + 'none'), null)
    eq(await c.incrby(P + 'n', 5), 5)
    eq(await c.set(P + 'n', '1', 'NX'), null)
  }],
  ['pipeline', async () => {
    const c = await client()
    const p = c.pipeline()
    for (const i of range(1000)) p.set(P + 'p' + i, String(i)).get(P + 'p' + i).lpop(P + 'nothing')
    eq(values(await p.exec()).filter((_, i) => i % 3 === 1), range(1000).map(String))
  }],
  ['autopipeline', async () => {
    const c = await client({ enableAutoPipelining: true })
    await Promise.all(range(1000).map(i => c.set(P + 'p' + i, String(i))))
    eq(await Promise.all(range(1000).map(i => c.get(P + 'p' + i))), range(1000).map(String))
  }],
  ['pipeline_with_errors', async () => {
    const c = await client()
    await c.set(P + 'text', 't')
    const got = await c.pipeline().get(P + 'text').lpush(P + 'text', '1').call('NOSUCH', P + 'text').get(P + 'text').exec()
    eq(got.map(g => g[0] === null), [true, false, false, true])
    eq([got[0][1], got[3][1]], ['t', 't'])
  }, 'single'],
  ['many_keys', async () => {
    const c = await client()
    const keys = range(100).map(i => `spread${P.replace(/[{}]/g, '')}${i}`)
    eq(await c.mset(keys.flatMap((k, i) => [k, String(i)])), 'OK')
    eq(await c.mget([...keys, P + 'none']), [...range(100).map(String), null])
    eq(await c.exists(keys), 100)
    eq(await c.unlink(keys.slice(0, 50)), 50)
    eq(await c.del(keys), 50)
  }, 'single'],
  ['transaction', async () => {
    const c = await client()
    await c.set(P + 't', '10')
    const got = values(await c.multi().incr(P + 't').get(P + 't').hset(P + 'th', 'f', '1').hgetall(P + 'th').exec())
    eq(got.slice(0, 2), [11, '11'])
    eq(fields(got[3]), { f: '1' })
  }],
  ['transaction_aborted', async () => {
    const c = await client()
    await c.set(P + 't', '10')
    await raises('EXECABORT', c.multi().incr(P + 't').call('NOSUCH').exec())
    await c.multi({ pipeline: false })
    eq(await c.set(P + 't', '99'), 'QUEUED')
    eq(await c.discard(), 'OK')
    eq(await c.get(P + 't'), '10')
    await raises('ERR EXEC without MULTI', c.call('EXEC'))
  }, 'single'],
  ['watch', async () => {
    const c = await client()
    const other = await client()
    await c.set(P + 'w', '1')
    await c.watch(P + 'w')
    await other.set(P + 'w', '2')
    eq(await c.multi().set(P + 'w', '3').exec(), null)
    eq(await c.get(P + 'w'), '2')
    await c.watch(P + 'w')
    eq(values(await c.multi().incr(P + 'w').exec()), [3])
    await c.watch(P + 'w')
    await c.unwatch()
    await other.set(P + 'w', '7')
    eq(values(await c.multi().incr(P + 'w').exec()), [8])
  }, 'single'],
  ['lua', async () => {
    const c = await client()
    await c.del(P + 'lua')
    eq(await c.eval('return {KEYS[1], ARGV[1], redis.call("incr", KEYS[1])}', 1, P + 'lua', 'a'), [P + 'lua', 'a', 1])
    c.defineCommand('fetch', { numberOfKeys: 1, lua: `return redis.call("get", KEYS[1]) -- ${P}${resp}` })
    eq(await c.fetch(P + 'lua'), '1') // EVALSHA, NOSCRIPT, EVAL
    eq(await c.fetch(P + 'lua'), '1')
    eq(values(await c.pipeline().fetch(P + 'lua').fetch(P + 'lua').exec()), ['1', '1'])
    await raises('NOSCRIPT', c.evalsha('f'.repeat(40), 1, P + 'lua'))
    await raises('custom', c.eval('return redis.error_reply("ERR custom")', 1, P + 'lua'))
  }],
  ['subscribe', async () => {
    const c = await client()
    const s = await client()
    const got = []
    const all = new Promise(resolve => s.on('message', (ch, m) => got.push(m) === 100 && resolve()))
    eq(await s.subscribe(P + 'ch'), 1)
    for (const i of range(100)) await c.publish(P + 'ch', String(i))
    await soon(all, 'messages')
    eq(got, range(100).map(String))
    await s.unsubscribe(P + 'ch')
    eq(await s.get(P + 'none'), null)
  }],
  ['subscribe_patterns', async () => {
    const c = await client()
    const s = await client()
    const heard = new Promise(resolve => s.on('pmessage', (p, ch, m) => resolve([ch, m])))
    await s.psubscribe(P.replace('{', '?') + 'pat*')
    await c.publish(P + 'pat1', 'x')
    eq(await soon(heard, 'message'), [P + 'pat1', 'x'])
    await s.punsubscribe(P.replace('{', '?') + 'pat*')
  }],
  ['subscribe_sharded', async () => {
    const c = await client()
    const s = await client()
    const heard = new Promise(resolve => s.on('smessage', (ch, m) => resolve(m)))
    await s.ssubscribe(P + 'shard')
    await c.spublish(P + 'shard', 'one')
    eq(await soon(heard, 'message'), 'one')
  }, 'single'],
  ['block', async () => {
    const c = await client()
    const other = await client()
    await other.del(P + 'q')
    const waiting = c.blpop(P + 'q', 20)
    for (const i of range(100)) await other.set(P + 'other', String(i))
    await other.rpush(P + 'q', 'job')
    eq(await waiting, [P + 'q', 'job'])
    eq(await c.blpop(P + 'q', 0.05), null)
    await other.rpush(P + 'q', 'a', 'b')
    eq(await c.blmove(P + 'q', P + 'q2', 'LEFT', 'RIGHT', 5), 'a')
    await other.zadd(P + 'bz', 1, 'm')
    eq((await c.bzpopmin(P + 'bz', 5)).slice(0, 2), [P + 'bz', 'm'])
    eq(await c.set(P + 'after', '1'), 'OK')
  }],
  ['stream', async () => {
    const c = await client()
    const other = await client()
    await other.del(P + 'x')
    await other.xgroup('CREATE', P + 'x', 'g', '0', 'MKSTREAM')
    const waiting = c.xread('BLOCK', 20000, 'STREAMS', P + 'x', '0')
    const id = await other.xadd(P + 'x', '*', 'f', 'v')
    const text = JSON.stringify(await waiting)
    eq(text.includes(id) && text.includes('["f","v"]'), true, text)
    await c.xreadgroup('GROUP', 'g', 'me', 'COUNT', 1, 'BLOCK', 1000, 'STREAMS', P + 'x', '>')
    eq(await c.xack(P + 'x', 'g', id), 1)
  }],
  ['scan', async () => {
    const c = await client()
    const want = range(1000).map(i => P + 'scan' + i)
    await Promise.all(want.map(k => c.set(k, '1')))
    const got = new Set()
    for await (const keys of c.scanStream({ match: P + 'scan*', count: 100 })) keys.forEach(k => got.add(k))
    eq([...got].sort(), want.sort())
  }, 'single'],
  ['big', async () => {
    const c = await client()
    eq(await c.set(P + 'big', BIG), 'OK')
    eq(await c.get(P + 'big') === BIG, true, '8 MiB')
    const part = BIG.slice(0, 1 << 20)
    const got = await Promise.all(range(8).flatMap(i => [c.set(P + 'big' + i, part), c.get(P + 'big' + i)]))
    eq(got.every((g, i) => i % 2 === 0 ? g === 'OK' : g === part), true, '1 MiB in a pipeline')
    await c.del(P + 'big', ...range(8).map(i => P + 'big' + i))
  }],
  ['errors', async () => {
    const c = await client()
    await c.set(P + 'e', 'text')
    await raises('WRONGTYPE Operation against a key holding the wrong kind of value', c.lpush(P + 'e', '1'))
    await raises('ERR value is not an integer or out of range', c.incr(P + 'e'))
    await raises("ERR unknown command 'NOSUCH', with args beginning with: 'a' ", c.call('NOSUCH', 'a'))
    await raises("ERR wrong number of arguments for 'get' command", c.call('GET', P + 'e', 'b'))
    await raises('ERR syntax error', c.call('SET', P + 'e', '1', 'NOSUCH'))
    eq(await c.get(P + 'e'), 'text')
  }],
  ['crowd', async () => {
    await Promise.all(range(10).map(async n => {
      const c = await client()
      for (const i of range(100)) {
        await c.set(P + 'crowd' + n, `${n}-${i}`)
        eq(await c.get(P + 'crowd' + n), `${n}-${i}`)
      }
      await c.quit()
    }))
  }]
])
