import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sineTone, writeWav } from '../../src/audio/index.ts';
import type { SimulatedCall } from '../../src/simulator/index.ts';
import { API_KEY, type CallDetail } from '../support/bridge.ts';
import { PhoneEar } from '../support/phone-ear.ts';
import { RawAgent } from '../support/raw-agent.ts';
import { endingOf, onTheLine, rawLink, Switchboard } from '../support/switchboard.ts';

const RATE = 16_000;
/** Who speaks is told by the pitch. */
const OLD_HZ = 500;
const NEW_HZ = 900;
const PROMPT_HZ = 1_500;
const PROMPT_MS = 1_000;
/** Of what is heard, when one pitch speaks alone. */
const ALONE = 0.9;
/** The longest silence that is no gap. */
const GAP_MS = 40;

describe('A call that is controlled while it goes on', () => {
  let board: Switchboard;
  let old: RawAgent;
  let next: RawAgent;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'talkwire-prompts-'));
    await writeFile(join(folder, 'notice.wav'), writeWav(sineTone(RATE, PROMPT_HZ, PROMPT_MS), RATE));
    [board, old, next] = await Promise.all([
      Switchboard.start({ environment: { TALKWIRE_PROMPTS_FOLDER: folder } }),
      RawAgent.start(),
      RawAgent.start(),
    ]);
  });
  afterAll(async () => {
    await board.close();
    await Promise.all([old.stop(), next.stop()]);
    await rm(folder, { recursive: true });
  });

  const post = ({ callId }: SimulatedCall, what: string, body: object) =>
    board.ask('POST', `/whatsapp/calls/${encodeURIComponent(callId)}/${what}`, body);

  async function scrape(): Promise<string> {
    const response = await fetch(`${board.bridge.service.url}/metrics`, { headers: { 'x-api-key': API_KEY } });
    expect(response.status).toBe(200);
    return await response.text();
  }

  function timeOf({ timeline }: CallDetail, type: string): number {
    const line = timeline.find((each) => each.type === type);
    if (line === undefined) throw new Error(`the timeline has no ${type}`);
    return Date.parse(line.at);
  }

  it('lets the caller hear a prompt, the agent again, and then another agent, without a gap', async () => {
    const newId = await board.chain(rawLink('Old', old), rawLink('New', next, 24_000)).then(([, id]) => id);
    const call = await board.ring();
    const talking = await onTheLine(old, call);
    talking.sound(sineTone(RATE, OLD_HZ, 30_000));
    await call.waitFor('heard', 5_000);
    await delay(1_200);

    expect(await post(call, 'prompt', { prompt: 'notice.wav' })).toMatchObject({ status: 202 });
    await board.bridge.reached(call, 'prompt_done');
    expect(await post(call, 'messages', { data: { tables: 3 } })).toMatchObject({ status: 202 });
    expect(await talking.hear('message')).toMatchObject({ data: { tables: 3 } });
    await delay(1_000);

    const given = post(call, 'transfer', { voice_agent_id: newId, context: { topic: 'refund' } });
    const taking = await next.connectionOf(call.callId);
    taking.sound(sineTone(24_000, NEW_HZ, 10_000));
    expect(await given).toMatchObject({
      status: 200,
      body: { data: { voice_agent_name: 'New' }, transfer: { state: 'transferred' } },
    });
    expect(await talking.hear('end')).toMatchObject({ reason: 'transferred' });
    expect(taking.messages[0]).toMatchObject({
      previous_agent: { name: 'Old', failure: 'transferred' },
      parameters: { topic: 'refund' },
    });
    await delay(1_200);
    const until = Date.now();
    const record = await board.hangUp(call);

    expect(record).toMatchObject({ voice_agent_id: newId, voice_agent_name: 'New' });
    expect(endingOf(record)).toBe('completed/user_hangup/user');
    expect(record.quality?.['playout_underruns']).toBe(0);
    const ear = await PhoneEar.of(call);
    const began = timeOf(record, 'prompt_started');
    const done = timeOf(record, 'prompt_done');
    const switched = timeOf(record, 'transferred');
    expect(done - began).toBeGreaterThan(PROMPT_MS - 60);
    expect(ear.toneShare(OLD_HZ, began - 800, began - 100)).toBeGreaterThan(ALONE);
    expect(ear.toneShare(PROMPT_HZ, began + 150, began + PROMPT_MS - 100)).toBeGreaterThan(ALONE);
    expect(ear.toneShare(OLD_HZ, done + 150, switched - 100)).toBeGreaterThan(ALONE);
    expect(ear.toneShare(NEW_HZ, switched + 200, until - 200)).toBeGreaterThan(ALONE);
    expect(ear.longestSilenceMs(began - 800, until - 200)).toBeLessThanOrEqual(GAP_MS);

    const text = await scrape();
    expect(text).toContain('talkwire_transfers_total{outcome="transferred"} 1\n');
    expect(text).toMatch(
      /^talkwire_calls_ended_total\{direction="inbound",class="completed",reason="user_hangup"\} \d/m,
    );
    expect(text).toMatch(/^talkwire_call_mos_count\{direction="inbound"\} \d/m);
    expect(text).toMatch(/^talkwire_http_request_duration_seconds_count\{operation="transfer_call",status="200"\} 1$/m);
    expect(text).toMatch(/^talkwire_graph_request_duration_seconds_count\{deed="accept",outcome="ok"\} \d/m);
    expect(text).toMatch(/^talkwire_webhooks_backlog \d/m);
    expect(text).not.toContain(record.id);
  });

  it('says what it cannot do', async () => {
    const [id = ''] = await board.chain(rawLink('Old', old));
    const call = await board.ring();
    await onTheLine(old, call);
    await call.waitFor('heard', 5_000);
    expect(await post(call, 'prompt', { prompt: 'none.ogg' })).toMatchObject({
      status: 422,
      body: { errors: { prompt: ['is not in the prompt folder'] } },
    });
    expect(await post(call, 'transfer', { voice_agent_id: id })).toMatchObject({ status: 409 });
    next.options.refuseWith = 401;
    const refusing = await board.add(rawLink('Refusing', next), 1);
    expect(await post(call, 'transfer', { voice_agent_id: refusing })).toMatchObject({
      status: 409,
      body: { reason: 'unauthorized' },
    });
    const record = await board.hangUp(call);
    expect(record.timeline.map(({ type }) => type)).toContain('transfer_failed');
    expect(record).toMatchObject({ voice_agent_name: 'Old' });
    expect(await post(call, 'prompt', { prompt: 'notice.wav' })).toMatchObject({ status: 409 });
  });
});
