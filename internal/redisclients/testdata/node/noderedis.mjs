// node-redis against one address; see checks.mjs.
import { createClient, createCluster, WatchError } from 'redis'
import { createRequire } from 'node:module'
import { host, port, resp, mode, P, BIG, eq, raises, range, soon, run } from './checks.mjs'

const version = createRequire(import.meta.url)('redis/package.json').version
const url = `redis://${host}:${port}`
const open = []

async function client (more = {}) {
  const c = mode === 'cluster'
    ? createCluster({ rootNodes: [{ url }], defaults: { RESP: resp }, ...more })
    : createClient({ url, RESP: resp, ...more })
  c.on('error', e => console.log('# error event:', String(e)))
  await c.connect()
  open.push(c)
  return c
}

const raw = (c, args) => mode === 'cluster' ? c.sendCommand(args[1], false, args) : c.sendCommand(args)
const object = o => ({ ...o })

await run('node-redis ' + version, [
  ['connect', async () => {
    const c = await client({ name: 'checks' })
    eq(await c.ping(), 'PONG')
    eq(await c.echo('hello'), 'hello')
    eq(await c.clientGetName(), 'checks')
    if (!(await c.clientId() > 0)) throw new Error('no client id')
    if (!(await c.info('server')).includes('redis_version')) throw new Error('INFO')
    await c.select(0)
    c.destroy()
  }, 'single'],
  ['types', async () => {
    const c = await client()
    for (const k of ['h', 'z', 'l', 's', 'n']) await c.del(P + k)
    eq(await c.hSet(P + 'h', { a: '1', b: '2' }), 2)
    eq(object(await c.hGetAll(P + 'h')), { a: '1', b: '2' })
    await c.zAdd(P + 'z', [{ value: 'x', score: 1.5 }, { value: 'y', score: 2 }])
    eq(await c.zScore(P + 'z', 'x'), 1.5)
    eq((await c.zRangeWithScores(P + 'z', 0, -1)).map(object), [{ value: 'x', score: 1.5 }, { value: 'y', score: 2 }])
    await c.rPush(P + 'l', ['1', '2', '3'])
    eq(await c.lRange(P + 'l', 0, -1), ['1', '2', '3'])
    await c.sAdd(P + 's', 'm')
    eq([...await c.sMembers(P + 's')], ['m'])
    eq(await c.get(P + 'none'), null)
    eq(await c.incrBy(P + 'n', 5), 5)
    eq(await c.type(P + 'z'), 'zset')
  }],
  ['pipeline', async () => {
    const c = await client()
    const got = await Promise.all(range(1000).flatMap(i => [c.set(P + 'p' + i, String(i)), c.get(P + 'p' + i), c.lPop(P + 'nothing')]))
    eq(got.filter((_, i) => i % 3 === 1), range(1000).map(String))
  }],
  ['pipeline_with_errors', async () => {
    const c = await client()
    await c.set(P + 'text', 't')
    const got = await Promise.allSettled([c.get(P + 'text'), c.lPush(P + 'text', '1'), raw(c, ['NOSUCH', P + 'text']), c.get(P + 'text')])
    eq(got.map(g => g.status), ['fulfilled', 'rejected', 'rejected', 'fulfilled'])
    eq([got[0].value, got[3].value], ['t', 't'])
  }],
  ['many_keys', async () => {
    const c = await client()
    const keys = range(100).map(i => `spread${P.replace(/[{}]/g, '')}${i}`)
    eq(await c.mSet(keys.flatMap((k, i) => [[k, String(i)]])), 'OK')
    eq(await c.mGet([...keys, P + 'none']), [...range(100).map(String), null])
    eq(await c.exists(keys), 100)
    eq(await c.unlink(keys.slice(0, 50)), 50)
    eq(await c.del(keys), 50)
  }, 'single'],
  ['transaction', async () => {
    const c = await client()
    await c.set(P + 't', '10')
    const got = await c.multi().incr(P + 't').get(P + 't').hSet(P + 'th', 'f', '1').hGetAll(P + 'th').exec()
    eq(got.slice(0, 2), [11, '11'])
    eq(object(got[3]), { f: '1' })
  }],
  ['transaction_aborted', async () => {
    const c = await client()
    await c.set(P + 't', '10')
    await raises('', c.multi().incr(P + 't').addCommand(['NOSUCH']).exec())
    await c.sendCommand(['MULTI'])
    eq(await c.sendCommand(['SET', P + 't', '99']), 'QUEUED')
    eq(await c.sendCommand(['DISCARD']), 'OK')
    eq(await c.get(P + 't'), '10')
  }, 'single'],
  ['watch', async () => {
    const c = await client()
    const other = await client()
    await c.set(P + 'w', '1')
    await c.watch(P + 'w')
    await other.set(P + 'w', '2')
    try {
      await c.multi().set(P + 'w', '3').exec()
      throw new Error('the transaction was not aborted')
    } catch (e) {
      if (!(e instanceof WatchError)) throw e
    }
    eq(await c.get(P + 'w'), '2')
    await c.watch(P + 'w')
    eq(await c.multi().incr(P + 'w').exec(), [3])
    await c.watch(P + 'w')
    await c.unwatch()
    await other.set(P + 'w', '7')
    eq(await c.multi().incr(P + 'w').exec(), [8])
  }, 'single'],
  ['lua', async () => {
    const c = await client()
    await c.del(P + 'lua')
    eq(await c.eval('return {KEYS[1], ARGV[1], redis.call("incr", KEYS[1])}', { keys: [P + 'lua'], arguments: ['a'] }), [P + 'lua', 'a', 1])
    await raises('NOSCRIPT', c.evalSha('f'.repeat(40), { keys: [P + 'lua'] }))
    await raises('custom', c.eval('return redis.error_reply("ERR custom")', { keys: [P + 'lua'] }))
  }],
  ['script', async () => {
    const c = await client()
    const sha = await c.scriptLoad('return redis.call("get", KEYS[1])')
    await c.set(P + 'lua', '1')
    eq(await c.evalSha(sha, { keys: [P + 'lua'] }), '1')
    eq((await c.scriptExists([sha, '0'.repeat(40)])).map(Number), [1, 0])
  }, 'single'],
  ['subscribe', async () => {
    const c = await client()
    const s = await client()
    const got = []
    let told
    const all = new Promise(resolve => { told = resolve })
    const hear = m => got.push(m) === 100 && told()
    await s.subscribe(P + 'ch', hear)
    for (const i of range(100)) await c.publish(P + 'ch', String(i))
    await soon(all, 'messages')
    eq(got, range(100).map(String))
    await s.unsubscribe(P + 'ch')
    eq(await s.get(P + 'none'), null)
  }],
  ['subscribe_patterns', async () => {
    const c = await client()
    const s = await client()
    const heard = new Promise(resolve => s.pSubscribe(P.replace('{', '?') + 'pat*', (m, ch) => resolve([m, ch])).then(() => c.publish(P + 'pat1', 'x')))
    eq(await soon(heard, 'message'), ['x', P + 'pat1'])
    await s.pUnsubscribe()
  }, 'single'],
  ['subscribe_sharded', async () => {
    const c = await client()
    const s = await client()
    const heard = new Promise((resolve, reject) => s.sSubscribe(P + 'shard', resolve).then(() => c.sPublish(P + 'shard', 'one')).catch(reject))
    eq(await soon(heard, 'message'), 'one')
    await s.sUnsubscribe(P + 'shard')
  }],
  ['block', async () => {
    const c = await client()
    const other = await client()
    await other.del(P + 'q')
    const waiting = c.blPop(P + 'q', 20)
    for (const i of range(100)) await other.set(P + 'other', String(i))
    await other.rPush(P + 'q', 'job')
    eq(object(await waiting), { key: P + 'q', element: 'job' })
    eq(await c.blPop(P + 'q', 0.05), null)
    await other.rPush(P + 'q', ['a', 'b'])
    eq(await c.blMove(P + 'q', P + 'q2', 'LEFT', 'RIGHT', 5), 'a')
    await other.zAdd(P + 'bz', { value: 'm', score: 1 })
    eq(object(await c.bzPopMin(P + 'bz', 5)), { key: P + 'bz', value: 'm', score: 1 })
    eq(await c.set(P + 'after', '1'), 'OK')
  }],
  ['stream', async () => {
    const c = await client()
    const other = await client()
    await other.del(P + 'x')
    await other.xGroupCreate(P + 'x', 'g', '0', { MKSTREAM: true })
    const waiting = c.xRead([{ key: P + 'x', id: '0' }], { BLOCK: 20000 })
    const id = await other.xAdd(P + 'x', '*', { f: 'v' })
    const got = await waiting
    eq(JSON.stringify(got).includes('"f":"v"') || JSON.stringify(got).includes('"f","v"'), true, JSON.stringify(got))
    await c.xReadGroup('g', 'me', [{ key: P + 'x', id: '>' }], { BLOCK: 1000, COUNT: 1 })
    eq(await c.xAck(P + 'x', 'g', id), 1)
  }],
  ['scan', async () => {
    const c = await client()
    const want = range(1000).map(i => P + 'scan' + i)
    await Promise.all(want.map(k => c.set(k, '1')))
    const got = new Set()
    for await (const keys of c.scanIterator({ MATCH: P + 'scan*', COUNT: 100 })) keys.forEach(k => got.add(k))
    eq([...got].sort(), want.sort())
  }, 'single'],
  ['big', async () => {
    const c = await client()
    eq(await c.set(P + 'big', BIG), 'OK')
    eq(await c.get(P + 'big') === BIG, true, '8 MiB')
    const part = BIG.slice(0, 1 << 20)
    const got = await Promise.all(range(8).flatMap(i => [c.set(P + 'big' + i, part), c.get(P + 'big' + i)]))
    eq(got.every((g, i) => i % 2 === 0 ? g === 'OK' : g === part), true, '1 MiB in a pipeline')
    for (const i of range(8)) await c.del(P + 'big' + i)
    await c.del(P + 'big')
  }],
  ['errors', async () => {
    const c = await client()
    await c.set(P + 'e', 'text')
    await raises('WRONGTYPE Operation against a key holding the wrong kind of value', c.lPush(P + 'e', '1'))
    await raises('ERR value is not an integer or out of range', c.incr(P + 'e'))
    await raises("ERR unknown command 'NOSUCH'", raw(c, ['NOSUCH', P + 'e']))
    await raises("ERR wrong number of arguments for 'get' command", raw(c, ['GET', P + 'e', 'b']))
    await raises('ERR syntax error', raw(c, ['SET', P + 'e', '1', 'NOSUCH']))
    eq(await c.get(P + 'e'), 'text')
  }],
  ['crowd', async () => {
    await Promise.all(range(10).map(async n => {
      const c = await client()
      for (const i of range(100)) {
        await c.set(P + 'crowd' + n, `${n}-${i}`)
        eq(await c.get(P + 'crowd' + n), `${n}-${i}`)
      }
    }))
  }]
])
