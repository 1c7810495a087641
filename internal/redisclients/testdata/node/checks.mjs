// What both Node clients share: the list of checks and how they are told.
// usage: node CLIENT.mjs HOST PORT RESP single|cluster PREFIX
import { isDeepStrictEqual, inspect } from 'node:util'

export const [host, port, resp, mode, P] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4]), process.argv[5], process.argv[6]]

// 8 MiB that looks like a reply.
export const BIG = '\0\r\n$-1\r\n'.repeat(1 << 20)

export function eq (got, want, what = '') {
  if (!isDeepStrictEqual(got, want)) throw new Error(`${what} got ${inspect(got).slice(0, 300)}, want ${inspect(want).slice(0, 300)}`)
}

export async function raises (text, promise) {
  let got
  try {
    got = await promise
  } catch (e) {
    if (!String(e).includes(text)) throw new Error(`error ${e}, want one with ${text}`)
    return
  }
  throw new Error(`got ${inspect(got)}, want an error with ${text}`)
}

export const range = n => Array.from({ length: n }, (_, i) => i)

// A promise that waits for at most 20 seconds.
export function soon (promise, what) {
  let timer
  const late = new Promise((resolve, reject) => { timer = setTimeout(() => reject(new Error('waited in vain: ' + what)), 20000) })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

// A check that fails leaves promises behind, which are no reason to end.
process.on('unhandledRejection', e => console.log('# unhandled:', String(e)))

export async function run (name, checks) {
  let failed = 0
  let n = 0
  for (const [title, f, modes = 'single cluster'] of checks) {
    if (!modes.split(' ').includes(mode)) continue
    n++
    try {
      await soon(f(), title)
      console.log('ok', title)
    } catch (e) {
      failed++
      const at = String(e.stack).split('\n').find(l => l.includes('.mjs:') && !l.includes('checks.mjs')) ?? ''
      console.log(`not ok ${title}: ${String(e).replace(/\s+/g, ' ').slice(0, 400)} (${at.replace(/.*\//, '').trim()})`)
    }
  }
  console.log(`${name} RESP${resp} ${mode}: ${n - failed} passed, ${failed} failed`)
  process.exit(failed || !n ? 1 : 0)
}
