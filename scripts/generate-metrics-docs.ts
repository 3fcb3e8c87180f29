import { readFileSync, writeFileSync } from 'node:fs';
import { withMetrics } from './metrics-docs.ts';

const file = new URL('../docs/operating.md', import.meta.url);

writeFileSync(file, withMetrics(readFileSync(file, 'utf8')));
