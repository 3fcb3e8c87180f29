import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { catalogue, withCatalogue } from '../../../scripts/event-docs.ts';
import { EVENT_TYPES, sampleOf } from '../../../src/events/index.ts';
import { PAYLOADS } from '../../../src/events/payloads.ts';

const document = readFileSync(new URL('../../../docs/events.md', import.meta.url), 'utf8');

describe('docs/events.md', () => {
  it('holds the catalogue as `node scripts/generate-event-docs.ts` makes it', () => {
    expect(withCatalogue(document)).toBe(document);
    expect(document).toContain(catalogue());
  });

  it('has every event', () => {
    const headings = [...catalogue().matchAll(/^### (\S+)$/gm)].map(([, type]) => type);
    expect(headings).toEqual([...EVENT_TYPES]);
  });
});

describe('the sample', () => {
  it.each(EVENT_TYPES)('of %s has its shape, and no key that the shape has not', (type) => {
    const sample = JSON.parse(sampleOf(type));
    expect(PAYLOADS[type].parse(sample)).toEqual(sample);
    expect(sample).toMatchObject({ type, phone_number_id: expect.any(String), project_id: expect.any(String) });
  });
});
