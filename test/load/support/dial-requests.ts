import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { DEFAULT_POLICY } from '../../../src/call/index.ts';
import { openDatabase } from '../../../src/storage/index.ts';
import { API_KEY, apiOf, bridgeEnvironment } from '../../support/bridge.ts';
import { freePort } from '../../support/free-port.ts';
import { BridgeProcess } from './bridge-process.ts';
import { CANNOT_BE_CALLED, CannedGraph } from './canned-graph.ts';
import { CONCURRENCY, MASTER_KEY, makeUsedDatabase, NUMBERS, timeAll } from './decisions.ts';
import { percentile, round } from './figures.ts';
import { userNamed } from './old-calls.ts';

const CALLS = '/platform/v1/whatsapp/calls';
/** An agent that is never dialled: Graph refuses before. */
const AGENT_URL = 'ws://127.0.0.1:9/';
/** Of five numbers: no more than may be live at once, because dials are decided faster than their legs come and go. */
const DIALS_PER_NUMBER = 200;
const WORK_OFF_TIMEOUT_MS = 60_000;

/**
 * Posts dials of different users to a bridge in a process of its own whose Graph refuses each connect at once: request,
 * decision, reservation, the record, a leg with our offer, Graph's answer, the ending. `per second` and the times are of
 * the answers to the requests; CPU is the whole process's, until every call has its ending.
 */
export async function measureRequests(folder: string, calls: number) {
  const own = mkdtempSync(join(folder, 'requests-'));
  const path = join(own, 'talkwire.db');
  await makeUsedDatabase({ path }, calls);
  await addNumbers(path);
  const graph = await CannedGraph.start(CANNOT_BE_CALLED);
  const more = { TALKWIRE_LOG_LEVEL: 'error', TALKWIRE_LOG_FILE: '', TALKWIRE_MAX_CALLS: '1000' };
  const setting = { folder: own, app: 'benchmark-app-secret', token: 'benchmark-token', agentUrl: AGENT_URL, more };
  const bridge = await BridgeProcess.start(bridgeEnvironment({ ...setting, graphUrl: graph.url }), await freePort());
  const pool = new Pool(bridge.url, { connections: CONCURRENCY });
  const file = new DatabaseSync(path, { readOnly: true });
  try {
    const agent = await onlyAgent(bridge.url);
    await postAll(pool, agent, DIALS_PER_NUMBER, DIALS_PER_NUMBER + 40);
    await workedOff(file);
    const cpuBefore = bridge.cpuMs();
    const { tookMs, allMs, refused } = await postAll(pool, agent, 0, DIALS_PER_NUMBER);
    const workedOffMs = await workedOff(file);
    return {
      'old calls': calls,
      dials: tookMs.length,
      'per second': Math.round((tookMs.length * 1_000) / allMs),
      p50: round(percentile(tookMs, 50)),
      p95: round(percentile(tookMs, 95)),
      'cpu ms each': round((bridge.cpuMs() - cpuBefore) / tookMs.length, 2),
      'over after ms': Math.round(workedOffMs),
      refused,
    };
  } finally {
    file.close();
    await pool.close();
    await bridge.stop();
    await graph.stop();
    rmSync(own, { recursive: true, force: true });
  }
}

async function addNumbers(path: string): Promise<void> {
  const database = await openDatabase({ path, masterKey: MASTER_KEY });
  for (const phoneNumberId of NUMBERS) {
    const credentials = { kind: 'bearer', secret: 'benchmark-token' } as const;
    const number = { phoneNumberId, displayPhoneNumber: null, credentials, policy: DEFAULT_POLICY };
    await database.numbers.upsert(number, Date.now());
  }
  await database.close();
}

async function onlyAgent(url: string): Promise<string> {
  const { body } = await apiOf(url)('/platform/v1/voice_agents');
  const id = (body as { data: readonly { id: string }[] }).data[0]?.id;
  if (id === undefined) throw new Error('the bridge has no agent');
  return id;
}

async function postAll(pool: Pool, agent: string, from: number, to: number) {
  let refused = 0;
  const timed = await timeAll((to - from) * NUMBERS.length, async (index) => {
    const body = JSON.stringify({
      phone_number_id: NUMBERS[index % NUMBERS.length],
      to: userNamed(from + Math.floor(index / NUMBERS.length)),
      voice_agent_id: agent,
    });
    const headers = { 'content-type': 'application/json', 'x-api-key': API_KEY };
    const answer = await pool.request({ path: CALLS, method: 'POST', headers, body });
    const text = await answer.body.text();
    if (answer.statusCode === 202) return;
    if (refused === 0) console.error(`a dial was answered ${answer.statusCode}: ${text}`);
    refused += 1;
  });
  return { ...timed, refused };
}

/** Resolves, with the milliseconds it took, when no call is live. */
async function workedOff(file: DatabaseSync): Promise<number> {
  const begin = performance.now();
  const live = file.prepare('select count(*) as n from calls where ending_class is null');
  while (Number(live.get()?.['n']) > 0) {
    if (performance.now() - begin > WORK_OFF_TIMEOUT_MS) throw new Error('there are calls without an ending');
    await sleep(50);
  }
  return performance.now() - begin;
}
