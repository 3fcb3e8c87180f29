import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { testApi } from '../../support/api-server.ts';

const kept = readFileSync(new URL('../../../docs/openapi.json', import.meta.url), 'utf8');

describe('docs/openapi.json', () => {
  it('is what the service tells of itself, as `node scripts/generate-openapi.ts` writes it', async () => {
    const { server } = await testApi();
    const told: unknown = (await server.inject({ url: '/openapi.json' })).json();
    expect(told).toMatchObject({ openapi: expect.stringMatching(/^3\.1\./) });
    expect(JSON.parse(kept)).toEqual(told);
  });

  it('can be read as a page, without a key', async () => {
    const { server } = await testApi();
    const { statusCode, headers } = await server.inject({ url: '/docs/' });
    expect([statusCode, headers['content-type']]).toEqual([200, expect.stringContaining('text/html')]);
  });
});
