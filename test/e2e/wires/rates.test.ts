import { afterAll, describe, it } from 'vitest';
import {
  type ScriptedAgent,
  startElevenLabsAgent,
  startPipecatAgent,
  startRawAgent,
  WireHouse,
} from '../../support/scripted-agents/index.ts';
import { sharedPlay } from '../../support/steady-machine.ts';
import { playAll, SAME_AT_EVERY_RATE } from './behaviours.ts';

const HOUSES: readonly { readonly rates: string; readonly start: () => Promise<ScriptedAgent> }[] = [
  { rates: 'raw at 8 kHz', start: () => startRawAgent(8_000) },
  { rates: 'raw at 24 kHz', start: () => startRawAgent(24_000) },
  { rates: 'raw at 48 kHz', start: () => startRawAgent(48_000) },
  { rates: 'pipecat at 8 kHz', start: () => startPipecatAgent(8_000, 8_000) },
  { rates: 'pipecat at 16 kHz, with a caller at 24 kHz', start: () => startPipecatAgent(16_000, 24_000) },
  { rates: 'elevenlabs with ulaw_8000', start: () => startElevenLabsAgent('ulaw_8000', 'ulaw_8000') },
  { rates: 'elevenlabs with pcm_24000', start: () => startElevenLabsAgent('pcm_24000', 'pcm_16000') },
  {
    rates: 'elevenlabs with pcm_48000, and a caller at 8 kHz',
    start: () => startElevenLabsAgent('pcm_48000', 'pcm_8000'),
  },
];

/** The wires' own rates are in wires.test.ts. */
describe.each(HOUSES)('Calls over $rates', { timeout: 30_000 }, ({ start }) => {
  const houses: WireHouse[] = [];
  const judgements = sharedPlay(async () => {
    const house = await WireHouse.open(await start());
    houses.push(house);
    return playAll(house, SAME_AT_EVERY_RATE);
  });
  afterAll(async () => {
    for (const house of houses) await house.close();
  });

  it.for(SAME_AT_EVERY_RATE)('$name', async ({ name }, { skip }) => {
    const judge = (await judgements()).get(name);
    if (judge === undefined) return skip('the protocol has no word for it');
    await judge();
  });
});
