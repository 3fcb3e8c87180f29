import { afterAll, describe, it } from 'vitest';
import {
  startElevenLabsAgent,
  startInboundRawAgent,
  startPipecatAgent,
  startRawAgent,
  startRealtimeAgent,
  startTwilioAgent,
  WireHouse,
} from '../../support/scripted-agents/index.ts';
import { sharedPlay } from '../../support/steady-machine.ts';
import { BEHAVIOURS, playAll } from './behaviours.ts';

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
describe.each(AGENTS)('Calls over the wire $wire', { timeout: 60_000 }, ({ start }) => {
  const houses: WireHouse[] = [];
  const judgements = sharedPlay(async () => {
    const house = await WireHouse.open(await start());
    houses.push(house);
    return playAll(house, BEHAVIOURS);
  });
  afterAll(async () => {
    for (const house of houses) await house.close();
  });

  it.for(BEHAVIOURS)('$name', async ({ name }, { skip }) => {
    const judge = (await judgements()).get(name);
    if (judge === undefined) return skip('the protocol has no word for it');
    await judge();
  });
});
