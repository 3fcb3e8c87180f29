import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { DtmfReceiver } from '../../../src/webrtc/packet/dtmf-receiver.ts';
import { DtmfSender } from '../../../src/webrtc/packet/dtmf-sender.ts';

interface Press {
  readonly digit: string;
  readonly durationMs: number;
}

let presses: Press[];
let receiver: DtmfReceiver;

beforeEach(() => {
  presses = [];
  receiver = new DtmfReceiver((digit, durationMs) => presses.push({ digit, durationMs }));
});

/** One telephone-event packet; `units` in 8 kHz, `at` in ms. */
function event(code: number, timestamp: number, units: number, { end = false, marker = false, at = 0 } = {}): void {
  const payload = Buffer.from([0xee, code, (end ? 0x80 : 0) | 10, units >> 8, units & 0xff]);
  receiver.onPacket(payload, 1, 4, timestamp, marker, at);
}

describe('a key press that comes in', () => {
  test('is reported once, at its end, with its length, though its end comes three times', () => {
    event(5, 9_000, 160, { marker: true });
    event(5, 9_000, 320);
    expect(presses).toEqual([]);
    for (let copy = 0; copy < 3; copy++) event(5, 9_000, 800, { end: true });
    expect(presses).toEqual([{ digit: '5', durationMs: 100 }]);
    expect(receiver.received).toBe(1);
  });

  test('is reported when only one end packet of it arrives', () => {
    event(11, 9_000, 800, { end: true });
    expect(presses).toEqual([{ digit: '#', durationMs: 100 }]);
  });

  test('is not reported again by updates that its end overtook', () => {
    event(1, 9_000, 800, { end: true });
    event(1, 9_000, 640);
    receiver.flush(10_000);
    expect(presses).toHaveLength(1);
  });

  test('twice with the same key is two presses', () => {
    event(7, 9_000, 800, { end: true });
    event(7, 20_000, 800, { end: true });
    expect(presses.map((press) => press.digit)).toEqual(['7', '7']);
  });

  test('ends by silence when all its end packets are lost', () => {
    event(2, 9_000, 160, { marker: true, at: 1_000 });
    event(2, 9_000, 320, { at: 1_020 });
    receiver.flush(1_219);
    expect(presses).toEqual([]);
    receiver.flush(1_220);
    expect(presses).toEqual([{ digit: '2', durationMs: 40 }]);
    event(2, 9_000, 800, { end: true, at: 1_300 });
    receiver.flush(2_000);
    expect(presses).toHaveLength(1);
  });

  test('ends when the next key is pressed', () => {
    event(2, 9_000, 480, { marker: true });
    event(3, 20_000, 160, { marker: true });
    expect(presses).toEqual([{ digit: '2', durationMs: 60 }]);
    event(2, 9_000, 800, { end: true });
    event(3, 20_000, 800, { end: true });
    expect(presses.map((press) => press.digit)).toEqual(['2', '3']);
  });

  test('is understood across the wrap of the timestamp', () => {
    event(8, 0xffffff00, 800, { end: true });
    event(9, 0x00001000, 800, { end: true });
    expect(presses.map((press) => press.digit)).toEqual(['8', '9']);
  });

  test('longer than one segment is one press (RFC 4733 §2.5.1.3)', () => {
    event(0, 9_000, 0xffff, { marker: true });
    event(0, 9_000 + 0xffff, 160);
    event(0, 9_000 + 0xffff, 801, { end: true });
    expect(presses).toEqual([{ digit: '0', durationMs: (0xffff + 801) / 8 }]);
  });

  test.each(Array.from('0123456789*#ABCD', (digit, code) => [code, digit] as const))(
    'code %i is key %s',
    (code, digit) => {
      event(code, 9_000, 800, { end: true });
      expect(presses[0]?.digit).toBe(digit);
    },
  );

  test('of another kind (flash, tones) is ignored, as is a payload that is too short', () => {
    event(16, 9_000, 800, { end: true });
    receiver.onPacket(Buffer.from([5, 0x80, 3]), 0, 3, 9_000, false, 0);
    receiver.onPacket(Buffer.from([5, 0x80, 3]), 0, 4, 9_000, false, 0);
    expect(presses).toEqual([]);
  });

  test('from a new source is heard after a reset, whatever its timestamps', () => {
    event(4, 0x70000000, 160, { marker: true });
    receiver.reset();
    event(6, 5, 800, { end: true });
    expect(presses.map((press) => press.digit)).toEqual(['4', '6']);
  });

  test('of any bytes never throws, and a timestamp never gives two presses', () => {
    const packet = fc.record({
      bytes: fc.oneof(fc.uint8Array({ maxLength: 8 }), fc.tuple(fc.nat(17), fc.nat(255), fc.nat(255), fc.nat(255))),
      timestamp: fc.integer({ min: 0, max: 20 }),
      marker: fc.boolean(),
      at: fc.nat(2_000),
    });
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 60 }), (packets) => {
        let count = 0;
        const fuzzed = new DtmfReceiver(() => (count += 1));
        for (const { bytes, timestamp, marker, at } of packets) {
          const payload = Buffer.from(bytes);
          fuzzed.onPacket(payload, 0, payload.length, timestamp, marker, at);
          fuzzed.flush(at);
        }
        expect(count).toBeLessThanOrEqual(new Set(packets.map((each) => each.timestamp)).size);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a key press that goes out', () => {
  interface Sent {
    readonly frame: number;
    readonly payload: string;
    readonly marker: boolean;
    readonly sinceStartMs: number;
  }

  /** Runs the sender to its end, a frame at a time. */
  function run(sender: DtmfSender): Sent[] {
    const sent: Sent[] = [];
    for (let frame = 0; sender.active; frame++) {
      const packet = sender.next();
      if (packet === null) continue;
      const { payload, marker, sinceStartMs } = packet;
      sent.push({ frame, payload: payload.toString('hex'), marker, sinceStartMs });
    }
    return sent;
  }

  test('starts with a marker, is updated each 20 ms, and ends three times', () => {
    const sender = new DtmfSender();
    sender.enqueue('5');
    expect(run(sender)).toEqual([
      { frame: 0, payload: '050a00a0', marker: true, sinceStartMs: 0 },
      { frame: 1, payload: '050a0140', marker: false, sinceStartMs: 20 },
      { frame: 2, payload: '050a01e0', marker: false, sinceStartMs: 40 },
      { frame: 3, payload: '050a0280', marker: false, sinceStartMs: 60 },
      { frame: 4, payload: '058a0320', marker: false, sinceStartMs: 80 },
      { frame: 5, payload: '058a0320', marker: false, sinceStartMs: 100 },
      { frame: 6, payload: '058a0320', marker: false, sinceStartMs: 120 },
    ]);
  });

  test('is followed by sound before the next one starts', () => {
    const sender = new DtmfSender();
    sender.enqueue('12');
    const starts = run(sender).filter((packet) => packet.marker);
    expect(starts.map((packet) => packet.frame)).toEqual([0, 10]);
  });

  test('leaves the turn to sound when nothing is queued', () => {
    const sender = new DtmfSender();
    expect(sender.active).toBe(false);
    expect(sender.next()).toBeNull();
  });

  test.each(['12x', 'E', ' 1', '1,2', 'ß', '１'])('is refused for %j, and nothing of it is sent', (digits) => {
    const sender = new DtmfSender();
    expect(() => sender.enqueue(digits)).toThrow(/allowed are 0-9, \*, # and A-D/);
    expect(sender.active).toBe(false);
  });

  test('is refused beyond 128 that wait', () => {
    const sender = new DtmfSender();
    sender.enqueue('1'.repeat(128));
    expect(sender.enqueue('1')).toBe(false);
  });

  test('is what a receiver hears, key for key, though packets get lost', () => {
    const keys = fc.array(fc.constantFrom(...'0123456789*#ABCDabcd'), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(keys, fc.infiniteStream(fc.boolean()), (digits, lossy) => {
        const heard: string[] = [];
        const far = new DtmfReceiver((digit) => heard.push(digit));
        const sender = new DtmfSender();
        sender.enqueue(digits.join(''));
        let inARow = 0;
        for (let frame = 0; sender.active; frame++) {
          const packet = sender.next();
          far.flush(frame * 20);
          // Seven packets a press: a loss of up to three in a row always leaves something of it.
          const lost: boolean = inARow < 3 && lossy.next().value === true;
          inARow = lost ? inARow + 1 : 0;
          if (packet === null || lost) continue;
          const timestamp = (frame - packet.sinceStartMs / 20) * 960;
          far.onPacket(packet.payload, 0, 4, timestamp, packet.marker, frame * 20);
        }
        far.flush(1e9);
        expect(heard.join('')).toBe(digits.join('').toUpperCase());
      }),
    );
  });
});
