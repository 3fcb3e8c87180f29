import { afterEach, describe, expect, it } from 'vitest';
import { type BrowserPhone, type SimulatedWhatsApp, startBrowserPhone } from '../../../src/simulator/index.ts';
import type { CaughtWebhook, WebhookCatcher } from '../../support/webhook-catcher.ts';
import { OFFER, startCaughtWhatsApp } from './support/business.ts';

describe('the browser phone', () => {
  const opened: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const each of opened.splice(0).reverse()) await each.close();
  });

  async function start(acceptTimeoutMs = 30_000) {
    const { catcher, whatsapp } = await startCaughtWhatsApp({ acceptTimeoutMs });
    const phone = await startBrowserPhone({ whatsapp, host: '127.0.0.1', port: 0, pageFolder: 'web/phone' });
    opened.push(catcher, whatsapp, phone);
    return { catcher, whatsapp, phone };
  }

  function place(phone: BrowserPhone, body: unknown, signal?: AbortSignal): Promise<Response> {
    return fetch(`${phone.url}/phone/calls`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      ...(signal !== undefined && { signal }),
    });
  }

  it('serves its page and what the page asks for, and nothing else', async () => {
    const { phone } = await start();
    const page = await (await fetch(phone.url)).text();
    const asked = [...page.matchAll(/(?:src|href)="([\w.]+)"/g)].map(([, file]) => `/${file}`);
    expect(asked).toEqual(['/phone.css', '/phone.js']);
    for (const script of ['/phone.js', '/call.js', '/profile.js', '/sound.js', '/server.js']) {
      const text = await (await fetch(phone.url + script)).text();
      for (const [, file] of text.matchAll(/from '\.(\/[\w.]+)'/g)) asked.push(file ?? '');
    }
    expect(new Set(asked).size).toBe(6);
    for (const path of asked) expect((await fetch(phone.url + path)).status).toBe(200);
    expect((await fetch(`${phone.url}/../package.json`)).status).toBe(404);
  });

  it('rings the bridge with the offer of the page and tells the page what happens, one line each', async () => {
    const { catcher, phone } = await start(100);
    const response = await place(phone, { sdp: 'v=0\r\nours\r\n' });
    const told = (await response.text()).trim().split('\n');
    expect(told.map((line) => JSON.parse(line) as unknown)).toEqual([
      { type: 'ringing' },
      { type: 'webhook_answered' },
      { type: 'ended', why: 'Nobody answered the call in time.' },
    ]);
    const [connect] = await catcher.deliveries(1);
    expect(connect?.values[0]?.calls[0]).toMatchObject({ event: 'connect', session: { sdp: 'v=0\r\nours\r\n' } });
  });

  it('hangs up when the page ends its request', async () => {
    const { catcher, whatsapp, phone } = await start();
    const patience = new AbortController();
    await place(phone, { sdp: 'v=0\r\n' }, patience.signal);
    expect(whatsapp.liveCalls).toBe(1);
    patience.abort();
    await catcher.deliveries(2);
    expect(catcher.events).toEqual(['connect', 'terminate']);
    await expect.poll(() => whatsapp.liveCalls).toBe(0);
  });

  it('says who the person is and what they allow, and takes what they change', async () => {
    const { catcher, phone } = await start();
    const profile = await listen(phone);
    const of = (permission: string) => ({ type: 'profile', user: '14155550142', business: '15550001111', permission });
    expect(await profile.next()).toEqual({ ...of('no_permission'), expiresAt: null });
    for (const status of ['temporary', 'permanent', 'no_permission']) {
      expect((await post(phone, '/phone/permission', { status })).status).toBe(204);
      expect(await profile.next()).toMatchObject(of(status));
    }
    await post(phone, '/phone/messages');
    const [allowed, always, forbidden, hello] = (await catcher.deliveries(4)).map(messageOf);
    expect(allowed).toMatchObject(reply({ response: 'accept', is_permanent: false }));
    expect(always).toMatchObject(reply({ response: 'accept', is_permanent: true }));
    expect(forbidden).toMatchObject(reply({ response: 'reject' }));
    expect(hello).toMatchObject({ from: '14155550142', text: { body: 'Hello' } });
  });

  it('keeps a permission request until a page answers it', async () => {
    const { catcher, whatsapp, phone } = await start();
    await whatsapp.message('14155550142');
    await ask(whatsapp);
    const profile = await listen(phone);
    expect(await profile.next()).toMatchObject({ type: 'profile' });
    const asked = await profile.next();
    expect(asked).toMatchObject({ type: 'asked' });
    expect((await post(phone, `/phone/requests/${asked['id']}`, { answer: 'accept_always' })).status).toBe(204);
    expect(await profile.next()).toEqual({ type: 'answered', id: asked['id'] });
    expect(await profile.next()).toMatchObject({ type: 'profile', permission: 'permanent' });
    const [, answer] = await catcher.deliveries(2);
    expect(answer && messageOf(answer)).toMatchObject(reply({ response: 'accept', is_permanent: true }));
    expect((await post(phone, `/phone/requests/${asked['id']}`, { answer: 'accept' })).status).toBe(404);
  });

  it('rings the page with the offer of the business, and is picked up by it', async () => {
    const { catcher, phone, profile, call } = await rung();
    const ring = await stream(phone, `/phone/rings/${call['id']}`, { sdp: 'v=0\r\nanswer\r\n' });
    expect(await ring.next()).toEqual({ type: 'ringing' });
    await expect.poll(() => toldBy(catcher)).toEqual(['connect', 'RINGING']);
    expect((await post(phone, `/phone/rings/${call['id']}/accept`)).status).toBe(204);
    expect(await ring.next()).toEqual({ type: 'accepted' });
    ring.close();
    await expect.poll(() => toldBy(catcher)).toEqual(['connect', 'RINGING', 'ACCEPTED', 'terminate']);
    expect((await post(phone, `/phone/rings/${call['id']}/accept`)).status).toBe(404);
    profile.close();
  });

  it('declines when the page ends its request before', async () => {
    const { catcher, phone, call } = await rung();
    const ring = await stream(phone, `/phone/rings/${call['id']}`, { sdp: 'v=0\r\n' });
    await expect.poll(() => toldBy(catcher)).toContain('RINGING');
    ring.close();
    await expect.poll(() => toldBy(catcher)).toEqual(['connect', 'RINGING', 'REJECTED', 'terminate']);
  });

  it('cannot be rung without a page', async () => {
    const { catcher, whatsapp } = await start();
    await whatsapp.grant('14155550142', 'permanent');
    await dial(whatsapp);
    await expect.poll(() => toldBy(catcher).at(-1)).toBe('terminate');
    expect(whatsapp.received[0]?.endedBy).toBe('meta');
  });

  it.each([
    ['/phone/rings/none', { sdp: 'v=0' }, 404],
    ['/phone/rings/none', {}, 400],
    ['/phone/rings/none/accept', undefined, 404],
    ['/phone/requests/none', { answer: 'accept' }, 404],
    ['/phone/requests/none', { answer: 'perhaps' }, 400],
    ['/phone/permission', { status: 'always' }, 400],
  ])('answers POST %s %o with %i', async (path, body, status) => {
    const { phone } = await start();
    expect((await post(phone, path, body)).status).toBe(status);
  });

  /** The business calls, and the page is told. */
  async function rung() {
    const started = await start();
    await started.whatsapp.grant('14155550142', 'permanent');
    const profile = await listen(started.phone);
    await profile.next();
    await dial(started.whatsapp);
    const call = await profile.next();
    expect(call).toMatchObject({ type: 'incoming', sdp: OFFER });
    return { ...started, profile, call };
  }

  it.each([{}, { sdp: '' }, { sdp: 7 }, { sdp: 'v'.repeat(20_001) }, null])('refuses %o', async (body) => {
    const { phone, whatsapp } = await start();
    expect((await place(phone, body)).status).toBe(400);
    expect(whatsapp.liveCalls).toBe(0);
  });
});

