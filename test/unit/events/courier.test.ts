import type { LookupAddress } from 'node:dns';
import type { RequestListener } from 'node:http';
import { createServer, type LookupFunction } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HttpCourier, type HttpCourierOptions } from '../../../src/events/courier.ts';
import type { Parcel } from '../../../src/events/ports.ts';
import { WebhookReceiver } from '../../support/webhook-receiver.ts';

const PARCEL: Omit<Parcel, 'url'> = { headers: { 'Content-Type': 'application/json', 'x-a': 'b' }, body: '{"é":"😀"}' };

function courierWith(options: Partial<HttpCourierOptions> = {}): HttpCourier {
  const courier = new HttpCourier({ privateAllowed: true, ...options });
  onTestFinished(() => courier.close());
  return courier;
}

async function answerTo(answer: RequestListener, timeoutMs = 5_000) {
  const receiver = await WebhookReceiver.start(answer);
  const courier = courierWith({ timeoutMs });
  return { ...(await courier.send({ ...PARCEL, url: receiver.url })), receiver };
}

/** A name server of our own, whose answers are different each time. */
function lookupOf(...answers: (readonly string[])[]): LookupFunction & { asked: number } {
  const lookup = (_name: string, _options: unknown, callback: (error: null, all: LookupAddress[]) => void) => {
    const addresses = answers[Math.min(lookup.asked, answers.length - 1)]!;
    lookup.asked += 1;
    const all = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    queueMicrotask(() => callback(null, all));
  };
  lookup.asked = 0;
  return lookup as unknown as LookupFunction & { asked: number };
}

