import { createHash, createHmac, sign, X509Certificate } from 'node:crypto';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { DtlsClient } from 'werift';
import type { MediaFailure } from '../../../src/call/index.ts';
import { LegError } from '../../../src/webrtc/leg-error.ts';
import { type DtlsCertificate, makeCertificate } from '../../../src/webrtc/peer/certificate.ts';
import { DtlsProof } from '../../../src/webrtc/peer/dtls-proof.ts';
import { type DtlsKeys, DtlsSession } from '../../../src/webrtc/peer/dtls-session.ts';

type Outcome = { readonly keys: DtlsKeys } | { readonly refused: MediaFailure; readonly why: string };
/** Decides what becomes of the n-th datagram (from 0) of one side: the datagrams to deliver in its place. */
type Wire = (datagram: Buffer, n: number) => Buffer[];

const sessions: DtlsSession[] = [];

afterEach(() => {
  vi.restoreAllMocks();
  for (const session of sessions.splice(0)) session.close();
});

function sha256Of(certificate: DtlsCertificate): string {
  return certificate.fingerprint.replaceAll(':', '').toLowerCase();
}

const honest: Wire = (datagram) => [datagram];

/** Joins a client and a server in memory and lets them shake hands. */
function handshake(options: {
  client: DtlsCertificate;
  server: DtlsCertificate;
  clientExpects?: string;
  serverExpects?: string;
  fromClient?: Wire;
  fromServer?: Wire;
  timeoutMs?: number;
}): Record<'client' | 'server', Promise<Outcome>> {
  const { client, server } = options;
  const outcomes = { client: Promise.withResolvers<Outcome>(), server: Promise.withResolvers<Outcome>() };
  const carry = (wire: Wire, to: () => DtlsSession) => {
    let n = 0;
    return (datagram: Buffer) => {
      for (const each of wire(Buffer.from(datagram), n++)) setImmediate(() => to().receive(each));
    };
  };
  const listen = (side: 'client' | 'server', send: (datagram: Buffer) => void) => ({
    send,
    onKeys: (keys: DtlsKeys) => outcomes[side].resolve({ keys }),
    onFailed: (error: { code: MediaFailure; message: string }) =>
      outcomes[side].resolve({ refused: error.code, why: error.message }),
  });
  const clientSession: DtlsSession = new DtlsSession(
    'client',
    client,
    [options.clientExpects ?? sha256Of(server)],
    listen(
      'client',
      carry(options.fromClient ?? honest, () => serverSession),
    ),
  );
  const serverSession: DtlsSession = new DtlsSession(
    'server',
    server,
    [options.serverExpects ?? sha256Of(client)],
    listen(
      'server',
      carry(options.fromServer ?? honest, () => clientSession),
    ),
  );
  sessions.push(clientSession, serverSession);
  serverSession.start(options.timeoutMs ?? 3_000);
  clientSession.start(options.timeoutMs ?? 3_000);
  return { client: outcomes.client.promise, server: outcomes.server.promise };
}

/** Shows the certificate of one, but signs with the key of the other. */
function forged(shown: DtlsCertificate, held: DtlsCertificate): DtlsCertificate {
  return { ...held, certPem: shown.certPem, fingerprint: shown.fingerprint };
}

async function expectSameKeys(sides: ReturnType<typeof handshake>): Promise<void> {
  const [client, server] = await Promise.all([sides.client, sides.server]);
  if (!('keys' in client && 'keys' in server)) throw new Error(JSON.stringify({ client, server }));
  expect(client.keys.profile).toBe('AES_CM_128_HMAC_SHA1_80');
  expect(client.keys.local).toEqual(server.keys.remote);
  expect(client.keys.remote).toEqual(server.keys.local);
  expect(client.keys.local).not.toEqual(client.keys.remote);
}

