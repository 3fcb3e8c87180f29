import { afterEach, describe, expect, it } from 'vitest';
import { type BrowserPhone, startBrowserPhone, startSimulatedWhatsApp } from '../../../src/simulator/index.ts';
import { WebhookCatcher } from '../../support/webhook-catcher.ts';

describe('the browser phone', () => {
  const opened: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const each of opened.splice(0).reverse()) await each.close();
  });

  async function start(acceptTimeoutMs = 30_000) {
    const catcher = await WebhookCatcher.start();
    const whatsapp = await startSimulatedWhatsApp({
      bridgeWebhookUrl: () => catcher.url,
      appSecret: 'app secret',
      phoneNumberId: '111',
      displayPhoneNumber: '15550001111',
      token: 'token',
      acceptTimeoutMs,
    });
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
    for (const path of [...asked, '/call.js']) expect((await fetch(phone.url + path)).status).toBe(200);
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

  it.each([{}, { sdp: '' }, { sdp: 7 }, { sdp: 'v'.repeat(20_001) }, null])('refuses %o', async (body) => {
    const { phone, whatsapp } = await start();
    expect((await place(phone, body)).status).toBe(400);
    expect(whatsapp.liveCalls).toBe(0);
  });
});
