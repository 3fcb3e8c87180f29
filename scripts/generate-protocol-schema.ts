// Writes docs/protocol.schema.json from the schemas in the code: node scripts/generate-protocol-schema.ts && npm run format
import { writeFileSync } from 'node:fs';
import { protocolSchema } from '../src/agents/wires/raw/protocol-schema.ts';

writeFileSync(
  new URL('../docs/protocol.schema.json', import.meta.url),
  `${JSON.stringify(protocolSchema(), null, 2)}\n`,
);
