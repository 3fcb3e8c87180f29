import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { duplicateName } from '../../src/calls-api/base/json-duplicates.ts';
import { createGraphProxy } from '../../src/signaling/index.ts';
import { addNumber, addProject } from '../support/api-server.ts';
import { PHONE_NUMBER_ID } from '../support/call-identity.ts';
import { graphApi, TOKEN } from '../support/graph-api.ts';
import { GraphServer } from '../support/graph-server.ts';
import { numberSettings } from '../support/number-settings.ts';
import { OUR_NUMBER, ourDirectory } from '../support/webhook.ts';

const WABA = '102290129340398';
const OTHERS = '222000000000002';
const OBJECT = '1037543291543636';

const fragment = fc.oneof(
  fc.constantFrom(PHONE_NUMBER_ID, WABA, OTHERS, OBJECT, 'v23.0', 'v9.99', 'me', 'media', 'calls', 'messages'),
  fc.constantFrom(
    '..',
    '.',
    '...',
    '%2e%2e',
    '%2E.',
    '%2f',
    '%5c',
    '\\',
    ';',
    '%00',
    '%0d%0a',
    '@evil',
    '%252e%252e',
    '',
  ),
  fc.constantFrom('https:', 'http://evil.example', '//evil.example', ':8080', 'debug_token', 'oauth', '#', '%23', '%'),
  fc.stringMatching(/^[!-~]{0,12}$/),
);
/** Else nothing would get as far as Graph. */
const mostly = (usual: fc.Arbitrary<string>, odd: fc.Arbitrary<string>) =>
  fc.oneof({ weight: 6, arbitrary: usual }, { weight: 1, arbitrary: odd });
const version = mostly(fc.constantFrom('v16.0', 'v24.0', 'v99.0'), fc.constantFrom('v1', ''));
const id = fc.constantFrom(PHONE_NUMBER_ID, WABA, OTHERS, OBJECT, 'me');
const edge = mostly(fc.constantFrom('media', 'phones', 'message_templates'), fragment);
const path = fc
  .tuple(
    mostly(
      fc.constantFrom('/meta/whatsapp', '/api/meta'),
      fc.constantFrom('/meta/../meta/whatsapp', '/meta/whatsapp/..', ''),
    ),
    fc.oneof(fc.array(fragment, { maxLength: 6 }), fc.tuple(version, id, edge), fc.tuple(version, id, fragment, edge)),
    mostly(fc.constantFrom('/', ''), fc.constant('//')),
    fc.constantFrom(
      '',
      `?phone_number_id=${PHONE_NUMBER_ID}`,
      `?phone_number_id=${OTHERS}`,
      '?a=/../..&b=%2e%2e#x',
      '?access_token=x&method=get',
    ),
  )
  .map(([base, parts, end, query]) => `${[base, ...parts].join('/')}${end}${query}`)
  .filter((text) => text.startsWith('/') && !/[^!-~]/.test(text));

/** The requests that may leave: below a version, an id of the caller first, and no way up. */
const MAY_LEAVE = new RegExp(
  `^/v\\d+\\.\\d+/(?:${PHONE_NUMBER_ID}|${WABA}|[\\w:=-]*\\d[\\w:=-]*)(?:/[^/?]+)*(?:\\?.*)?$`,
);

describe('whatever path a client sends', () => {
  it('what leaves goes to Graph, below the version, and begins with an id that the caller may use', async () => {
    const api = await graphApi();
    await api.database.numbers.upsert(
      numberSettings({ businessAccountId: WABA, credentials: { kind: 'bearer', secret: TOKEN } }),
      1,
    );
    await addNumber(api.database, OTHERS, (await addProject(api.database)).id);
    api.graph.answers({ status: 200, body: {} });
    let passed = 0;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('GET', 'POST', 'DELETE'), path, async (method, text) => {
        const { status } = await api.ask(text, { method });
        expect(status).toBeLessThan(500);
        for (const seen of api.graph.requests.splice(0)) {
          passed += 1;
          expect(seen.path).toMatch(MAY_LEAVE);
          expect(seen.method).toBe(method);
          const [way = '', query = ''] = seen.path.split('?');
          const [, version, id, ...rest] = way.split('/');
          expect(rest.some((segment) => /^\.*$|%|\\/.test(segment))).toBe(false);
          expect(text.includes(`/${version}/`) || version === 'v24.0').toBe(true);
          expect(id).not.toBe(OTHERS);
          if (id !== PHONE_NUMBER_ID && id !== WABA) expect(query).toContain(`phone_number_id=${PHONE_NUMBER_ID}`);
          expect(query).not.toMatch(/access_token|method=/);
          expect(seen.headers.authorization).toBe(`Bearer ${TOKEN}`);
        }
      }),
      { numRuns: 1_000 },
    );
    expect(passed).toBeGreaterThan(50);
    expect(api.logged).toEqual([]);
  });

  it('segments that got as far as the proxy stay below the version all the same', async () => {
    const graph = await GraphServer.start();
    graph.answers({ status: 200, body: {} });
    const credentials = async () => ({ kind: 'bearer', secret: 'token-1' }) as const;
    const proxy = createGraphProxy({
      baseUrl: `${graph.url}/base/`,
      version: 'v24.0',
      directory: ourDirectory({ credentials }),
    });
    const { signal } = new AbortController();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(fragment, fc.string()), { minLength: 1, maxLength: 4 }), async (segments) => {
        const asked = {
          method: 'GET',
          phoneNumberId: OUR_NUMBER,
          version: null,
          segments,
          query: '',
          headers: {},
        } as const;
        const passing = proxy.pass({ ...asked, body: null, bodyLength: null, home: '', signal });
        const isNoPath = segments.some((segment) => /^\.{0,2}$/.test(segment));
        if (isNoPath) await expect(passing).rejects.toThrow(TypeError);
        else if (segments.every((segment) => segment.isWellFormed())) await passing;
        else await passing.catch(() => {});
        for (const { path: seen } of graph.requests.splice(0)) {
          expect(seen.split('/').slice(0, 3)).toEqual(['', 'base', 'v24.0']);
          expect(seen.split('/').slice(3).map(decodeURIComponent)).toEqual(segments);
        }
      }),
      { numRuns: 300 },
    );
    await proxy.close();
    await graph.stop();
  });
});

describe('a name that an object has twice', () => {
  it('is found wherever it is, and only if it is there', () => {
    const inside = fc.jsonValue();
    fc.assert(
      fc.property(fc.jsonValue(), inside, (value, other) => {
        expect(duplicateName(JSON.stringify(value))).toBeNull();
        expect(duplicateName(JSON.stringify(value, null, 2))).toBeNull();
        const [one, two] = [JSON.stringify(value), JSON.stringify(other)];
        expect(duplicateName(`[${one},{"x":${one},"b":${two}, "\\u0078" \n${' '.repeat(99)}: ${two}}]`)).toBe('x');
        expect(duplicateName(`{"x":{"x":"x"},"y":["x","x:",{"x":"{\\"x\\":1,"}]}`)).toBeNull();
      }),
      { numRuns: 300 },
    );
  });
});