describe('a DTLS peer', async () => {
  const alice = await makeCertificate();
  const bob = await makeCertificate();
  const mallory = await makeCertificate();

  test('that holds the key of its certificate is believed, in both roles', async () => {
    await expectSameKeys(handshake({ client: alice, server: bob }));
  });

  test('that is slower than werift is patient is still waited for', async () => {
    const begin = DtlsClient.prototype.connect;
    vi.spyOn(DtlsClient.prototype, 'connect').mockImplementation(async function impatient(this: DtlsClient) {
      void begin.call(this);
      throw new Error('over retransmitCount : 1 3');
    });
    await expectSameKeys(handshake({ client: alice, server: bob }));
  });

  test('that serves a certificate without holding its key is refused', async () => {
    const { client } = handshake({ client: alice, server: forged(bob, mallory) });
    expect(await client).toMatchObject({
      refused: 'dtls_key_refused',
      why: expect.stringContaining('does not hold the key'),
    });
  });

  test('that comes as a client with a certificate without holding its key is refused', async () => {
    const { server } = handshake({ client: forged(alice, mallory), server: bob });
    expect(await server).toMatchObject({
      refused: 'dtls_key_refused',
      why: expect.stringContaining('does not hold the key'),
    });
  });

  test.each(['client', 'server'] as const)(
    'whose certificate is not that of the SDP is refused by the %s',
    async (by) => {
      const wrong = by === 'client' ? { clientExpects: sha256Of(mallory) } : { serverExpects: sha256Of(mallory) };
      const outcome = handshake({ client: alice, server: bob, ...wrong });
      expect(await outcome[by]).toMatchObject({
        refused: 'dtls_key_refused',
        why: expect.stringContaining('fingerprint'),
      });
    },
  );

  test('behind somebody who swaps the key exchange for his own is refused', async () => {
    const swapKey: Wire = (datagram) => {
      const at = datagram.indexOf(Buffer.from([3, 0, 29, 32]));
      if (datagram[13] === 12 && at > 0) datagram.fill(7, at + 4, at + 36);
      return [datagram];
    };
    const { client } = handshake({ client: alice, server: bob, fromServer: swapKey });
    expect(await client).toMatchObject({ refused: 'dtls_key_refused' });
  });

  test('behind somebody who sends a key exchange of his own after the honest one gets the honest keys', async () => {
    const addKey: Wire = (datagram) => {
      const at = datagram.indexOf(Buffer.from([3, 0, 29, 32]));
      if (datagram[13] !== 12 || at < 0) return [datagram];
      const swapped = Buffer.from(datagram);
      swapped.fill(7, at + 4, at + 36);
      return [datagram, swapped];
    };
    await expectSameKeys(handshake({ client: alice, server: bob, fromServer: addKey }));
  });

  test('behind somebody who changes the hello gets no keys', async () => {
    const strip: Wire = (datagram) => {
      // extended_master_secret is type 23, length 0; an unknown type in its place is ignored.
      const at = datagram.indexOf(Buffer.from([0, 23, 0, 0]));
      if (datagram[13] === 1 && at > 0) datagram[at] = 0x7f;
      return [datagram];
    };
    const { client } = handshake({ client: alice, server: bob, fromClient: strip, timeoutMs: 500 });
    expect(await client).toHaveProperty('refused');
  });
});

/** What a server says to a client, made by hand, for a proof that is asked directly. */
function serverFlight(shown: DtlsCertificate): { type: number; body: Buffer }[] {
  const der = new X509Certificate(shown.certPem).raw;
  const params = Buffer.concat([Buffer.from([3, 0, 29, 32]), Buffer.alloc(32, 5)]);
  const signature = sign('sha256', Buffer.concat([view.clientRandom(), Buffer.alloc(32, 2), params]), shown.keyPem);
  return [
    { type: 2, body: Buffer.concat([Buffer.from([254, 253]), Buffer.alloc(32, 2), Buffer.alloc(10)]) },
    { type: 11, body: Buffer.concat([uint24(der.length + 3), uint24(der.length), der]) },
    { type: 12, body: Buffer.concat([params, Buffer.from([4, 3, 0, signature.length]), signature]) },
    { type: 14, body: Buffer.alloc(0) },
    { type: 20, body: verifyData('server finished') },
  ];
}

const view = {
  clientRandom: () => Buffer.alloc(32, 1),
  transcript: () => Buffer.from('all messages so far'),
  masterSecret: () => Buffer.alloc(48, 3),
};

/** RFC 5246 §7.4.9 and §5. */
function verifyData(label: string): Buffer {
  const seed = Buffer.concat([Buffer.from(label), createHash('sha256').update(view.transcript()).digest()]);
  const hmac = (data: Buffer) => createHmac('sha256', view.masterSecret()).update(data).digest();
  return hmac(Buffer.concat([hmac(seed), seed])).subarray(0, 12);
}

function uint24(value: number): Buffer {
  return Buffer.from([value >> 16, (value >> 8) & 0xff, value & 0xff]);
}

