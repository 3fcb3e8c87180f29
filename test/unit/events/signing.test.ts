import { createHmac } from 'node:crypto';
import { verifySignature } from '@kapso/whatsapp-cloud-api/server';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  DeliveryDesk,
  HttpCourier,
  headersFault,
  newWebhookSecret,
  secretFault,
  type Webhook,
} from '../../../src/events/index.ts';
import { systemClock } from '../../../src/runtime/index.ts';
import { newEvent, openTestOutbox, PROJECT_ID, webhook } from '../../support/outbox.ts';
import { type ReceivedRequest, WebhookReceiver } from '../../support/webhook-receiver.ts';

const BODY = '{"call": {"name": "Zoë 😀 </script>", "n": 1.50}}\n';

/** Sends one event through the whole engine, over HTTP. */
async function deliver(more: Partial<Webhook>, type: 'meta' | 'whatsapp.call.ended' = 'whatsapp.call.ended') {
  const receiver = await WebhookReceiver.start();
  const box = await openTestOutbox();
  const mine = webhook({ url: receiver.url, ...more });
  await box.webhooks.put(mine);
  const desk = new DeliveryDesk({
    queue: box.deliveryQueue,
    webhooks: box.webhooks,
    courier: new HttpCourier({ privateAllowed: true }),
    clock: systemClock,
    onFault: (fault) => {
      throw fault;
    },
  });
  onTestFinished(() => desk.stop(0));
  desk.start();
  await box.emit(newEvent({ type, body: BODY, idempotencyKey: 'idempotent', at: Date.now() }));
  await expect.poll(() => receiver.received.length).toBe(1);
  await expect.poll(() => box.deliveryQueue.queued(mine.id, 1)).toEqual([]);
  const [only] = (
    await box.deliveries.list({
      ...{
        webhookId: null,
        type: null,
        status: null,
        phoneNumberId: null,
        errorsOnly: false,
        since: null,
        until: null,
      },
      ...{ projectId: PROJECT_ID, limit: 10, after: null, before: null },
    })
  ).data;
  const log = await box.deliveries.find(PROJECT_ID, only!.id);
  return { request: receiver.received[0]!, log: log! };
}

function standard(secret: string, { body, headers }: ReceivedRequest, options?: { format: 'raw' }): unknown {
  return new StandardWebhook(secret, options).verify(body, headers as Record<string, string>);
}

describe('an event of the catalogue', () => {
  it('is verified by the library of Standard Webhooks with the secret that is shown', async () => {
    const secretKey = newWebhookSecret();
    const { request } = await deliver({ secretKey });
    expect(standard(secretKey, request)).toEqual(JSON.parse(BODY));
    expect(() => standard(newWebhookSecret(), request)).toThrow('No matching signature');
    expect(() => standard(secretKey, { ...request, body: Buffer.from('{}') })).toThrow('No matching signature');
  });

  it('is verified by it with a secret of the owner, too, taken as raw text', async () => {
    const secretKey = 'a secret of mine'.replaceAll(' ', '-');
    expect(standard(secretKey, (await deliver({ secretKey })).request, { format: 'raw' })).toEqual(JSON.parse(BODY));
  });

  it("has Kapso's headers, signed with the characters of the secret", async () => {
    const secretKey = newWebhookSecret();
    const { request } = await deliver({ secretKey });
    expect(request.body.toString()).toBe(BODY);
    expect(request.headers).toMatchObject({
      'content-type': 'application/json',
      'x-webhook-event': 'whatsapp.call.ended',
      'x-webhook-signature': createHmac('sha256', secretKey).update(request.body).digest('hex'),
      'x-idempotency-key': 'idempotent',
      'x-webhook-payload-version': 'v2',
    });
    expect(request.headers).not.toHaveProperty('x-hub-signature-256');
  });
});

describe("a webhook of Meta's that is handed on", () => {
  it("is verified by Kapso's SDK and by what was written for Meta, with the same secret", async () => {
    const secretKey = newWebhookSecret();
    const { request } = await deliver({ kind: 'meta', secretKey }, 'meta');
    const signatureHeader = String(request.headers['x-hub-signature-256']);
    expect(verifySignature({ appSecret: secretKey, rawBody: request.body, signatureHeader })).toBe(true);
    expect(verifySignature({ appSecret: 'another', rawBody: request.body, signatureHeader })).toBe(false);
    expect(signatureHeader).toBe(`sha256=${request.headers['x-webhook-signature']}`);
    expect(standard(secretKey, request)).toEqual(JSON.parse(BODY));
    expect(request.headers).not.toHaveProperty('x-webhook-event');
    expect(request.headers).toMatchObject({ 'x-idempotency-key': 'idempotent', 'x-webhook-payload-version': 'v2' });
  });
});

describe("a webhook's own headers", () => {
  it('are sent, never in place of ours, and their values are not in the log', async () => {
    const headers = {
      Authorization: 'Bearer own-secret-in-clear',
      'X-WEBHOOK-SIGNATURE': 'forged',
      'Webhook-Id': 'forged',
      'content-type': 'text/plain',
      'Content-Length': '1',
    };
    const { request, log } = await deliver({ headers });
    expect(request.headers['authorization']).toBe('Bearer own-secret-in-clear');
    expect(JSON.stringify(request.headers)).not.toContain('forged');
    expect(request.headers['content-type']).toBe('application/json');
    expect(request.body.toString()).toBe(BODY);
    const logged = log.attemptLog[0]!.requestHeaders;
    expect(logged['Authorization']).toBe('(hidden)');
    expect(logged['X-Webhook-Signature']).toBe(request.headers['x-webhook-signature']);
    expect(JSON.stringify(log)).not.toContain('own-secret-in-clear');
  });

  it.each([
    [{ 'X-Webhook-Signature': 'x' }, 'must not replace X-Webhook-Signature'],
    [{ 'webhook-id': 'x' }, 'must not replace webhook-id'],
    [{ Host: 'x' }, 'must not replace Host'],
    [{ 'User-Agent': 'x' }, 'must not replace User-Agent'],
    [{ 'a b': 'x' }, 'must have names'],
    [{ '': 'x' }, 'must have names'],
    [{ a: 'x\r\nb: y' }, 'printable'],
    [{ a: 'é' }, 'printable'],
    [{ a: '1', A: '2' }, 'twice'],
    [Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`h${n}`, ''])), 'at most 20'],
  ])('may not be %j', (headers, fault) => {
    expect(headersFault(headers)).toContain(fault);
  });

  it('may be anything else', () => {
    expect(headersFault({})).toBeNull();
    expect(headersFault({ Authorization: 'Bearer x', 'X-Tenant': '' })).toBeNull();
  });
});

describe('the secret of a webhook', () => {
  it('is whsec_ and 32 bytes in base64 when we make it, and never the same', () => {
    const secret = newWebhookSecret();
    expect(Buffer.from(secret.slice('whsec_'.length), 'base64')).toHaveLength(32);
    expect(secretFault(secret)).toBeNull();
    expect(newWebhookSecret()).not.toBe(secret);
  });

  it.each(['12345678', 'kapso-style-0123456789abcdef', `whsec_${Buffer.alloc(16).toString('base64')}`])(
    'may be %s',
    (secret) => {
      expect(secretFault(secret)).toBeNull();
    },
  );

  it.each([
    '',
    '1234567',
    'with space in it',
    'zoë-zoë-zoë',
    'x'.repeat(257),
    'whsec_',
    'whsec_not.base64.at.all!',
    'whsec_QUJD',
  ])('may not be %j', (secret) => {
    expect(secretFault(secret)).toMatch(/^must be /);
  });
});
