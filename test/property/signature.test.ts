import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createWebhookReceiver, verifySignature } from '../../src/signaling/index.ts';
import { testApi } from '../support/api-server.ts';
import { MemoryInbox } from '../support/memory-inbox.ts';
import { kapsoHeaders, metaHeaders, ourDirectory, webhookBytes } from '../support/webhook.ts';

const SECRETS = { appSecrets: ['app', 'app-next'], kapsoSecrets: ['kapso', 'kapso-next'] };
const META = 'x-hub-signature-256';
const KAPSO = 'x-webhook-signature';

const body = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const secret = fc.constantFrom(...SECRETS.appSecrets, ...SECRETS.kapsoSecrets);

/** The headers that the owner of `by` would send with `bytes`. */
function signed(by: string, bytes: Buffer): Record<string, string> {
  return SECRETS.appSecrets.includes(by) ? metaHeaders(bytes, by) : kapsoHeaders(bytes, by, 'key');
}

/** What a signature is by its definition; everything else must be refused. */
function isGenuine(headers: Readonly<Record<string, unknown>>, bytes: Buffer): boolean {
  const hex = (by: string) => createHmac('sha256', by).update(bytes).digest('hex');
  const told = (name: string) => (typeof headers[name] === 'string' ? headers[name].trim().toLowerCase() : null);
  return (
    SECRETS.appSecrets.some((by) => told(META) === `sha256=${hex(by)}`) ||
    SECRETS.kapsoSecrets.some((by) => told(KAPSO) === hex(by))
  );
}

/** Texts that look like a signature of `bytes`: genuine ones with characters overwritten, cut out or put in. */
function nearSignature(bytes: Buffer): fc.Arbitrary<string> {
  const genuine = secret.map((by) => Object.values(signed(by, bytes))[0] ?? '');
  const edit = fc.tuple(fc.nat(72), fc.nat(2), fc.string({ maxLength: 2, unit: 'binary' }));
  return fc
    .tuple(genuine, fc.array(edit, { maxLength: 2 }), fc.boolean())
    .map(([text, edits, upper]) =>
      edits.reduce(
        (left, [at, cut, put]) => left.slice(0, at) + put + left.slice(at + cut),
        upper ? text.toUpperCase() : text,
      ),
    );
}

const anyHeader = (bytes: Buffer) =>
  fc.oneof(
    fc.constant(undefined),
    fc.string({ unit: 'binary', maxLength: 100 }),
    fc.array(nearSignature(bytes), { maxLength: 2 }),
    nearSignature(bytes),
  );

const delivery = body.chain((bytes) =>
  fc.record({ bytes: fc.constant(bytes), meta: anyHeader(bytes), kapso: anyHeader(bytes) }),
);

describe('a webhook signature', () => {
  it('is good if one of our secrets made it in the form of its sender, and never otherwise', () => {
    let good = 0;
    fc.assert(
      fc.property(delivery, ({ bytes, meta, kapso }) => {
        const headers = { [META]: meta, [KAPSO]: kapso };
        const by = verifySignature(headers, bytes, SECRETS);
        if (by !== null) good += 1;
        expect(by !== null).toBe(isGenuine(headers, bytes));
      }),
      { numRuns: 3_000 },
    );
    // Both sides of the rule were met.
    expect(good).toBeGreaterThan(100);
    expect(good).toBeLessThan(2_900);
  });

  it('is good over any bytes, and over no others', () => {
    const change = fc.record({ at: fc.nat(), bit: fc.nat(7), how: fc.constantFrom('flip', 'cut', 'append') });
    fc.assert(
      fc.property(secret, body, change, (by, bytes, { at, bit, how }) => {
        const headers = signed(by, bytes);
        expect(verifySignature(headers, bytes, SECRETS)).toBe(SECRETS.appSecrets.includes(by) ? 'meta' : 'kapso');
        const other = Buffer.from(bytes);
        if (how === 'flip' && other.length > 0) other[at % other.length]! ^= 1 << bit;
        const changed =
          how === 'cut' && other.length > 0
            ? other.subarray(1)
            : how === 'flip' && other.length > 0
              ? other
              : grown(other);
        expect(verifySignature(headers, changed, SECRETS)).toBeNull();
      }),
      { numRuns: 500 },
    );
  });
});

describe('the webhook route', () => {
  const connect = webhookBytes('connect-inbound');
  const shape = fc.oneof(
    secret.map((by) => signed(by, connect)),
    fc
      .tuple(fc.constantFrom(META, KAPSO), nearSignature(connect))
      // What HTTP lets through as the value of a header.
      .map(([name, text]) => ({ [name]: text.replaceAll(/[^\x20-\x7e]/g, '~') })),
  );

  it('answers 200 and stores what is signed, by Meta or by Kapso, and answers 401 to everything else', async () => {
    const receiverFor = (inbox: MemoryInbox) =>
      createWebhookReceiver({
        ...SECRETS,
        verifyToken: 'token',
        inbox,
        directory: ourDirectory(),
        onStored: () => {},
        clock: { now: () => 0 },
      });
    let receiver = receiverFor(new MemoryInbox());
    // One server for all: its routes are many.
    const { server } = await testApi({
      webhooks: { verify: (...args) => receiver.verify(...args), receive: (...args) => receiver.receive(...args) },
    });
    await fc.assert(
      fc.asyncProperty(shape, async (headers) => {
        const inbox = new MemoryInbox();
        receiver = receiverFor(inbox);
        const response = await server.inject({ method: 'POST', url: '/webhooks/whatsapp', headers, payload: connect });
        const genuine = isGenuine(headers, connect);
        expect(response.statusCode).toBe(genuine ? 200 : 401);
        expect(inbox.rows.map((row) => row.body)).toEqual(genuine ? [connect] : []);
      }),
      { numRuns: 100 },
    );
  });
});

function grown(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(1)]);
}
