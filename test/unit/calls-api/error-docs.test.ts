import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { apiErrors, withApiErrors } from '../../../scripts/error-docs.ts';
import { API_ERRORS } from '../../../src/calls-api/index.ts';

const document = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');

describe('docs/errors.md', () => {
  it('holds the table of our own errors as `node scripts/generate-error-docs.ts` makes it', () => {
    expect(document).toContain(apiErrors());
    expect(withApiErrors(document)).toBe(document);
  });

  it('has a row for every error', () => {
    const rows = apiErrors()
      .split('\n')
      .filter((line) => /^\| \d/.test(line));
    expect(rows).toHaveLength(Object.keys(API_ERRORS).length);
    for (const [index, { status, message }] of Object.values(API_ERRORS).entries()) {
      expect(rows[index]).toMatch(new RegExp(`^\\| ${status} \\|`));
      expect(rows[index]).toContain(message);
    }
  });
});
