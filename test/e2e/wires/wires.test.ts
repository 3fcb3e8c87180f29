import { afterAll, beforeAll, describe, it } from 'vitest';
import {
  startElevenLabsAgent,
  startInboundRawAgent,
  startPipecatAgent,
  startRawAgent,
  startRealtimeAgent,
  startTwilioAgent,
  WireHouse,
} from '../../support/scripted-agents/index.ts';
import { BEHAVIOURS, type Judgement, playAll } from './behaviours.ts';

const AGENTS = [
  { wire: 'raw', start: startRawAgent },
  { wire: 'raw, inbound', start: startInboundRawAgent },
  { wire: 'twilio', start: startTwilioAgent },
  { wire: 'twilio, by webhook', start: () => startTwilioAgent('webhook') },
  { wire: 'pipecat', start: startPipecatAgent },
  { wire: 'openai-realtime', start: startRealtimeAgent },
  { wire: 'elevenlabs', start: startElevenLabsAgent },
] as const;

/** A phone, the bridge and an agent on real sockets; judged on the phone's recording. */
describe.each(AGENTS)('Calls over the wire $wire', ({ start }) => {
  let house: WireHouse;
  let judgements: ReadonlyMap<string, Judgement>;
  beforeAll(async () => {
    house = await WireHouse.open(await start());
    judgements = await playAll(house, BEHAVIOURS);
  }, 60_000);
  afterAll(() => house.close());

  it.for(BEHAVIOURS)('$name', async ({ name }, { skip }) => {
    const judge = judgements.get(name);
    if (judge === undefined) return skip('the protocol has no word for it');
    await judge();
  });
});
