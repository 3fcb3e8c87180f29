import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sineTone } from '../../../src/audio/index.ts';
import type { SimulatedCall } from '../../../src/simulator/index.ts';
import { FakeElevenLabs } from '../../support/fake-elevenlabs.ts';
import type { FakeConversation } from '../../support/fake-elevenlabs-conversation.ts';
import { Exchange, playScenes, type Scene, script } from '../../support/interop-calls.ts';
import { Hearing, type Utterance } from '../../support/interop-hearing.ts';
import { voice } from '../../support/scripted-agents/index.ts';
import { sharedPlay } from '../../support/steady-machine.ts';
import { endingOf, type Link } from '../../support/switchboard.ts';
import { expectLastWords } from './last-words.ts';

/* The fake service was driven by the vendor's own client first (test/interop/elevenlabs). */

const FORMATS = [
  { agentFormat: 'pcm_24000', callerFormat: 'pcm_16000' },
  { agentFormat: 'ulaw_8000', callerFormat: 'ulaw_8000' },
] as const;

const KEY = 'xi-the-key';
const GREETING = { text: 'Hello, how can I help you?', hz: 440, ms: 1_000 };
/** The service says again what it hears, once it was silent for 400 ms. */
const QUESTION: Utterance = { seed: 6, ms: 1_400 };
const QUESTION_AT_MS = 1_800;
/** The agent tells a story of its own accord, and the caller speaks over it. */
const STORY_AT_MS = 6_000;
const STORY_MS = 10_000;
const STORY_HZ = 900;
const OBJECTION: Utterance = { seed: 7, ms: 800 };
const OBJECTION_AT_MS = 7_500;
const GOODBYE = { text: 'Goodbye.', hz: 600, ms: 800 };

let exchange: Exchange;
const services: FakeElevenLabs[] = [];
const played = sharedPlay(async () => {
  const scenes = await Promise.all(FORMATS.map((formats) => scenesWith(formats)));
  return playScenes(Object.assign({}, ...scenes) as Readonly<Record<string, Scene>>);
});
const judge = async (name: string) => (await played())(name);

beforeAll(async () => {
  exchange = await Exchange.open();
});

afterAll(async () => {
  await exchange?.close();
  await Promise.all(services.map((service) => service.stop()));
});

describe.each(FORMATS)(
  'A whole call with the fake ElevenLabs ($agentFormat, $callerFormat)',
  { timeout: 60_000 },
  ({ agentFormat }) => {
    it('greets, repeats, is interrupted, and ends by the tool of the agent', () =>
      judge(`conversation ${agentFormat}`));
    it('ends when the conversation is closed', () => judge(`close ${agentFormat}`));
  },
);

async function scenesWith(formats: (typeof FORMATS)[number]): Promise<Readonly<Record<string, Scene>>> {
  const service = await FakeElevenLabs.start({
    ...formats,
    apiKey: KEY,
    greeting: GREETING,
    pingEveryMs: 500,
    variables: ['tier'],
  });
  services.push(service);

  /** Which of its conversations is which, the service cannot tell before it was told of the call. */
  let ringing: Promise<unknown> = Promise.resolve();

  function ring(audio?: Int16Array): Promise<{ call: SimulatedCall; conversation: FakeConversation }> {
    const rings = ringing.then(async () => {
      const provider = { kind: 'elevenlabs', agent_id: 'agent_fake', api_key: KEY, base_url: service.baseUrl };
      const link: Link = { name: 'ElevenLabs', provider: { ...provider, dynamic_variables: { tier: 'gold' } } };
      const call = await exchange.ring([link], { audio: audio ?? null });
      return { call, conversation: await service.conversation() };
    });
    ringing = rings.catch(() => {});
    return rings;
  }

  const conversation: Scene = async () => {
    const pause = OBJECTION_AT_MS - QUESTION_AT_MS - QUESTION.ms;
    const audio = script(
      QUESTION_AT_MS,
      voice(QUESTION.seed, QUESTION.ms, 16_000),
      pause,
      voice(OBJECTION.seed, OBJECTION.ms, 16_000),
    );
    const { call, conversation: talk } = await ring(audio);
    await call.waitFor('accepted', 10_000);
    await delay(STORY_AT_MS);
    talk.say('Once upon a time.', sineTone(48_000, STORY_HZ, STORY_MS), 48_000);
    await call.waitFor('spoken', 20_000);
    // Until it has repeated the objection.
    await delay(400 + OBJECTION.ms + 700);
    talk.say(GOODBYE.text, sineTone(48_000, GOODBYE.hz, GOODBYE.ms), 48_000);
    talk.endCall();
    const record = await exchange.board.ended(call);
    return async () => {
      const heard = await Hearing.of(call);
      heard.expectTone(GREETING.hz, GREETING.ms);
      const repeated = heard.expectWords(
        { ...QUESTION, fromMs: 200 },
        { fromMs: heard.saidAt(QUESTION_AT_MS + 1_000) },
      );

      const story = heard.expectTone(STORY_HZ, null, { fromMs: repeated.endMs });
      const interruptedAfterMs = story.endMs - heard.saidAt(OBJECTION_AT_MS);
      expect(interruptedAfterMs).toBeGreaterThan(0);
      expect(interruptedAfterMs).toBeLessThan(500);
      const again = heard.expectWords({ ...OBJECTION, fromMs: 200 }, { fromMs: story.endMs });
      expect(heard.soundMs(story.endMs + 60, again.atMs - 250)).toBe(0);

      expectLastWords(call, heard, GOODBYE);
      expect(talk.pongs.length).toBeGreaterThan(10);
      const spoken = record.timeline.filter(({ type }) => type === 'transcript').map(({ data }) => data);
      expect(spoken).toContainEqual(expect.objectContaining({ party: 'agent', text: GREETING.text }));
      expect(spoken).toContainEqual(expect.objectContaining({ party: 'user' }));
      expect(endingOf(record)).toBe('completed/agent_hangup/agent');
    };
  };

  const close: Scene = async () => {
    const { call, conversation: talk } = await ring();
    await call.waitFor('heard', 10_000);
    talk.say(GOODBYE.text, sineTone(48_000, GOODBYE.hz, GOODBYE.ms), 48_000);
    talk.close(1000);
    const record = await exchange.board.ended(call);
    return async () => {
      const heard = await Hearing.of(call);
      // Both were said at once, and are heard one after the other.
      heard.expectTone(GREETING.hz, GREETING.ms);
      expectLastWords(call, heard, GOODBYE);
      expect(endingOf(record)).toBe('completed/agent_hangup/agent');
    };
  };

  return { [`conversation ${formats.agentFormat}`]: conversation, [`close ${formats.agentFormat}`]: close };
}