describe('the proof', async () => {
  const bob = await makeCertificate();

  function examine(messages: readonly { type: number; body: Buffer }[]): string {
    const proof = new DtlsProof('client', [sha256Of(bob)]);
    try {
      for (const { type, body } of messages) proof.examine(type, body, view);
    } catch (error) {
      return error instanceof LegError ? error.code : 'not a LegError';
    }
    return 'believed';
  }

  test('believes a server that says everything right', () => {
    expect(examine(serverFlight(bob))).toBe('believed');
  });

  test.each(['client finished', 'server  finished'])('refuses a Finished made with "%s"', (label) => {
    const flight = serverFlight(bob).with(4, { type: 20, body: verifyData(label) });
    expect(examine(flight)).toBe('dtls_key_refused');
  });

  test.each([0, 1, 2, 3])('refuses a flight without its message %i', (missing) => {
    expect(examine(serverFlight(bob).filter((_, n) => n !== missing))).toBe('dtls_failed');
  });

  test('refuses a second certificate after the first', () => {
    const flight = serverFlight(bob);
    expect(examine([...flight.slice(0, 3), ...flight.slice(1)])).toBe('dtls_failed');
  });

  test('answers every mutilated message with a refusal, never with another error', () => {
    const flight = serverFlight(bob);
    for (const [n, { type, body }] of flight.entries()) {
      for (let length = 0; length < body.length; length++) {
        const outcome = examine(flight.with(n, { type, body: body.subarray(0, length) }));
        // Of the hello only the random counts.
        expect(outcome === 'dtls_key_refused' || (n === 0 && length >= 34)).toBe(true);
      }
    }
  });
});

describe('a DTLS handshake', async () => {
  const alice = await makeCertificate();
  const bob = await makeCertificate();
  const twice: Wire = (datagram) => [datagram, Buffer.from(datagram)];

  test('survives that every datagram comes twice', async () => {
    await expectSameKeys(handshake({ client: alice, server: bob, fromClient: twice, fromServer: twice }));
  });

  test('survives the loss of any one datagram', async () => {
    const lose =
      (lost: number): Wire =>
      (datagram, n) =>
        n === lost ? [] : [datagram];
    const losses = [0, 1, 2, 3, 4, 5, 6, 7].flatMap((n) => [{ fromClient: lose(n) }, { fromServer: lose(n) }]);
    await Promise.all(losses.map((loss) => expectSameKeys(handshake({ client: alice, server: bob, ...loss }))));
  });

  test('survives that datagrams overtake each other', async () => {
    const swapPairs = (): Wire => {
      let held: Buffer | null = null;
      return (datagram, n) => {
        if (n % 2 === 0 && n > 1) {
          held = datagram;
          return [];
        }
        const out = held === null ? [datagram] : [datagram, held];
        held = null;
        return out;
      };
    };
    await expectSameKeys(handshake({ client: alice, server: bob, fromClient: swapPairs(), fromServer: swapPairs() }));
  });

  test('repeats its Finished under a new record number, which a replay window lets through', async () => {
    const finished: Buffer[] = [];
    const fromClient: Wire = (datagram) => {
      if (datagram[0] === 22 && datagram.readUInt16BE(3) === 1) finished.push(datagram);
      return [datagram];
    };
    // The server's last flight is lost once: change_cipher_spec (20) and Finished (epoch 1).
    let losses = 0;
    const fromServer: Wire = (datagram) => {
      const last = datagram[0] === 20 || datagram.readUInt16BE(3) === 1;
      return last && losses++ < 2 ? [] : [datagram];
    };
    await expectSameKeys(handshake({ client: alice, server: bob, fromClient, fromServer }));
    const numbers = finished.map((record) => record.readUIntBE(5, 6));
    expect(numbers.length).toBeGreaterThan(1);
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  test('fails in time when nobody answers', async () => {
    const failed = Promise.withResolvers<MediaFailure>();
    const session = new DtlsSession('client', alice, ['00'], {
      send: () => {},
      onKeys: () => {},
      onFailed: ({ code }) => failed.resolve(code),
    });
    sessions.push(session);
    session.start(50);
    expect(await failed.promise).toBe('dtls_failed');
  });

  test('ignores datagrams that are no DTLS records', async () => {
    const junk: Wire = (datagram) => [
      Buffer.from([22]),
      Buffer.alloc(13, 22),
      Buffer.concat([datagram, Buffer.from([22, 254, 253])]),
      datagram,
    ];
    await expectSameKeys(handshake({ client: alice, server: bob, fromClient: junk, fromServer: junk }));
  });
});
