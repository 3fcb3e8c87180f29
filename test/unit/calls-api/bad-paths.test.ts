import { describe, expect, it } from 'vitest';
import { API_KEY, testApi } from '../../support/api-server.ts';

const RULE = 'A part of the path is too long, or is not encoded as in URLs';

describe('a path that cannot be read', () => {
  it.each([
    '/meta/whatsapp/v24.0/106540352242922/contacts/+15550100001%zz',
    `/media/15550100001${'0'.repeat(600)}`,
    '/%zz',
  ])("is refused in Graph's envelope, and not repeated: %s", async (url) => {
    const { server } = await testApi();
    const { statusCode, body } = await server.inject({ url, headers: { 'x-api-key': API_KEY } });
    expect([statusCode, JSON.parse(body)]).toMatchObject([
      400,
      { error: { code: 100, error_data: { details: RULE } } },
    ]);
    expect(body).not.toContain('15550100001');
  });

  it.each(['%zz', '0'.repeat(600)])("is refused as the platform does below the platform's paths: %s", async (id) => {
    const { server } = await testApi();
    const url = `/platform/v1/voice_agents/${id}`;
    const answer = await server.inject({ url, headers: { 'x-api-key': API_KEY } });
    expect([answer.statusCode, answer.json()]).toEqual([400, { error: RULE }]);
  });
});
