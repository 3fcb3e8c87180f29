import type { LookupAddress } from 'node:dns';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ADDRESS_REFUSED, guardedLookup, isForbiddenHost } from '../../../src/agents/net/address-guard.ts';

const dns = vi.hoisted(() => ({ answer: [] as { address: string; family: number }[], error: null as Error | null }));

vi.mock('node:dns', () => ({
  lookup: (_name: string, options: { all?: boolean }, callback: (error: Error | null, all?: unknown) => void) => {
    expect(options.all).toBe(true);
    queueMicrotask(() => (dns.error === null ? callback(null, dns.answer) : callback(dns.error)));
  },
}));

afterEach(() => {
  dns.answer = [];
  dns.error = null;
});

const hostOf = (url: string) => new URL(url).hostname;

describe('a host that an agent may not have', () => {
  it.each([
    'ws://169.254.169.254/',
    'ws://169.254.0.1/',
    'ws://169.254.169.254./',
    // The same in decimal, hexadecimal, octal and half of it.
    'ws://2852039166/',
    'ws://0xa9fea9fe/',
    'ws://0251.0376.0251.0376/',
    'ws://169.254.43518/',
    // Full-width digits.
    'ws://１６９.254.169.254/',
    'ws://[fe80::1]/',
    'ws://[::ffff:169.254.169.254]/',
    'ws://[::ffff:a9fe:a9fe]/',
    'ws://[64:ff9b::169.254.169.254]/',
    'ws://[fd00:ec2::254]/',
    'ws://[fd00:0ec2:0:0::0254]/',
    'ws://[fd20:ce::254]/',
    'ws://100.100.100.200/',
    'ws://[::ffff:100.100.100.200]/',
    'ws://168.63.129.16/',
    'ws://192.0.0.192/',
    'ws://0.0.0.0/',
    'ws://[::]/',
    'ws://metadata.google.internal/',
    'ws://Metadata.Google.Internal./',
    'ws://metadata/',
    'ws://instance-data/',
  ])('is %s', (url) => {
    expect(isForbiddenHost(hostOf(url))).toBe(true);
  });

  it.each([
    'ws://127.0.0.1/',
    'ws://[::1]/',
    'ws://10.0.0.1/',
    'ws://192.168.1.1/',
    'ws://100.64.0.1/',
    'ws://[fd00:ec2::253]/',
    'ws://[::ffff:10.0.0.1]/',
    'ws://[64:ff9b::10.0.0.1]/',
    'ws://169.253.0.1/',
    'ws://168.63.129.17/',
    'ws://api.elevenlabs.io/',
    'ws://metadata.example.com/',
    'ws://localhost/',
  ])('is not %s', (url) => {
    expect(isForbiddenHost(hostOf(url))).toBe(false);
  });
});

describe('a name', () => {
  const resolve = (options: { readonly all?: boolean }) =>
    new Promise<unknown[]>((done) => guardedLookup('agent.test', options, (...results) => done(results)));

  it('with one forbidden address among its own is refused whole', async () => {
    for (const address of ['169.254.169.254', '::ffff:169.254.169.254', 'fe80::1%eth0']) {
      dns.answer = [
        { address: '127.0.0.1', family: 4 },
        { address, family: address.includes(':') ? 6 : 4 },
      ];
      for (const all of [true, false]) {
        const [error] = await resolve({ all });
        expect(error).toMatchObject({ code: ADDRESS_REFUSED });
        expect(String(error)).not.toContain(address);
      }
    }
  });

  it('gives all of its addresses, or the first, as it was asked', async () => {
    const answer: LookupAddress[] = [
      { address: '::1', family: 6 },
      { address: '127.0.0.1', family: 4 },
    ];
    dns.answer = answer;
    expect(await resolve({ all: true })).toEqual([null, answer]);
    expect(await resolve({ all: false })).toEqual([null, '::1', 6]);
    expect(await resolve({})).toEqual([null, '::1', 6]);
  });

  it('that is unknown stays so', async () => {
    dns.error = Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
    expect((await resolve({ all: true }))[0]).toMatchObject({ code: 'ENOTFOUND' });
  });
});
