/** Frame lengths of the 32 configurations of an Opus packet, in 48 kHz ticks (RFC 6716 §3.1, table 2). */
const SILK_TICKS = [480, 960, 1920, 2880] as const;
const HYBRID_TICKS = [480, 960] as const;
const CELT_TICKS = [120, 240, 480, 960] as const;
const MAX_TICKS = 5760;

/** Discontinuous transmission shrinks silent packets to this size or less (RFC 7587 §3.1.3: at most 2 bytes of payload). */
export const DTX_MAX_BYTES = 3;

/** How long an Opus packet lasts in 48 kHz ticks, 0 if its head makes no sense. */
export function opusPacketTicks(packet: Uint8Array): number {
  const toc = packet[0];
  if (toc === undefined) return 0;
  const config = toc >> 3;
  const frame =
    config < 12 ? SILK_TICKS[config & 3]! : config < 16 ? HYBRID_TICKS[config & 1]! : CELT_TICKS[config & 3]!;
  const code = toc & 3;
  const frames = code === 0 ? 1 : code < 3 ? 2 : (packet[1] ?? 0) & 0x3f;
  const ticks = frame * frames;
  return ticks > MAX_TICKS ? 0 : ticks;
}
