/** Seconds from 1 January 1900 (NTP) to 1 January 1970. */
const EPOCH_SECONDS = 2_208_988_800;
const FRACTION = 0x1_0000_0000;

/** Whole NTP seconds modulo 2^32, of milliseconds since 1970. */
export function ntpSeconds(wallMs: number): number {
  return (Math.floor(wallMs / 1000) + EPOCH_SECONDS) % FRACTION;
}

/** The fraction of a second in 1/2^32 s, of milliseconds since 1970. */
export function ntpFraction(wallMs: number): number {
  return Math.floor(((wallMs / 1000) % 1) * FRACTION);
}

/** The middle 32 bits of the NTP time, in 1/65,536 s: the form in which RTCP compares times (RFC 3550 §4). */
export function compactNtp(wallMs: number): number {
  return (((ntpSeconds(wallMs) & 0xffff) << 16) | (ntpFraction(wallMs) >>> 16)) >>> 0;
}