type Event = Record<string, unknown>;

interface Stream {
  next(): Promise<Event>;
  close(): void;
}

function post(phone: BrowserPhone, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  return fetch(phone.url + path, {
    method: 'POST',
    ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    ...(signal !== undefined && { signal }),
  });
}

async function stream(phone: BrowserPhone, path: string, body: unknown): Promise<Stream> {
  const patience = new AbortController();
  return read(await post(phone, path, body, patience.signal), patience);
}

async function listen(phone: BrowserPhone): Promise<Stream> {
  const patience = new AbortController();
  return read(await fetch(`${phone.url}/phone/profile`, { signal: patience.signal }), patience);
}

/** The lines of a response that lasts. */
function read({ body }: Response, patience: AbortController): Stream {
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  return {
    async next() {
      while (!text.includes('\n')) text += (await reader?.read())?.value ?? '\n';
      const [line = '', ...rest] = text.split('\n');
      text = rest.join('\n');
      return JSON.parse(line) as Event;
    },
    close: () => patience.abort(),
  };
}

/** Events of calls and their statuses, in order. */
function toldBy({ caught }: WebhookCatcher): unknown[] {
  const values = caught.flatMap((webhook) => webhook.values);
  const statuses = (value: (typeof values)[number]) => (value['statuses'] ?? []) as readonly Event[];
  return values.flatMap((value) => [
    ...(value.calls ?? []).map((call) => call['event']),
    ...statuses(value).map(({ status }) => status),
  ]);
}

function messageOf({ values }: CaughtWebhook): Event | undefined {
  return (values[0]?.['messages'] as readonly Event[] | undefined)?.[0];
}

function reply(answer: object): object {
  return { interactive: { type: 'call_permission_reply', call_permission_reply: answer } };
}

async function graph(whatsapp: SimulatedWhatsApp, path: string, body: object): Promise<void> {
  const response = await fetch(`${whatsapp.graphUrl}/v24.0/111/${path}`, {
    method: 'POST',
    headers: { authorization: 'Bearer token', 'content-type': 'application/json' },
    body: JSON.stringify({ messaging_product: 'whatsapp', to: '14155550142', ...body }),
  });
  expect(response.status).toBe(200);
}

function ask(whatsapp: SimulatedWhatsApp): Promise<void> {
  const action = { name: 'call_permission_request' };
  return graph(whatsapp, 'messages', { type: 'interactive', interactive: { type: 'call_permission_request', action } });
}

function dial(whatsapp: SimulatedWhatsApp): Promise<void> {
  return graph(whatsapp, 'calls', { action: 'connect', session: { sdp_type: 'offer', sdp: OFFER } });
}
