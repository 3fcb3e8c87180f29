import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { notedAnswers } from '../support/answers.ts';

interface Described {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
}

it('The description of the API tells of no answer that no test has seen', () => {
  const { paths } = JSON.parse(readFileSync('docs/openapi.json', 'utf8')) as {
    paths: Record<string, Record<string, Described>>;
  };
  const seen = notedAnswers();
  const unseen = Object.values(paths)
    .flatMap((operations) => Object.entries(operations))
    .flatMap(([method, operation]) =>
      statusesOf(method, operation).map((status) => `${operation.operationId} ${status}`),
    )
    .filter((answer) => !seen.has(answer));
  expect(unseen).toEqual([]);
});

/** Those that the operation itself brings about, and not by a fault of ours. */
function statusesOf(method: string, { responses }: Described): readonly string[] {
  return Object.entries(responses)
    .filter(([status]) => status !== 'default' && status !== '500')
    .filter(([status, { description }]) => !(status === '400' && method === 'get' && OF_THE_PATH.test(description)))
    .map(([status]) => status);
}

/** Alone, and without a body to be wrong: a path that cannot be read, of which bad-paths.test.ts has all forms. */
const OF_THE_PATH = /^`bad_request`: [^\n]*$/;
