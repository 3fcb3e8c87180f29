import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { correlate } from '../../src/audio/index.ts';
import { measureEcho, type PhoneReport, type SimulatedCall } from '../../src/simulator/index.ts';
import { type Bridge, startBridge } from '../support/bridge.ts';
import { words } from '../support/house.ts';

const RATE = 16_000;
const AGENT_RATES = ['8000', '16000', '24000', '48000'];
const HELLO = 'assets/audio/hello.wav';

describe('Calls at the same time', () => {
  const bridges: Bridge[] = [];
  // One after the other, each with a call of its own that nobody judges: bridges, agents and phones that load and compile
  // their code on these two cores are heard on the calls of the others (the phones' thread stood still for 170 to 340 ms),
  // and how calls get on with each other is the question here.
  beforeAll(async () => {
    for (const rate of AGENT_RATES) {
      const bridge = await startBridge({ environment: { TALKWIRE_AGENT_SAMPLE_RATE: rate } });
      bridges.push(bridge);
      await spoken(await bridge.whatsapp.call({ audio: words(500) }));
    }
  });
  afterAll(async () => {
    for (const bridge of bridges) await bridge.close();
  });

  it('reach agents that want 8, 16, 24 and 48 kHz, and each hears its echo', async () => {
    const calls = await Promise.all(bridges.map(({ whatsapp }) => whatsapp.call({ audio: HELLO })));
    for (const phone of await Promise.all(calls.map(spoken))) {
      const echo = measureEcho(phone);
      expect(echo?.waveform).toBeGreaterThan(0.7);
      expect(echo?.envelope).toBeGreaterThan(0.8);
    }
  });

  it('do not hear each other', async () => {
    const [bridge] = bridges;
    if (bridge === undefined) throw new Error('no bridge');
    const forwards = words(5_000);
    const backwards = forwards.toReversed();
    const calls = [await bridge.whatsapp.call({ audio: forwards }), await bridge.whatsapp.call({ audio: backwards })];
    const [first, second] = (await Promise.all(calls.map(spoken))).map(({ heard }) => heard);
    if (first === undefined || second === undefined) throw new Error('no phone');
    expect(correlate(forwards, first, RATE).waveform).toBeGreaterThan(0.7);
    expect(correlate(backwards, second, RATE).waveform).toBeGreaterThan(0.7);
    expect(correlate(backwards, first, RATE).waveform).toBeLessThan(0.5);
    expect(correlate(forwards, second, RATE).waveform).toBeLessThan(0.5);
  });
});

async function spoken(call: SimulatedCall): Promise<PhoneReport> {
  await call.waitFor('spoken', 15_000);
  await new Promise((wake) => setTimeout(wake, 700));
  call.hangUp();
  await call.waitFor('closed', 5_000);
  const { phone } = await call.report();
  if (phone === null) throw new Error('another handset was used');
  return phone;
}
