import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { callDescription, callFacts, carriesOn, latestLines } from '../../../src/agents/call-facts.ts';
import { identity } from '../../support/call.ts';
import { callContext } from '../../support/call-context.ts';

const line = fc.record({ party: fc.constantFrom('user' as const, 'agent' as const), text: fc.string() });

describe('the latest lines', () => {
  it('are the longest end of the transcript that fits', () => {
    fc.assert(
      fc.property(fc.array(line), fc.nat(100), (transcript, maxChars) => {
        const kept = latestLines(transcript, maxChars);
        const from = transcript.length - kept.length;
        expect(kept).toEqual(transcript.slice(from));
        const length = (lines: typeof transcript) => lines.reduce((sum, { text }) => sum + text.length, 0);
        expect(length(transcript.slice(from))).toBeLessThanOrEqual(maxChars);
        if (from > 0) expect(length(transcript.slice(from - 1))).toBeGreaterThan(maxChars);
      }),
    );
  });
});

describe('facts of a call', () => {
  const user = { waId: '15550001111', userId: 'US.1', parentUserId: null, name: 'Ann' };
  const numbers = { user, displayPhoneNumber: '+1 (555) 000-2222' };

  it.each([
    ['inbound', '+15550001111', '+15550002222'],
    ['outbound', '+15550002222', '+15550001111'],
  ] as const)('%s name who calls and who is called', (direction, from, to) => {
    const context = callContext({ identity: identity({ ...numbers, direction }) });
    expect(callFacts(context)).toMatchObject({ from_number: from, to_number: to, direction });
    const { call } = callDescription({}, context);
    const person = { phone: '15550001111', user_id: 'US.1', name: 'Ann' };
    expect(direction === 'inbound' ? call.from : call.to).toEqual(person);
    expect(direction === 'inbound' ? call.to : call.from).toMatchObject({ phone: '+1 (555) 000-2222', user_id: null });
  });

  it('name a person without a number by the user id, and nobody at all if nothing is known', () => {
    const hidden = { ...user, waId: null };
    const of = (person: typeof hidden | (typeof hidden & { userId: null })) =>
      callFacts(callContext({ identity: identity({ user: person, displayPhoneNumber: null, direction: 'inbound' }) }));
    expect(of(hidden)).toMatchObject({ from_number: 'US.1', to_number: null });
    expect(of({ ...hidden, userId: null as never })).toMatchObject({ from_number: null, contact_name: 'Ann' });
  });
});

describe('an agent carries on a conversation', () => {
  const lost = (failure: 'socket_lost' | 'connect_timeout') => ({ name: 'First', failure });
  const said = [{ party: 'user', text: 'Hello?' }] as const;

  it.each([
    [false, {}],
    [true, { attempt: 1 }],
    [true, { previousAgent: lost('socket_lost') }],
    [false, { previousAgent: lost('connect_timeout') }],
    [true, { previousAgent: lost('connect_timeout'), transcript: said }],
  ])('%s: %j', (carries, differences) => expect(carriesOn(callContext(differences))).toBe(carries));
});
