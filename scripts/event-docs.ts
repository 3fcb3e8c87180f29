import { EVENT_MEANINGS } from '../src/events/event-meanings.ts';
import { EVENT_TYPES } from '../src/events/event-types.ts';
import { sampleOf } from '../src/events/samples.ts';
import { type Section, withSection } from './error-docs.ts';

/** The part of docs/events.md that is made from the events' room. */
const CATALOGUE: Section = { begin: '<!-- events: begin -->', end: '<!-- events: end -->' };

/** Puts the catalogue into the document, in the place of the old one or at the end. */
export function withCatalogue(document: string): string {
  return withSection(document, CATALOGUE, catalogue());
}

/** The catalogue, marks included, without a line end after it. */
export function catalogue(): string {
  const parts = EVENT_TYPES.map(
    (type) => `### ${type}\n\n${EVENT_MEANINGS[type]}\n\n\`\`\`json\n${sampleOf(type)}\n\`\`\``,
  );
  return [
    CATALOGUE.begin,
    '<!-- Made by `node scripts/generate-event-docs.ts` from src/events. Do not edit by hand. -->',
    '',
    '## Catalogue',
    '',
    ...EVENT_TYPES.map((type) => `- [\`${type}\`](#${type.replaceAll('.', '')})`),
    '',
    parts.join('\n\n'),
    '',
    CATALOGUE.end,
  ].join('\n');
}
