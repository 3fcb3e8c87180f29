import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isShallow } from '../../../src/agents/json.ts';
import { isDeeper } from '../../../src/calls-api/base/json-depth.ts';
import { API_KEY, testApi } from '../../support/api-server.ts';

const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE'] as const;
const TOO_DEEP = 'The body is nested deeper than 60 levels';
const objects = (levels: number) => `${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`;
const arrays = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;

/** Every route behind a key that takes a body, and what a body is answered that is sent to it. */
async function guardedRoutes() {
  const { server, logged } = await testApi();
  const routes: { readonly method: (typeof METHODS)[number]; readonly url: string }[] = [];
  server.addHook('onRoute', ({ method, url, config }) => {
    if (url.startsWith('/webhooks') || url.startsWith('/2010-04-01')) return;
    // Bodies that only flow through are read by Graph.
    if (config?.operation?.passesThrough === true && config.operation.body === undefined) return;
    const path = url.replace(/:version\([^/]*\)/, 'v24.0').replaceAll(/:\w+/g, '1');
    for (const each of METHODS) if ([method].flat().includes(each)) routes.push({ method: each, url: path });
  });
  await server.ready();
  const send = async (route: (typeof routes)[number], payload: string) => {
    const headers = { 'x-api-key': API_KEY, 'content-type': 'application/json; charset=utf-8' };
    const response = await server.inject({ ...route, headers, payload });
    const told = response.json();
    return { status: response.statusCode, text: told.error?.error_data?.details ?? told.error };
  };
  return { routes, send, logged };
}

describe('a JSON body', () => {
  it.each([
    ['61 objects', objects(61)],
    ['61 arrays', arrays(61)],
    ['objects without number', objects(50_000)],
    ['arrays without number', arrays(400_000)],
    ['arrays without number, which nobody closes', '['.repeat(400_000)],
    ['objects in the last of many fields', `{${'"a":"]}]}",'.repeat(1_000)}"b":${objects(60)}}`],
  ])('that is too deep is refused by every route in the same words: %s', async (_, body) => {
    const { routes, send, logged } = await guardedRoutes();
    expect(routes.length).toBeGreaterThan(20);
    for (const route of routes)
      expect([route, await send(route, body)]).toEqual([route, { status: 400, text: TOO_DEEP }]);
    expect(logged).toEqual([]);
  });

  it.each([
    ['60 objects', objects(60)],
    ['60 arrays', arrays(60)],
    ['brackets in a text', JSON.stringify({ name: '[{'.repeat(200) })],
    ['brackets behind quotes in a text', JSON.stringify({ name: `"\\"${'['.repeat(200)}` })],
    ['many objects side by side', JSON.stringify({ name: Array.from({ length: 200 }, () => ({ a: [{}] })) })],
  ])('that is deep enough for all is not: %s', async (_, body) => {
    const { routes, send } = await guardedRoutes();
    for (const route of routes) expect([route, (await send(route, body)).text]).not.toEqual([route, TOO_DEEP]);
  });

  it('that cannot be read is refused by every route in the same words', async () => {
    const { routes, send } = await guardedRoutes();
    for (const body of ['{"a":', '', '{"__proto__":{"a":1}}', '"\\']) {
      for (const route of routes) {
        const refused = { status: 400, text: 'The request could not be read' };
        expect([route, await send(route, body)]).toEqual([route, refused]);
      }
    }
  });
});

describe('the depth of a JSON text', () => {
  it('is that of its value', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 8 }), fc.nat(9), (text, levels) => {
        const value: unknown = JSON.parse(text);
        const shallow = typeof value !== 'object' || value === null || isShallow(value, levels);
        expect(isDeeper(text, levels)).toBe(!shallow);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is told of any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('"', '\\', '[', ']', '{', '}', 'a') }), (text) => {
        expect(typeof isDeeper(text, 3)).toBe('boolean');
      }),
    );
  });
});
