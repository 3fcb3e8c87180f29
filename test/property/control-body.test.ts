import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InvalidFields } from '../../src/agents/index.ts';
import { messageIn, promptIn, transferIn } from '../../src/calls-api/platform/control-body.ts';

const anyField = fc.constantFrom('prompt', 'interrupt', 'data', 'text', 'voice_agent_id', 'on_lost', 'context', 'then');
const value = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom('notice.ogg', '../notice.ogg', 'end', true, null),
  fc.dictionary(anyField, fc.jsonValue()),
);

test.each([promptIn, messageIn, transferIn])('%o takes a body or says which of its fields is wrong', (read) => {
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), fc.dictionary(anyField, value)), (body) => {
      try {
        read(body);
      } catch (fault) {
        expect(fault).toBeInstanceOf(InvalidFields);
        expect(Object.keys((fault as InvalidFields).fields)).not.toEqual([]);
      }
    }),
    { numRuns: 1_000 },
  );
});

test('a prompt that is taken is a plain name', () => {
  fc.assert(
    fc.property(fc.string(), (prompt) => {
      let taken: string | null = null;
      try {
        taken = promptIn({ prompt }).prompt;
      } catch {
        return;
      }
      expect(taken).toMatch(/^[\w][\w.-]*$/);
    }),
  );
});
