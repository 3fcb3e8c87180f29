import fc from 'fast-check';
import type { Whim } from './scripted-desk.ts';

/** Up to four whims in the first `latestMs` of a call. Agents are lost twice as often as anything else happens. */
export function anyWhims(latestMs: number): fc.Arbitrary<Whim[]> {
  return fc.array(
    fc.record({
      at: fc.nat(latestMs),
      what: fc.constantFrom(
        'caller_hangup',
        'agent_hangup',
        'agent_drain',
        'agent_lost',
        'agent_lost',
        'agent_reconnects',
        'api_hangup',
        'api_prompt',
        'api_transfer',
        'api_transfer',
        'leg_lost',
      ),
    }),
    { maxLength: 4 },
  );
}
