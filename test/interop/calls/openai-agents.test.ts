import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { decodeUlaw, resample } from '../../../src/audio/index.ts';
import type { CallDetail } from '../../support/bridge.ts';
import { FakeRealtime, type FakeRealtimeConnection } from '../../support/fake-realtime.ts';
import { Exchange, script } from '../../support/interop-calls.ts';
import { Hearing } from '../../support/interop-hearing.ts';
import { SdkAgent, type SdkCall } from '../../support/interop-sdk-agent.ts';
import { trace, voice } from '../../support/scripted-agents/index.ts';
import { sharedPlay } from '../../support/steady-machine.ts';
import { endingOf, twilioLink } from '../../support/switchboard.ts';

/*
 * OpenAI's Agents SDK takes us for Twilio: its TwilioRealtimeTransportLayer is the agent, with the fake Realtime service as
 * its model.
 */

const GREETING = { say: 'Good morning.', ms: 1_200, hz: 700 };
const STORY = { say: 'A long story.', ms: 20_000, hz: 1_000 };
const ANSWER = { say: 'I stop.', ms: 800, hz: 1_300 };
/** The caller speaks, hears the story begin, and speaks again. */
const QUESTION = voice(6, 1_000, 16_000);
const QUESTION_AT_MS = 2_000;
const OBJECTION = voice(7, 600, 16_000);
const OBJECTION_AT_MS = 5_500;
/** Of which a delta holds, and the mark that the SDK sets behind it. */
const DELTA_MS = 100;
/** The SDK counts so much in for what was played since the last mark. */
const SDK_GUESS_MS = 50;

/** All there is to know of a call when it is over. */
interface Played {
  readonly record: CallDetail;
  readonly heard: Hearing;
  readonly sdk: SdkCall;
  readonly connection: FakeRealtimeConnection;
}

const open: { close(): Promise<unknown> }[] = [];

const played = sharedPlay(async (): Promise<Played> => {
  const model = await FakeRealtime.start({ replies: [[GREETING], [STORY], [ANSWER]], deltaMs: DELTA_MS });
  open.push({ close: () => model.stop() });
  const agent = await SdkAgent.start(model.url);
  open.push({ close: () => agent.stop() });
  const exchange = await Exchange.open();
  open.push(exchange);
  const audio = script(QUESTION_AT_MS, QUESTION, OBJECTION_AT_MS - QUESTION_AT_MS - 1_000, OBJECTION);
  const call = await exchange.ring([twilioLink('Agents SDK', agent.url)], { audio });
  const connection = await model.connection();
  await call.waitFor('spoken', 20_000);
  await delay(500 + ANSWER.ms + 800);
  const record = await exchange.board.hangUp(call);
  return { record, heard: await Hearing.of(call), sdk: agent.calls[0]!, connection };
});

afterAll(async () => {
  for (const each of open.toReversed()) await each.close();
});

it('greets and answers, and the caller hears all of it', { timeout: 60_000 }, async () => {
  const { record, heard, sdk, connection } = await played();
  const greeting = heard.expectTone(GREETING.hz, GREETING.ms);
  const story = heard.expectTone(STORY.hz, null, { fromMs: greeting.endMs });
  heard.expectTone(ANSWER.hz, ANSWER.ms, { fromMs: story.endMs });
  expect(endingOf(record)).toBe('completed/user_hangup/user');
  expect(sdk.errors).toEqual([]);
  expect(connection.session.faults).toEqual([]);
});

it('hears the caller without a gap, and puts no silence in', { timeout: 60_000 }, async () => {
  const { sdk, connection } = await played();
  const media = sdk.received.flatMap(({ media }) => (media === undefined ? [] : [media]));
  const times = media.map(({ timestamp }) => Number(timestamp));
  expect(times).toEqual(times.map((_, n) => n * 20));
  // What came before its session was up the SDK drops; after that the model gets every byte and not one more.
  const ulaw = Buffer.concat(media.map(({ payload }) => Buffer.from(payload, 'base64')));
  const { heard: modelHeard } = connection.session;
  expect(modelHeard.length).toBeGreaterThan(ulaw.length - 8 * QUESTION_AT_MS);
  expect(modelHeard.equals(ulaw.subarray(ulaw.length - modelHeard.length))).toBe(true);
  const pcm = new Int16Array(ulaw.length);
  decodeUlaw(ulaw, pcm);
  for (const words of [QUESTION, OBJECTION]) {
    const pieces = trace(words, resample(pcm, 8_000, 16_000)).slice(1);
    expect(pieces.filter(({ match }) => match < 0.7).length).toBeLessThanOrEqual(1);
  }
});

it('is interrupted: it clears, and tells the model what was heard', { timeout: 60_000 }, async () => {
  const { heard, sdk, connection } = await played();
  const story = heard.tone(STORY.hz);
  const cutMs = heard.saidAt(OBJECTION_AT_MS);
  expect(story.endMs - cutMs).toBeGreaterThan(0);
  expect(story.endMs - cutMs).toBeLessThan(500);
  expect(sdk.sent.filter((event) => event === 'clear')).toHaveLength(1);
  const truncations = connection.all('conversation.item.truncate');
  expect(truncations).toHaveLength(1);
  const told = Number(truncations[0]?.['audio_end_ms']);
  expect(Math.abs(told - SDK_GUESS_MS - story.soundMs)).toBeLessThan(DELTA_MS + 60);
});

it('leaves nothing old behind the interruption', { timeout: 60_000 }, async () => {
  const { heard } = await played();
  const story = heard.tone(STORY.hz);
  const answer = heard.tone(ANSWER.hz);
  expect(heard.soundMs(story.endMs + 60, answer.atMs - 20)).toBe(0);
});
