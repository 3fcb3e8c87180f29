import { readFileSync, writeFileSync } from 'node:fs';
import { withCatalogue } from './event-docs.ts';

const file = new URL('../docs/events.md', import.meta.url);

writeFileSync(file, withCatalogue(readFileSync(file, 'utf8')));
