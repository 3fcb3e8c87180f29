import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { META_SECTION, metaErrors, withMetaErrors } from '../../../scripts/error-docs.ts';
import { META_ERRORS } from '../../../src/signaling/index.ts';

const document = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');

describe('docs/errors.md', () => {
  it("holds the table of Meta's errors as `node scripts/generate-error-docs.ts` makes it", () => {
    expect(withMetaErrors(document)).toBe(document);
    expect(document).toContain(metaErrors());
  });

  it('has a row for every code', () => {
    const codes = [...metaErrors().matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
    expect(codes).toEqual(META_ERRORS.map(({ code }) => code));
  });

  it('keeps what others write around that table', () => {
    const stale = `# Errors\n\nBefore.\n\n${META_SECTION.begin}\nold\n${META_SECTION.end}\n\nAfter.\n`;
    expect(withMetaErrors(stale)).toBe(`# Errors\n\nBefore.\n\n${metaErrors()}\n\nAfter.\n`);
    expect(withMetaErrors('# Errors\n')).toBe(`# Errors\n\n${metaErrors()}\n`);
  });
});
