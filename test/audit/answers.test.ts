import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { notedAnswers } from '../support/answers.ts';

interface Described {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { operationId: string; responses: Record<string, unknown> }>>>
  >;
}

/** A fault of ours: no test may bring one about. */
const NEVER = ['500'];

describe('The description of the API', () => {
  it('tells of no status that no test has seen', () => {
    const { paths } = JSON.parse(readFileSync('docs/openapi.json', 'utf8')) as Described;
    const seen = notedAnswers();
    const unseen = Object.values(paths)
      .flatMap((operations) => Object.values(operations))
      .flatMap(({ operationId, responses }) => Object.keys(responses).map((status) => [operationId, status] as const))
      .filter(([, status]) => status !== 'default' && !NEVER.includes(status))
      .map(([operation, status]) => `${operation} ${status}`)
      .filter((answer) => !seen.has(answer));
    expect(unseen).toEqual([]);
  });

  it('tells of a fault of ours that no test has brought about', () => {
    expect([...notedAnswers()].filter((answer) => answer.endsWith(' 500'))).toEqual([]);
  });
});
