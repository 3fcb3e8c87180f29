/** Milliseconds since 1970 that never jump: RTCP compares two of them some seconds apart. */
export function wallClock(): number {
  return performance.timeOrigin + performance.now();
}
