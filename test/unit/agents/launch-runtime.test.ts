import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { launchProject } from '../../../src/agents/launch/launch-project.ts';
import { createLauncher, type LauncherOptions } from '../../../src/agents/launch/launch-runtime.ts';
import { identity } from '../../support/call.ts';
import { launchOf, runtimeTarget } from '../../support/pipecat-call.ts';

const TOKEN = 'EAAG-very-secret';
const WEBHOOK = { object: 'whatsapp_business_account', entry: [{ id: 'waba-1', changes: [] }] };

describe('launching a runtime', () => {
  let route: Server;
  let url: string;
  let status: number;
  let asked: { readonly headers: IncomingMessage['headers']; readonly body: unknown }[];

  beforeEach(async () => {
    status = 200;
    asked = [];
    route = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      asked.push({ headers: request.headers, body: JSON.parse(Buffer.concat(chunks).toString('utf8')) });
      response.writeHead(status).end(`no: ${TOKEN}`);
    });
    route.listen(0, '127.0.0.1');
    await once(route, 'listening');
    url = `http://127.0.0.1:${(route.address() as AddressInfo).port}/v1/public/bot/start`;
  });
  afterEach(() => {
    route.closeAllConnections();
    route.close();
  });

  function launcher(differences: Partial<LauncherOptions> = {}) {
    return createLauncher({
      credentials: async (id) => (id === 'pn-1' ? TOKEN : null),
      project: () => ({ id: 'p-1', name: 'Shop', slug: 'shop' }),
      allowLinkLocal: false,
      ...differences,
    });
  }

  it("posts Kapso's payload", async () => {
    const call = identity({ displayPhoneNumber: '+1 555 0100', startedAt: Date.UTC(2026, 10, 20, 12) });
    const target = runtimeTarget({ url, key: 'pk_1', parameters: { tier: 'gold' } });
    const result = await launcher().launch(call, launchOf(target), WEBHOOK);
    expect(result).toEqual({ type: 'launched', tookMs: expect.any(Number) });
    expect(asked).toHaveLength(1);
    expect(asked[0]!.headers).toMatchObject({ authorization: 'Bearer pk_1', 'content-type': 'application/json' });
    expect(asked[0]!.body).toEqual({
      createDailyRoom: false,
      body: {
        kind: 'whatsapp_connect',
        webhook: WEBHOOK,
        whatsapp_token: TOKEN,
        phone_number_id: 'pn-1',
        context: {
          project: { id: 'p-1', name: 'Shop', slug: 'shop' },
          config: {
            id: 'pn-1',
            name: '+1 555 0100',
            phone_number_id: 'pn-1',
            display_phone_number: '+1 555 0100',
            calls_enabled: true,
            business_account_id: 'waba-1',
            is_coexistence: false,
          },
          call: {
            id: '00000000-0000-4000-8000-000000000001',
            call_id: 'wacid.test',
            direction: 'inbound',
            status: 'connected',
            started_at: '2026-11-20T12:00:00.000Z',
          },
          contact: { id: 'user-1', wa_id: 'user-1', user_id: null, profile_name: 'Ana' },
          parameters: { tier: 'gold' },
        },
      },
    });
  });

  it.each([null, 'text', { entry: 'x' }, { entry: [null] }])('takes a webhook that is %j', async (webhook) => {
    expect(await launcher().launch(identity(), launchOf(runtimeTarget({ url })), webhook)).toMatchObject({
      type: 'launched',
    });
    expect(asked[0]!.body).toMatchObject({ body: { context: { config: { business_account_id: null } } } });
    expect(asked[0]!.headers.authorization).toBeUndefined();
  });

  it.each([
    [401, 'unauthorized'],
    [404, 'connect_refused'],
    [429, 'connect_refused'],
    [500, 'connect_refused'],
  ])('fails once when the runtime answers %i, and says nothing of the token', async (answer, code) => {
    status = answer;
    const result = await launcher().launch(identity(), launchOf(runtimeTarget({ url })), WEBHOOK);
    expect(result).toMatchObject({ type: 'failed', code });
    expect(JSON.stringify(result)).not.toContain(TOKEN);
    expect(asked).toHaveLength(1);
  });

  it('fails for a number without a token, and asks nobody', async () => {
    const result = await launcher().launch(
      identity({ phoneNumberId: 'pn-2' }),
      launchOf(runtimeTarget({ url })),
      WEBHOOK,
    );
    expect(result).toMatchObject({ type: 'failed', code: 'unauthorized' });
    expect(asked).toHaveLength(0);
  });

  it('fails for an address that agents may not have', async () => {
    const target = runtimeTarget({ url: 'http://169.254.169.254/start' });
    expect(await launcher().launch(identity(), launchOf(target), WEBHOOK)).toMatchObject({ code: 'address_refused' });
  });

  it.each([
    ['credentials cannot be read', { credentials: () => Promise.reject(new Error(TOKEN)) }, WEBHOOK],
    ['the webhook cannot be written', {}, { n: 1n }],
  ])('fails when %s, and never rejects', async (_, differences, webhook) => {
    const result = await launcher(differences).launch(identity(), launchOf(runtimeTarget({ url })), webhook);
    expect(result).toMatchObject({ type: 'failed', code: 'connect_refused' });
    expect(JSON.stringify(result)).not.toContain(TOKEN);
  });
});

describe('a project, as a runtime is told of it,', () => {
  it.each([
    ['Shop', 'shop'],
    ['  Head Office (Berlin) ', 'head-office-berlin'],
    ['Łódź 2', 'łódź-2'],
    ['…', 'p-1'],
  ])('with the name %j has the slug %s', (name, slug) => {
    expect(launchProject('p-1', name)).toEqual({ id: 'p-1', name, slug });
  });
});
