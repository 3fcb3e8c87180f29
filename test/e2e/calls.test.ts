import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { measureEcho } from '../../src/simulator/index.ts';
import { type Bridge, PHONE_NUMBER_ID, startBridge } from '../support/bridge.ts';

const HELLO = 'assets/audio/hello.wav';

/**
 * What the echo must be worth on each network. `concealed` is the share of frames that had to be made up: that is what a
 * jitter buffer is for, and it tells a broken one where correlation hardly does. Thirty calls each, with fifteen seeds, on a
 * machine with other work; the worst of them, beside what buffers gave that hold no packet back (and that hold packets back
 * only when they have run dry):
 *
 * |               | envelope | waveform | concealed | delayMs | no buffer    | half a buffer |
 * |---------------|----------|----------|-----------|---------|--------------|---------------|
 * | clean         | 0.87     | 0.86     | 0.002     | 96      | 0.00         |               |
 * | moderate      | 0.92     | 0.74     | 0.007     | 146     | 0.01 to 0.20 |               |
 * | international | 0.60     | 0.72     | 0.044     | 437     | 0.34 to 0.45 | 0.06 to 0.07  |
 * | bursty        | 0.77     | 0.69     | 0.043     | 213     | 0.16 to 0.31 | 0.07 to 0.10  |
 * | spiky         | 0.57     | 0.60     | 0.039     | 322     | 0.01 to 0.13 | 0.01 to 0.02  |
 *
 * With this seed a sound buffer conceals 0.02 of `international` and 0.03 of `bursty`.
 */
const PROFILES = [
  { profile: 'clean', envelope: 0.75, waveform: 0.75, concealed: 0.02, delayMs: 200, losesPackets: false },
  { profile: 'moderate', envelope: 0.75, waveform: 0.6, concealed: 0.03, delayMs: 270, losesPackets: true },
  { profile: 'international', envelope: 0.45, waveform: 0.61, concealed: 0.055, delayMs: 600, losesPackets: true },
  { profile: 'bursty', envelope: 0.6, waveform: 0.55, concealed: 0.055, delayMs: 400, losesPackets: true },
  { profile: 'spiky', envelope: 0.4, waveform: 0.45, concealed: 0.06, delayMs: 500, losesPackets: false },
] as const;

describe('A call over real SRTP through the relay, with the echo agent', () => {
  let bridge: Bridge;
  beforeAll(async () => {
    bridge = await startBridge();
  });
  afterAll(() => bridge.close());

  describe.concurrent('is answered and heard', () => {
    it.each(PROFILES)('on the $profile network', async ({ profile, ...worth }) => {
      const call = await bridge.whatsapp.call({ audio: HELLO, profile, seed: 42 });
      await call.waitFor('spoken', 15_000);
      await new Promise((wake) => setTimeout(wake, 1_000));
      call.hangUp();
      await call.waitFor('closed', 5_000);

      const { phone } = await call.report();
      if (phone === null) throw new Error('no phone');
      expect(phone.mediaBeforeAccept).toBe(0);
      // Never silent after accept: what is missing was lost on the way, and only where the way loses packets.
      if (profile === 'clean') expect(phone).toMatchObject({ packetsLost: 0 });
      expect(phone.maxGapMs).toBeLessThan(1_000);
      const echo = measureEcho(phone);
      expect(echo?.envelope).toBeGreaterThan(worth.envelope);
      expect(echo?.waveform).toBeGreaterThan(worth.waveform);
      expect(echo?.delayMs).toBeLessThan(worth.delayMs);

      const record = await bridge.recordOf(call);
      expect(record.status).toBe('completed');
      expect(record.ending).toMatchObject({ class: 'completed', reason: 'user_hangup' });
      const { quality } = record;
      expect((quality?.['frames_concealed'] ?? 0) / (quality?.['packets_received'] ?? 0)).toBeLessThan(worth.concealed);
      if (worth.losesPackets) expect(quality?.['frames_recovered_by_fec']).toBeGreaterThan(0);
      expect(quality?.['mos']).toBeGreaterThan(2.5);
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
    });
  });

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
