import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ApiServerOptions } from '../../../src/calls-api/index.ts';
import { API_KEY, apiKeyOf, testApi } from '../../support/api-server.ts';
import { askAsBearer } from '../../support/as-bearer.ts';

const AGENTS = '/platform/v1/voice_agents';
const GRAPH_CALLS = '/meta/whatsapp/v24.0/106540352242922/calls';
const WRONG_PER_MINUTE = 60;

// The limiter asks the clock of the wall.
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 }));
afterEach(() => void vi.useRealTimers());

async function house(options: Partial<ApiServerOptions> = {}) {
  const api = await testApi({ requestsPerSecond: 3, ...options });
  const from = async (remoteAddress: string, key: string | null, headers: Record<string, string> = {}) => {
    const given = key === null ? headers : { 'x-api-key': key, ...headers };
    const response = await api.server.inject({ method: 'GET', url: AGENTS, headers: given, remoteAddress });
    return response.statusCode;
  };
  const guess = async (address: string, times = WRONG_PER_MINUTE, headers: Record<string, string> = {}) => {
    for (let turn = 0; turn < times; turn += 1) {
      expect(await from(address, `tw_guess-${turn}`, headers)).toBe(401);
    }
  };
  return { ...api, from, guess, ask: (key: string, url = AGENTS) => askAsBearer(api.server, key, 'GET', url) };
}

describe('the requests of one key', () => {
  it('are told what is left to them, and are limited over all routes together', async () => {
    const { ask } = await house();
    const first = await ask(API_KEY);
    expect(first.headers).toMatchObject({ 'x-ratelimit-limit': '3', 'x-ratelimit-remaining': '2' });
    await ask(API_KEY, GRAPH_CALLS);
    await ask(API_KEY, `${AGENTS}/unknown`);
    const { status, headers, body } = await ask(API_KEY);
    expect([status, body]).toEqual([429, { error: 'Too many requests with this key' }]);
    expect(headers).toMatchObject({ 'retry-after': '1', 'x-ratelimit-limit': '3', 'x-ratelimit-remaining': '0' });
  });

  it("are refused on Graph's routes with a code that its clients take for throttling", async () => {
    const { ask } = await house();
    for (let turn = 0; turn < 3; turn += 1) await ask(API_KEY);
    const { status, headers, body } = await ask(API_KEY, GRAPH_CALLS);
    expect([status, body.error.code, headers['retry-after']]).toEqual([429, 80007, '1']);
  });

  it('may go on in the next second', async () => {
    const { ask } = await house();
    for (let turn = 0; turn < 4; turn += 1) await ask(API_KEY);
    vi.setSystemTime(Date.now() + 999);
    expect((await ask(API_KEY)).status).toBe(429);
    vi.setSystemTime(Date.now() + 1);
    expect((await ask(API_KEY)).status).toBe(200);
  });

  it('do not count for another', async () => {
    const { ask, database } = await house();
    const other = await apiKeyOf(database);
    for (let turn = 0; turn < 4; turn += 1) await ask(API_KEY);
    expect((await ask(other)).status).toBe(200);
  });

  it('that its scope does not open count as well', async () => {
    const { server, ask, database } = await house();
    const key = await apiKeyOf(database, { scope: 'read' });
    for (let turn = 0; turn < 3; turn += 1) {
      expect((await askAsBearer(server, key, 'POST', AGENTS, { payload: {} })).status).toBe(403);
    }
    expect((await ask(key)).status).toBe(429);
  });

  it('are as many as they like without a limit', async () => {
    const { ask, from } = await house({ requestsPerSecond: 0 });
    for (let turn = 0; turn < 200; turn += 1) expect((await ask(API_KEY)).status).toBe(200);
    for (let turn = 0; turn < 200; turn += 1) expect(await from('192.0.2.1', 'wrong')).toBe(401);
    expect((await ask(API_KEY)).headers).not.toHaveProperty('x-ratelimit-limit');
  });
});

describe('an address that tries keys', () => {
  it('is shut out for a while, with the right key too', async () => {
    const { from, guess } = await house();
    await guess('192.0.2.1');
    expect([await from('192.0.2.1', 'tw_more'), await from('192.0.2.1', null)]).toEqual([429, 429]);
    expect(await from('192.0.2.1', API_KEY)).toBe(429);
    vi.setSystemTime(Date.now() + 60_000);
    expect(await from('192.0.2.1', API_KEY)).toBe(200);
  });

  it('is told until when', async () => {
    const { server, guess } = await house();
    await guess('192.0.2.1');
    vi.setSystemTime(Date.now() + 20_000);
    const response = await server.inject({ method: 'GET', url: AGENTS, remoteAddress: '192.0.2.1' });
    expect([response.statusCode, response.headers['retry-after']]).toEqual([429, '40']);
    expect(response.json()).toEqual({ error: 'Too many wrong keys came from this address' });
  });

  it('is alone with that', async () => {
    const { from, guess } = await house();
    await guess('192.0.2.1');
    await from('192.0.2.1', 'tw_more');
    expect(await from('192.0.2.2', API_KEY)).toBe(200);
  });

  it('does not shut out those behind it whose key has opened before', async () => {
    const { from, guess, database } = await house();
    const key = await apiKeyOf(database);
    expect(await from('192.0.2.1', key)).toBe(200);
    await guess('192.0.2.1');
    await from('192.0.2.1', 'tw_more');
    expect(await from('192.0.2.1', key)).toBe(200);
    expect(await from('192.0.2.1', API_KEY)).toBe(429);
  });

  it('is one with its IPv6 network, and with itself as IPv4', async () => {
    const { from, guess } = await house();
    await guess('2001:db8:1:2::1', WRONG_PER_MINUTE / 2);
    await guess('2001:db8:1:2::ffff', WRONG_PER_MINUTE / 2);
    expect(await from('2001:db8:1:2::9', 'tw_more')).toBe(429);
    expect(await from('2001:db8:1:3::9', 'tw_more')).toBe(401);
    await guess('192.0.2.1');
    expect(await from('::ffff:192.0.2.1', 'tw_more')).toBe(429);
  });

  it('is the one that a trusted proxy names, and nobody else is believed', async () => {
    const { from, guess } = await house({ trustedProxies: ['10.0.0.0/8'] });
    const behind = (address: string) => ({ 'x-forwarded-for': address });
    await guess('10.1.2.3', WRONG_PER_MINUTE, behind('192.0.2.1'));
    expect(await from('10.1.2.3', 'tw_more', behind('192.0.2.1'))).toBe(429);
    expect(await from('10.1.2.3', API_KEY, behind('192.0.2.2'))).toBe(200);
    await guess('203.0.113.7', WRONG_PER_MINUTE, behind('192.0.2.9'));
    expect(await from('203.0.113.7', 'tw_more', behind('192.0.2.8'))).toBe(429);
    expect(await from('10.1.2.3', API_KEY, behind('192.0.2.9'))).toBe(200);
  });

  it('is not written down', async () => {
    const { from, guess, logged } = await house();
    await guess('192.0.2.1');
    await from('192.0.2.1', 'tw_more');
    expect(logged).toEqual([]);
  });
});
