import { expect } from 'vitest';
import type { SimulatedCall } from '../../../src/simulator/index.ts';
import type { Hearing } from '../../support/interop-hearing.ts';

/** How long the call went on after this was heard, milliseconds, by WhatsApp's end of it. */
export function wentOnMs(call: SimulatedCall, heard: Hearing, { endMs }: { readonly endMs: number }): number {
  const endedAt = call.timeline.find(({ type }) => type === 'ended')?.at ?? Number.NaN;
  return endedAt - heard.unix(endMs);
}

/** This tone is heard whole, and the call ends with it. */
export function expectLastWords(
  call: SimulatedCall,
  heard: Hearing,
  tone: { readonly hz: number; readonly ms: number },
): void {
  expect(wentOnMs(call, heard, heard.expectTone(tone.hz, tone.ms))).toBeLessThan(1_000);
}
