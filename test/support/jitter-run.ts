import { createPulledFrame, JitterBuffer, type PulledKind } from '../../src/audio/index.ts';

/** First bytes of mono SILK wideband packets by length in ms (RFC 6716 §3.1). */
const TOC = { 10: 0x40, 20: 0x48, 40: 0x50, 60: 0x58 } as const;

export interface SentPacket {
  readonly sequence: number;
  /** 48 kHz. */
  readonly timestamp: number;
  readonly arrivalMs: number;
  readonly payload: Uint8Array;
}

export interface PulledRecord {
  readonly atMs: number;
  readonly kind: PulledKind;
  readonly sequence: number | null;
  /** Sequence numbers of all payloads of the frame. */
  readonly sequences: readonly number[];
  /** From the arrival of the packet to this pull; null unless `kind` is `packet`. */
  readonly heldMs: number | null;
}

/** A packet that carries its own number, so that a test sees what it got back. */
export function voicePacket(sequence: number, ms: keyof typeof TOC = 20, bytes = 40): Uint8Array {
  const payload = new Uint8Array(Math.max(bytes, 5)).fill(0xaa);
  payload[0] = TOC[ms];
  new DataView(payload.buffer).setInt32(1, sequence);
  return payload;
}

export function dtxPacket(): Uint8Array {
  return Uint8Array.of(TOC[20]);
}

/** `count` packets sent in real time, each arriving `lateMs(n)` after it could, or never if that is null. */
export function stream(
  count: number,
  lateMs: (n: number) => number | null = () => 0,
  ms: keyof typeof TOC = 20,
): SentPacket[] {
  const packets: SentPacket[] = [];
  for (let n = 0; n < count; n += 1) {
    const late = lateMs(n);
    if (late === null) continue;
    packets.push({
      sequence: 100 + n,
      timestamp: 5_000 + n * ms * 48,
      arrivalMs: (n + 1) * ms + late,
      payload: voicePacket(100 + n, ms),
    });
  }
  return packets;
}

export interface JitterRun {
  readonly untilMs: number;
  readonly phaseMs?: number;
  readonly levelDb?: number | ((atMs: number) => number);
  /** Nobody pulls between these two times. */
  readonly sleepMs?: readonly [number, number];
}

/** Pulls every 20 ms from `phaseMs` on until `untilMs`, pushing each packet at its arrival. */
export function runJitter(
  packets: readonly SentPacket[],
  { untilMs, phaseMs = 13, levelDb = -20, sleepMs }: JitterRun,
  buffer = new JitterBuffer(),
): { frames: PulledRecord[]; buffer: JitterBuffer } {
  const queue = [...packets].sort((a, b) => a.arrivalMs - b.arrivalMs);
  const arrivals = new Map(queue.map((packet) => [packet.sequence, packet.arrivalMs]));
  const into = createPulledFrame();
  const frames: PulledRecord[] = [];
  for (let atMs = phaseMs; atMs < untilMs; atMs += 20) {
    if (sleepMs !== undefined && atMs > sleepMs[0] && atMs < sleepMs[1]) continue;
    while (queue[0] !== undefined && queue[0].arrivalMs <= atMs) {
      const packet = queue.shift() as SentPacket;
      buffer.push(packet.payload, packet.sequence, packet.timestamp, packet.arrivalMs);
    }
    buffer.pull(atMs, into);
    buffer.noteLevel(typeof levelDb === 'number' ? levelDb : levelDb(atMs));
    const sequences = into.payloads.filter((payload) => payload.length >= 5).map(numberOf);
    const arrival = into.sequence === null ? undefined : arrivals.get(into.sequence);
    frames.push({
      atMs,
      kind: into.kind,
      sequence: into.sequence,
      sequences,
      heldMs: into.kind === 'packet' && arrival !== undefined ? atMs - arrival : null,
    });
  }
  return { frames, buffer };
}

function numberOf(payload: Uint8Array): number {
  return new DataView(payload.buffer, payload.byteOffset).getInt32(1);
}