describe('a delivery over HTTP', () => {
  it('arrives byte for byte, and is taken when the whole of a 2xx is there', async () => {
    const { receiver, ...answer } = await answerTo((_request, response) => {
      response.statusCode = 202;
      response.end('thank you');
    });
    expect(answer).toEqual({
      status: 202,
      error: null,
      excerpt: 'thank you',
      retryAfter: null,
      durationMs: expect.any(Number),
    });
    const [request] = receiver.received;
    expect(request!.body.toString()).toBe(PARCEL.body);
    expect(request!.headers).toMatchObject({ 'content-type': 'application/json', 'x-a': 'b' });
  });

  it('is not taken by any other status, and keeps what the receiver says of when to come back', async () => {
    const answer = await answerTo((_request, response) => {
      response.writeHead(503, { 'Retry-After': '17' });
      response.end('busy\0');
    });
    expect(answer).toMatchObject({ status: 503, error: 'status_not_2xx', excerpt: 'busy\ufffd', retryAfter: '17' });
  });

  it('does not follow a redirect', async () => {
    const other = await WebhookReceiver.start();
    const answer = await answerTo((_request, response) => {
      response.writeHead(307, { Location: other.url });
      response.end();
    });
    expect(answer).toMatchObject({ status: 307, error: 'redirect_not_followed' });
    expect(other.connections).toBe(0);
  });

  it.each([
    ['does not answer', () => {}],
    ['answers, but not to the end', (_request, response) => void response.writeHead(200).write('part')],
    [
      'dribbles',
      (_request, response) => {
        response.writeHead(200);
        const timer = setInterval(() => response.write('.'), 20);
        response.on('close', () => clearInterval(timer));
      },
    ],
  ] as [string, RequestListener][])('is given up after the time when the receiver %s', async (_how, answer) => {
    const result = await answerTo(answer, 250);
    expect(result.error).toBe('timeout');
    expect(result.durationMs).toBeGreaterThanOrEqual(249);
    expect(result.durationMs).toBeLessThan(2_000);
  });

  it('is not taken by a receiver that dies in the middle of its answer', async () => {
    const byLength = await answerTo((_request, response) => {
      response.writeHead(200, { 'Content-Length': '100' });
      response.write('half', () => response.destroy());
    });
    expect(byLength).toMatchObject({ status: 200, error: 'answer_cut_short', excerpt: 'half' });
    const chunked = await answerTo((_request, response) => {
      response.writeHead(200);
      response.write('half', () => response.destroy());
    });
    expect(chunked).toMatchObject({ status: 200, error: 'answer_cut_short', excerpt: 'half' });
    const before = await answerTo((_request, response) => void response.destroy());
    expect(before).toMatchObject({ status: null, error: 'connection_lost', excerpt: null });
  });

  it('reads an answer to its end, keeps its first kilobyte, and does not swallow what never ends', async () => {
    const long = await answerTo((_request, response) => void response.end('x'.repeat(500_000)));
    expect(long).toMatchObject({ status: 200, error: null, excerpt: 'x'.repeat(1_024) });
    const endless = await answerTo((_request, response) => {
      response.writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', more);
      more();
    });
    expect(endless).toMatchObject({ status: 200, error: 'answer_too_long', excerpt: 'x'.repeat(1_024) });
  });

  it('says in a word why there was no answer, and nothing of where it went', async () => {
    const closed = await WebhookReceiver.start();
    const courier = courierWith({ timeoutMs: 5_000 });
    const mute = createServer((socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n'));
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void mute.close());
    const { port } = mute.address() as { port: number };
    const errorOf = async (url: string) => (await courier.send({ ...PARCEL, url }))?.error;
    expect(await errorOf('http://127.0.0.1:1025/')).toBe('connection_refused');
    expect(await errorOf('http://nowhere.invalid/')).toBe('name_not_found');
    expect(await errorOf(`http://127.0.0.1:${port}/`)).toBe('not_http');
    expect(await errorOf(`https://127.0.0.1:${closed.port}/`)).toBe('tls_failed');
  });

  it('that is under way when the courier is closed is cut off, and says nothing of the receiver', async () => {
    const receiver = await WebhookReceiver.start(() => {});
    const courier = new HttpCourier({ privateAllowed: true });
    const sent = courier.send({ ...PARCEL, url: receiver.url });
    await expect.poll(() => receiver.received.length).toBe(1);
    await courier.close();
    expect(await sent).toBeNull();
    expect(await courier.send({ ...PARCEL, url: receiver.url })).toBeNull();
  });
});

describe('an address that is not public', () => {
  it('is refused before anything is connected, as it is written in the URL', async () => {
    const receiver = await WebhookReceiver.start();
    const courier = courierWith({ privateAllowed: false });
    for (const host of ['127.0.0.1', '2130706433', '0x7f.1', '[::1]', '[::ffff:127.0.0.1]', 'localhost']) {
      const answer = await courier.send({ ...PARCEL, url: `https://${host}:${receiver.port}/` });
      expect(answer).toMatchObject({ status: null, error: 'address_refused' });
    }
    expect(receiver.connections).toBe(0);
  });

  it.each([
    [['127.0.0.1']],
    [['::1']],
    [['::ffff:127.0.0.1']],
    [['10.1.2.3']],
    [['169.254.169.254']],
    [['100.64.0.1']],
    [['fd00::1']],
    [['::127.0.0.1']],
    [['64:ff9b::7f00:1']],
    // One of many is enough.
    [['8.8.8.8', '192.168.0.1']],
  ])('is refused as what a name leads to: %s', async (addresses) => {
    const receiver = await WebhookReceiver.start();
    const courier = courierWith({ privateAllowed: false, lookup: lookupOf(addresses) });
    const answer = await courier.send({ ...PARCEL, url: `https://receiver.test:${receiver.port}/` });
    expect(answer).toMatchObject({ status: null, error: 'address_refused' });
    expect(receiver.connections).toBe(0);
  });

  it('is refused with every connection: a name that led to a public one before does not help', async () => {
    const receiver = await WebhookReceiver.start();
    const lookup = lookupOf(['127.0.0.1'], ['169.254.169.254']);
    // Where private ones are allowed, so that the first connection of the test stays on this machine.
    const courier = courierWith({ privateAllowed: true, lookup });
    const url = `http://rebinding.test:${receiver.port}/`;
    const closing = { ...PARCEL, headers: { ...PARCEL.headers, Connection: 'close' } };
    expect(await courier.send({ ...closing, url })).toMatchObject({ status: 200, error: null });
    expect(await courier.send({ ...closing, url })).toMatchObject({ status: null, error: 'address_refused' });
    expect(lookup.asked).toBe(2);
    expect(receiver.received).toHaveLength(1);
  });

  it('is not reached over http:// either', async () => {
    const courier = courierWith({ privateAllowed: false, lookup: lookupOf(['8.8.8.8']) });
    expect(await courier.send({ ...PARCEL, url: 'http://receiver.test/' })).toMatchObject({ error: 'address_refused' });
  });

  it('is allowed where the operator says so, but for link-local ones and metadata services', async () => {
    const receiver = await WebhookReceiver.start();
    const courier = courierWith({ lookup: lookupOf(['127.0.0.1']) });
    const url = `http://intranet.test:${receiver.port}/`;
    expect(await courier.send({ ...PARCEL, url })).toMatchObject({ status: 200, error: null });
    for (const refused of ['http://169.254.169.254/', 'http://[fe80::1]/', 'http://metadata.google.internal/']) {
      expect(await courier.send({ ...PARCEL, url: refused })).toMatchObject({ error: 'address_refused' });
    }
  });
});
