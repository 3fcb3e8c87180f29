/** Packets that may wait at once: 1.3 s of 20 ms packets. A power of two. */
export const SLOTS = 64;
/** First size of a slot; a voice packet at 20 kbit/s has about 60 bytes. A larger packet makes its slot grow once. */
const SLOT_BYTES = 256;

/** Packets by sequence number, copied into storage that is made once. */
export class PacketSlots {
  readonly #data: Uint8Array[];
  readonly #sequence = new Float64Array(SLOTS).fill(Number.NaN);
  readonly #timestamp = new Float64Array(SLOTS);
  readonly #ticks = new Int32Array(SLOTS);
  readonly #bytes = new Int32Array(SLOTS);
  readonly #waiting = new Uint8Array(SLOTS);

  constructor() {
    const block = new Uint8Array(SLOTS * SLOT_BYTES);
    this.#data = Array.from({ length: SLOTS }, (_, slot) => block.subarray(slot * SLOT_BYTES, (slot + 1) * SLOT_BYTES));
  }

  /** Whether this packet waits or has been taken, as far back as slots reach. */
  seen(sequence: number): boolean {
    return this.#sequence[sequence & (SLOTS - 1)] === sequence;
  }

  waits(sequence: number): boolean {
    const slot = sequence & (SLOTS - 1);
    return this.#waiting[slot] === 1 && this.#sequence[slot] === sequence;
  }

  put(payload: Uint8Array, sequence: number, timestamp: number, ticks: number): void {
    const slot = sequence & (SLOTS - 1);
    if (payload.length > this.#data[slot]!.length) this.#data[slot] = new Uint8Array(payload.length);
    this.#data[slot]!.set(payload);
    this.#bytes[slot] = payload.length;
    this.#timestamp[slot] = timestamp;
    this.#ticks[slot] = ticks;
    this.#sequence[slot] = sequence;
    this.#waiting[slot] = 1;
  }

  /** Remembers a packet that came but is not kept. */
  note(sequence: number): void {
    const slot = sequence & (SLOTS - 1);
    this.#sequence[slot] = sequence;
    this.#waiting[slot] = 0;
  }

  timestamp(sequence: number): number {
    return this.#timestamp[sequence & (SLOTS - 1)]!;
  }

  ticks(sequence: number): number {
    return this.#ticks[sequence & (SLOTS - 1)]!;
  }

  bytes(sequence: number): number {
    return this.#bytes[sequence & (SLOTS - 1)]!;
  }

  /** The payload in place; it stays until another packet takes the slot. */
  payload(sequence: number): Uint8Array {
    const slot = sequence & (SLOTS - 1);
    return this.#data[slot]!.subarray(0, this.#bytes[slot]!);
  }

  /** The packet is used up; its payload stays readable until another packet takes the slot. */
  release(sequence: number): void {
    this.#waiting[sequence & (SLOTS - 1)] = 0;
  }

  clear(): void {
    this.#sequence.fill(Number.NaN);
    this.#waiting.fill(0);
  }
}
