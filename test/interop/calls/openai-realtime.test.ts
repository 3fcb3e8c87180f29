import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { resample } from '../../../src/audio/index.ts';
import { FAKE_KEY, FakeRealtime, type FakeRealtimeOptions } from '../../support/fake-realtime.ts';
import { Exchange, playScenes, type Scene, script } from '../../support/interop-calls.ts';
import { Hearing } from '../../support/interop-hearing.ts';
import { trace, voice } from '../../support/scripted-agents/index.ts';
import { sharedPlay } from '../../support/steady-machine.ts';
import { endingOf, type Link } from '../../support/switchboard.ts';
import { expectLastWords } from './last-words.ts';

/* The fake service was driven by the vendor's own client first (test/interop/openai). */

const GREETING = { say: 'Good morning.', ms: 1_200, hz: 700 };
const STORY = { say: 'A long story.', ms: 30_000, hz: 1_000 };
const ANSWER = { say: 'I stop.', ms: 800, hz: 1_300 };
const GOODBYE = { say: 'Goodbye.', ms: 1_200, hz: 600 };
const QUESTION = voice(6, 1_000, 16_000);
const QUESTION_AT_MS = 2_000;
const OBJECTION = voice(7, 600, 16_000);
const OBJECTION_AT_MS = 5_500;
/** Of a frame that is being sent, and of the ends of a tone that fill no frame. */
const FRAME_MS = 20;

let exchange: Exchange;
let tools: ToolHouse;
const models: FakeRealtime[] = [];
const played = sharedPlay(() => playScenes({ conversation, tools: usesTools, 'last words first': saysGoodbyeFirst }));

beforeAll(async () => {
  [exchange, tools] = await Promise.all([Exchange.open(), ToolHouse.start('{"free":3}')]);
});

afterAll(async () => {
  await exchange?.close();
  await Promise.all(models.map((model) => model.stop()));
  await tools?.stop();
});

async function startModel(options: FakeRealtimeOptions): Promise<{ model: FakeRealtime; link: Link }> {
  const model = await FakeRealtime.start(options);
  models.push(model);
  const provider = {
    kind: 'openai_realtime',
    profile: 'openai',
    url: model.url,
    api_key: FAKE_KEY,
    instructions: 'You answer the phone of a hotel.',
    greeting: 'Say good morning.',
    tools: [{ name: 'free_rooms', description: 'How many rooms are free.' }],
    tool_webhook_url: tools.url,
    tool_webhook_secret: 'webhook-secret',
  };
  return { model, link: { name: 'Model', provider } };
}

const conversation: Scene = async () => {
  const { model, link } = await startModel({ replies: [[GREETING], [STORY], [ANSWER]] });
  const audio = script(QUESTION_AT_MS, QUESTION, OBJECTION_AT_MS - QUESTION_AT_MS - 1_000, OBJECTION);
  const call = await exchange.ring([link], { audio });
  const connection = await model.connection();
  const { session } = connection;
  await call.waitFor('spoken', 20_000);
  await delay(500 + ANSWER.ms + 800);
  const record = await exchange.board.hangUp(call);
  return async () => {
    const heard = await Hearing.of(call);
    const greeting = heard.expectTone(GREETING.hz, GREETING.ms);

    const story = heard.expectTone(STORY.hz, null, { fromMs: greeting.endMs });
    const interruptedAfterMs = story.endMs - heard.saidAt(OBJECTION_AT_MS);
    expect(interruptedAfterMs).toBeGreaterThan(0);
    expect(interruptedAfterMs).toBeLessThan(500);
    const truncations = connection.all('conversation.item.truncate');
    expect(truncations).toHaveLength(1);
    expect(Math.abs(Number(truncations[0]?.['audio_end_ms']) - story.soundMs)).toBeLessThanOrEqual(2 * FRAME_MS);

    const answer = heard.expectTone(ANSWER.hz, ANSWER.ms, { fromMs: story.endMs });
    expect(heard.soundMs(story.endMs + 60, answer.atMs - FRAME_MS)).toBe(0);
    expect(session.faults).toEqual([]);

    const bytes = session.heard;
    const modelHeard = new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
    for (const words of [QUESTION, OBJECTION]) {
      const pieces = trace(words, resample(modelHeard, 24_000, 16_000)).slice(1);
      expect(pieces.filter(({ match }) => match < 0.7).length).toBeLessThanOrEqual(1);
    }
    const spoken = record.timeline.filter(({ type }) => type === 'transcript').map(({ data }) => data);
    for (const { say: text } of [GREETING, ANSWER]) {
      expect(spoken).toContainEqual(expect.objectContaining({ party: 'agent', text }));
    }
    expect(endingOf(record)).toBe('completed/user_hangup/user');
  };
};

const usesTools: Scene = async () => {
  const { model, link } = await startModel({
    replies: [
      [GREETING, { call: 'send_dtmf', args: { digits: '42#' } }],
      [{ call: 'free_rooms', args: { night: 'Monday' }, callId: 'call_rooms' }],
      [ANSWER, { call: 'hang_up', args: { reason: 'done' } }, GOODBYE],
    ],
  });
  const call = await exchange.ring([link]);
  const connection = await model.connection();
  const record = await exchange.board.ended(call);
  return async () => {
    const heard = await Hearing.of(call);
    expect(heard.report.dtmfHeard).toBe('42#');
    expect(tools.asked).toMatchObject([
      { tool: 'free_rooms', arguments: { night: 'Monday' }, call: { call_id: call.callId } },
    ]);
    expect(tools.headers[0]).toHaveProperty('x-talkwire-signature');
    expect(connection.session.items.values().toArray()).toContainEqual(
      expect.objectContaining({ type: 'function_call_output', call_id: 'call_rooms', output: '{"free":3}' }),
    );
    expect(connection.session.faults).toEqual([]);
    expectLastWords(call, heard, GOODBYE);
    expect(endingOf(record)).toBe('completed/agent_hangup/agent');
  };
};

const saysGoodbyeFirst: Scene = async () => {
  const { link } = await startModel({ replies: [[GOODBYE, { call: 'hang_up', args: {} }]] });
  const call = await exchange.ring([link]);
  const record = await exchange.board.ended(call);
  return async () => {
    expectLastWords(call, await Hearing.of(call), GOODBYE);
    expect(endingOf(record)).toBe('completed/agent_hangup/agent');
  };
};

it('greets, hears the caller, is interrupted and knows how much of it was heard', { timeout: 60_000 }, async () =>
  (await played())('conversation'),
);
it('presses keys towards the phone, asks the webhook, and speaks on after it hung up', { timeout: 60_000 }, async () =>
  (await played())('tools'),
);
it('hangs up when its last words were heard', { timeout: 60_000 }, async () => (await played())('last words first'));

/** The user's webhook for tools: answers all the same. */
class ToolHouse {
  readonly asked: unknown[] = [];
  readonly headers: IncomingHttpHeaders[] = [];
  readonly #server: Server;

  private constructor(answer: string) {
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      this.asked.push(JSON.parse(Buffer.concat(chunks).toString()));
      this.headers.push(request.headers);
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(answer);
    });
  }

  static async start(answer: string): Promise<ToolHouse> {
    const house = new ToolHouse(answer);
    house.#server.listen(0, '127.0.0.1');
    await once(house.#server, 'listening');
    return house;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/tools`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
