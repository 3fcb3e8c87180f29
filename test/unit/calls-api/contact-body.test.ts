import { describe, expect, it } from 'vitest';
import { InvalidFields } from '../../../src/agents/index.ts';
import { bodyIn } from '../../../src/calls-api/base/body-in.ts';
import { contactBody, toContactChanges } from '../../../src/calls-api/graph/contact-body.ts';

const changesIn = (body: unknown) => toContactChanges(bodyIn(contactBody, body, 'whatsapp_contact'));

/** The fields at fault, and their rules. */
function faultsOf(body: unknown): unknown {
  try {
    return changesIn(body);
  } catch (fault) {
    if (fault instanceof InvalidFields) return fault.fields;
    throw fault;
  }
}

function nested(levels: number): unknown {
  return levels === 0 ? 1 : { in: nested(levels - 1) };
}

describe('the body that changes a contact', () => {
  it('names what changes, clears by null, and may stand in an envelope', () => {
    expect(changesIn({ display_name: 'Ada', profile_name: null })).toEqual({ displayName: 'Ada', profileName: null });
    expect(changesIn({ metadata: null })).toEqual({ metadata: null });
    const metadata = { tags: ['vip'], any: { thing: [1, null, true] } };
    expect(changesIn({ whatsapp_contact: { metadata, customer_id: 'x' } })).toEqual({ metadata });
  });

  it.each([
    ['no object', [], { base: ['must be an object'] }],
    ['nothing that it knows', { customer_id: 'x' }, { base: [expect.stringContaining('must be given')] }],
    ['an empty name', { display_name: ' ' }, { display_name: [expect.stringContaining('1 to 256 characters')] }],
    ['a long name', { profile_name: 'x'.repeat(257) }, { profile_name: [expect.stringContaining('256')] }],
    ['a list as metadata', { metadata: [] }, { metadata: [expect.stringContaining('must be an object')] }],
    ['large metadata', { metadata: { a: 'ä'.repeat(4_096) } }, { metadata: [expect.stringContaining('8192 bytes')] }],
    ['deep metadata', { metadata: nested(9) }, { metadata: [expect.stringContaining('8 levels')] }],
  ])('is refused with %s', (_, body, faults) => {
    expect(faultsOf(body)).toEqual(faults);
  });

  it('takes metadata up to its limits', () => {
    expect(changesIn({ metadata: nested(8) })).toEqual({ metadata: nested(8) });
    const large = { a: 'x'.repeat(8_192 - 8) };
    expect(changesIn({ metadata: large })).toEqual({ metadata: large });
  });
});
