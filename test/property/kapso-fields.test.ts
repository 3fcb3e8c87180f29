import { buildKapsoFields } from '@kapso/whatsapp-cloud-api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kapsoFieldsIn, withKapso } from '../../src/calls-api/base/kapso-fields.ts';

const BLOCK = { direction: 'inbound', status: 'read', content: 'Hello' };
const name = fc.stringMatching(/^[a-z][a-z_]{0,20}$/).filter((given) => given !== 'all' && given !== 'default');

describe('the parser of fields=kapso(…)', () => {
  it.each([
    ['no fields', {}],
    ['an empty text', { fields: '' }],
    ["Graph's own fields", { fields: 'id,display_phone_number' }],
    ['a bracket that is not closed', { fields: 'kapso(direction' }],
    ['a word that only ends like it', { fields: 'notkapso(direction)' }],
    ['kapso(default)', { fields: 'kapso(default)' }],
    ['kapso(*)', { fields: 'kapso(*)' }],
    ['kapso(ALL)', { fields: 'kapso(ALL)' }],
    ['all beside another', { fields: 'kapso(direction,all)' }],
    ['a number', { fields: 7 }],
  ])('takes %s for all of them', (_, query) => {
    expect(kapsoFieldsIn(query)).toBe('all');
  });

  it.each(['kapso()', 'id,kapso()', 'kapso( , )'])('takes %s for none', (fields) => {
    expect(kapsoFieldsIn({ fields })).toEqual(new Set());
    expect(withKapso({ id: '1' }, BLOCK, kapsoFieldsIn({ fields }))).toEqual({ id: '1' });
  });

  it('puts together what several selectors name', () => {
    expect(kapsoFieldsIn({ fields: ['kapso(a)', 'id,KAPSO( b ,c)'] })).toEqual(new Set(['a', 'b', 'c']));
  });

  it("reads what Kapso's SDK builds", () => {
    fc.assert(
      fc.property(fc.array(name), (names) => {
        expect(kapsoFieldsIn({ fields: buildKapsoFields(names) })).toEqual(new Set(names));
      }),
    );
  });

  it('never throws, and never leaves out a field of the record', () => {
    const anything = fc.oneof(
      fc.string(),
      fc.array(fc.string()),
      fc.anything(),
      fc.string().map((text) => `kapso(${text})`),
    );
    fc.assert(
      fc.property(anything, (fields) => {
        const record = { id: '1', direction: 'of the record', status: null };
        const { kapso = {}, ...rest } = withKapso(record, BLOCK, kapsoFieldsIn({ fields }));
        expect(rest).toEqual(record);
        expect(BLOCK).toMatchObject(kapso);
      }),
    );
  });

  it('is not slowed down by what a client sends', () => {
    const started = performance.now();
    for (const text of ['kapso('.repeat(700), '('.repeat(4_000), ',kapso '.repeat(580), `kapso${' '.repeat(4_000)}`]) {
      kapsoFieldsIn({ fields: text });
    }
    expect(performance.now() - started).toBeLessThan(500);
  });
});
