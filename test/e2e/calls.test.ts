import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { correlate } from '../../src/audio/index.ts';
import { type Bridge, PHONE_NUMBER_ID, startBridge } from '../support/bridge.ts';

const HELLO = 'assets/audio/hello.wav';

/** What the echo must be worth on each network: waveform correlation with what was spoken, and share of gaps. */
const PROFILES = [
  { profile: 'clean', envelope: 0.95, waveform: 0.75 },
  { profile: 'moderate', envelope: 0.9, waveform: 0.6 },
  { profile: 'international', envelope: 0.85, waveform: 0.4 },
  { profile: 'bursty', envelope: 0.75, waveform: 0.4 },
  { profile: 'spiky', envelope: 0.75, waveform: 0.3 },
] as const;

describe('A call over real SRTP through the relay, with the echo agent', () => {
  let bridge: Bridge;
  beforeAll(async () => {
    bridge = await startBridge();
  });
  afterAll(() => bridge.close());

  it.each(PROFILES)(
    'is answered and heard on the $profile network',
    async ({ profile, envelope, waveform }) => {
      const call = await bridge.whatsapp.call({ audio: HELLO, profile, seed: 42 });
      await call.waitFor('spoken', 30_000);
      await new Promise((wake) => setTimeout(wake, 1_500));
      call.hangUp();
      await call.waitFor('closed', 10_000);

      const { phone } = await call.report();
      if (phone === null) throw new Error('no phone');
      expect(phone.mediaBeforeAccept).toBe(0);
      const match = correlate(phone.spoken, phone.heard, 16_000);
      expect(match.envelope).toBeGreaterThan(envelope);
      expect(match.waveform).toBeGreaterThan(waveform);

      const record = await bridge.recordOf(call);
      expect(record.status).toBe('completed');
      expect(record.ending).toMatchObject({ class: 'completed', reason: 'user_hangup' });
      expect(record.quality?.['mos']).toBeGreaterThan(1);
      expect(record.timeline.map((line) => line.type)).toEqual(
        expect.arrayContaining([
          'offer_received',
          'pre_accepted',
          'media_connected',
          'agent_ready',
          'accepted',
          'ended',
        ]),
      );
    },
    60_000,
  );

  it('is in the call log in the shape of Kapso, newest first', async () => {
    const { status, body } = await bridge.get(`/meta/whatsapp/v24.0/${PHONE_NUMBER_ID}/calls?limit=2`);
    expect(status).toBe(200);
    const { data, paging } = body as { data: { started_at: string; direction: string }[]; paging: { next: string } };
    expect(data).toHaveLength(2);
    expect(data[0]?.direction).toBe('inbound');
    expect(Date.parse(data[0]?.started_at ?? '')).toBeGreaterThanOrEqual(Date.parse(data[1]?.started_at ?? ''));
    expect(paging.next).toContain('after=');
  });
});
