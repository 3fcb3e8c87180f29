import { readFileSync, writeFileSync } from 'node:fs';
import { withApiErrors, withMetaErrors } from './error-docs.ts';

const file = new URL('../docs/errors.md', import.meta.url);

let document = '# Errors\n';
try {
  document = readFileSync(file, 'utf8');
} catch {
  // The first time there is none.
}
writeFileSync(file, withApiErrors(withMetaErrors(document)));
