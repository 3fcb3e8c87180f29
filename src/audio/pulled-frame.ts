/**
 * What to decode for one frame of 20 ms:
 * - `packet`:  `payloads` in order (one, or several if the sender's packets are shorter than 20 ms)
 * - `rest`:    the next 20 ms of a longer packet that was given before
 * - `fec`:     this frame was lost; `payloads[0]` is the packet after it, which may carry it in its FEC
 * - `conceal`: nothing is there; continue the sound before
 * - `silence`: nothing came yet, or not for long enough that concealment would only drone
 *
 * A packet longer than 20 ms that ends within a frame may be followed by others: whoever decodes keeps what is left over
 * and fills a frame that stays short by concealment (`OpusDecoder.decodeFrame` does both).
 */
export type PulledKind = 'packet' | 'rest' | 'fec' | 'conceal' | 'silence';

/** Filled anew by every pull. Payloads are valid until the next push or pull. */
export interface PulledFrame {
  kind: PulledKind;
  readonly payloads: Uint8Array[];
  /** The sender's sequence number of `payloads[0]`. */
  sequence: number | null;
}

/** An empty frame to give to `pull`. */
export function createPulledFrame(): PulledFrame {
  return { kind: 'silence', payloads: [], sequence: null };
}
