import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidFields } from '../../../src/agents/index.ts';
import type { Database } from '../../../src/storage/index.ts';
import { askAsClient, testApi } from '../../support/api-server.ts';
import { PHONE_NUMBER_ID } from '../../support/call-identity.ts';

/** The same rules as the API spells them, and as they are kept. */
interface Spelled {
  readonly sent: object;
  readonly kept: object;
}

/** One set of rules of a number, and what there is to know of it. */
export interface RulesOfANumber<Rules> {
  /** Such as `call_rules`: the last part of the path, and the envelope of a body. */
  readonly name: string;
  /** Where the calls of a number look them up. */
  readonly keptIn: (numbers: Database['numbers'], phoneNumberId: string) => Rules | null | undefined;
  readonly rulesIn: (body: unknown) => Rules;
  readonly toAnswer: (rules: Rules) => object;
  readonly defaults: Spelled;
  readonly others: Spelled;
  /** A body that names only one of them, and how the API spells that one. */
  readonly single: { readonly sent: object; readonly shown: object };
  /** Bodies that are refused, each with the field that is named and a part of what is said of it. */
  readonly refused: readonly [body: object, field: string, rule: string][];
  /** Bodies that are rules, or nearly. */
  readonly near: fc.Arbitrary<object>;
}

/** The tests of one set of rules. */
export function testRules<Rules>(set: RulesOfANumber<Rules>): void {
  const url = `/platform/v1/whatsapp/phone_numbers/${PHONE_NUMBER_ID}/${set.name}`;
  const answer = (rules: object) => ({ status: 200, body: { data: { phone_number_id: PHONE_NUMBER_ID, ...rules } } });
  const { defaults, others, single } = set;

  describe(`the ${set.name} of a number`, () => {
    it('are the defaults at first, are replaced as a whole, and are what its calls go by', async () => {
      const { server, database } = await testApi();
      expect(await askAsClient(server, 'GET', url)).toEqual(answer(defaults.sent));
      expect(set.keptIn(database.numbers, PHONE_NUMBER_ID)).toEqual(defaults.kept);
      expect(await askAsClient(server, 'PUT', url, { [set.name]: others.sent })).toEqual(answer(others.sent));
      expect(await askAsClient(server, 'GET', url)).toEqual(answer(others.sent));
      expect(set.keptIn(database.numbers, PHONE_NUMBER_ID)).toEqual(others.kept);
      const changed = answer({ ...defaults.sent, ...single.shown });
      expect(await askAsClient(server, 'PUT', url, single.sent)).toEqual(changed);
    });

    it('are of our numbers only, and for those with a key', async () => {
      const { server } = await testApi();
      const missing = { status: 404, body: { error: 'Phone number not found' } };
      const foreign = url.replace(PHONE_NUMBER_ID, '1');
      expect(await askAsClient(server, 'GET', foreign)).toEqual(missing);
      expect(await askAsClient(server, 'PUT', foreign, {})).toEqual(missing);
      expect((await server.inject({ method: 'PUT', url, payload: {} })).statusCode).toBe(401);
      expect((await server.inject({ method: 'GET', url })).statusCode).toBe(401);
    });

    it.each(set.refused)('cannot be %j', async (body, field, rule) => {
      const { server, database } = await testApi();
      const { status, body: refusal } = await askAsClient(server, 'PUT', url, body);
      expect(status).toBe(422);
      expect(refusal.errors[field]).toEqual([expect.stringContaining(rule)]);
      expect(set.keptIn(database.numbers, PHONE_NUMBER_ID)).toEqual(defaults.kept);
    });

    it('are refused by field, whatever the body, or mean the same when they are sent again', () => {
      const bodies = fc.oneof(set.near, set.near, fc.record({ [set.name]: set.near }), fc.anything());
      fc.assert(
        fc.property(bodies, (body) => {
          try {
            const rules = set.rulesIn(body);
            expect(set.rulesIn(JSON.parse(JSON.stringify(set.toAnswer(rules))))).toEqual(rules);
          } catch (fault) {
            if (!(fault instanceof InvalidFields)) throw fault;
            expect(Object.keys(fault.fields).length).toBeGreaterThan(0);
          }
        }),
        { numRuns: 500 },
      );
    });
  });
}
