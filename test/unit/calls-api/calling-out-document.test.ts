import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { dialRulesIn, toDialRules } from '../../../src/calls-api/platform/dial-rules.ts';
import { DENY_CODES } from '../../../src/permissions/deny.ts';
import { API_KEY } from '../../support/api-server.ts';
import { PHONE_NUMBER_ID } from '../../support/call-identity.ts';
import { CALLS, type DialApi, dialApi, dialBody } from '../../support/dial-api.ts';
import { USER } from '../../support/dial-order.ts';
import { nameOf } from '../../support/pretended-calls.ts';

const DOCUMENT = readFileSync(new URL('../../../docs/calling-out.md', import.meta.url), 'utf8');
const UUID = /[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/;
const WACID = 'wacid.HBgLMTU1NTAxMDAwMDE';

interface Example {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly payload: string;
  readonly answer: { readonly status: number; readonly headers: Record<string, string>; readonly body: unknown };
}

/** What must be so before the examples of a section, by its heading. */
const BEFORE: Readonly<Record<string, (api: DialApi) => Promise<unknown>>> = {
  'Place a call': (api) => api.grant(),
  'Ask, then call': (api) => api.message(),
  'At a time': async () => {},
  'Once, however often it is sent': async (api) => {
    await api.grant();
    await api.post(CALLS, dialBody(), { 'idempotency-key': 'order-12853' });
  },
  'Follow a call': async (api) => {
    await api.grant();
    const { body } = await api.post(CALLS, dialBody());
    await api.calls.end(body.data, { class: 'missed', reason: 'declined', endedBy: 'user', detail: null });
  },
  'When it is refused': async (api) => {
    await api.grant();
    await api.database.permissions.refused(PHONE_NUMBER_ID, USER, 138012, api.clock.now() + 90_000, api.clock.now());
  },
  'Dial rules': async () => {},
  connect: (api) => api.grant(),
  'Other actions': async (api) => {
    await api.grant();
    await api.post(CALLS, dialBody());
  },
  call_permissions: (api) => api.grant(),
  messages: (api) => api.message(),
};

describe('docs/calling-out.md', () => {
  const sections = DOCUMENT.split(/^#+ /m).map((text) => ({
    heading: text.slice(0, text.indexOf('\n')),
    examples: examplesIn(text),
  }));

  it.each(sections.filter(({ examples }) => examples.length > 0))(
    'has examples that work: $heading',
    async ({ heading, examples }) => {
      const api = await dialApi();
      await BEFORE[heading]!(api);
      for (const { answer, ...example } of examples) {
        const { method, url, headers, payload } = forCall(example, api.calls.placed.at(-1)?.id ?? '');
        const response = await api.server.inject({
          method,
          url,
          headers: { ...headers, 'x-api-key': API_KEY, ...(payload !== '' && { 'content-type': 'application/json' }) },
          ...(payload !== '' && { payload }),
        });
        expect(response.statusCode).toBe(answer.status);
        for (const [name, value] of Object.entries(answer.headers)) {
          expect(response.headers[name]).toEqual(like(value));
        }
        expect(response.json()).toMatchObject(like(answer.body) as object);
      }
    },
  );

  it('has an example for curl that is one of these requests', () => {
    const [, path, json] = /curl -i https:\/\/bridge\.example\.com(\S+)[\s\S]*?-d '(.*)'/.exec(DOCUMENT)!;
    expect([path, JSON.parse(json!)]).toEqual([CALLS, dialBody()]);
  });

  it('names every field of a dial, and every dial rule with its default', async () => {
    const rules = toDialRules(dialRulesIn({}));
    for (const [name, standard] of Object.entries(rules)) {
      expect(DOCUMENT).toContain(`| \`${name}\` | \`${JSON.stringify(standard)}\` |`);
    }
    const api = await dialApi();
    const wrong = {
      phone_number_id: 0,
      to: 0,
      recipient: 0,
      voice_agent_id: 0,
      permission: 0,
      ring_timeout_seconds: 0,
      context: 0,
      biz_opaque_callback_data: 0,
      schedule: 0,
      permission_deadline_seconds: 0,
      user_time_zone: 0,
    };
    const { body } = await api.post(CALLS, wrong);
    expect(Object.keys(body.errors).sort()).toEqual(Object.keys(wrong).sort());
    for (const name of Object.keys(wrong)) expect(DOCUMENT).toMatch(new RegExp(`^\\| \`${name}\` \\|`, 'm'));
  });

  it.each(Object.entries(DENY_CODES))('names the reason %s with its code %i', (reason, code) => {
    const row = new RegExp(`^\\|[^|]*\`${reason}\`[^|]*\\| \\d+ \\| ${code} \\|`, 'm');
    expect(DOCUMENT).toMatch(row);
  });
});

/** Requests and their answers take turns; a request alone is answered by what stands behind it. */
function examplesIn(text: string): Example[] {
  const blocks = [...text.matchAll(/```http\n([\s\S]*?)```/g)].map(([, block = '']) => messageOf(block));
  return blocks.flatMap((request, index) => {
    const [method, url] = request.first.split(' ');
    if (method !== 'GET' && method !== 'POST' && method !== 'PUT') return [];
    const answer = blocks[index + 1];
    if (answer === undefined || url === undefined) throw new Error(`no answer to ${request.first}`);
    const status = Number(answer.first.split(' ')[1]);
    const { headers } = answer;
    return [
      {
        method,
        url,
        headers: request.headers,
        payload: request.body,
        answer: { status, headers, body: JSON.parse(answer.body) },
      },
    ];
  });
}

function messageOf(block: string) {
  const [head = '', ...rest] = block.split('\n\n');
  const [first = '', ...lines] = head.trim().split('\n');
  const headers = lines.map((line) => line.split(': ')).map(([name = '', value = '']) => [name.toLowerCase(), value]);
  return { first, headers: Object.fromEntries(headers) as Record<string, string>, body: rest.join('\n\n').trim() };
}

/** Puts the ids of a real call in place of those of the document. */
function forCall<T extends { readonly url: string; readonly payload: string }>(example: T, id: string): T {
  const real = (text: string) => text.replace(UUID, id).replace(WACID, nameOf(id));
  return { ...example, url: real(example.url), payload: real(example.payload) };
}

/** Ids are others each time; everything else is as it is written. */
function like(told: unknown): unknown {
  if (typeof told === 'string') {
    if (/^wa(c|m)id\./.test(told)) return expect.stringMatching(new RegExp(`^${told.split('.')[0]}\\.`));
    return UUID.test(told) ? expect.stringMatching(new RegExp(`^${told.split(UUID)[0]}${UUID.source}`)) : told;
  }
  if (Array.isArray(told)) return told.map(like);
  if (typeof told !== 'object' || told === null) return told;
  return Object.fromEntries(Object.entries(told).map(([name, value]) => [name, like(value)]));
}
