import { describe, expect, it } from 'vitest';
import { urlFault } from '../../../src/events/index.ts';

describe('the URL of a webhook', () => {
  it.each([
    'https://example.com/hook?x=1',
    'https://example.com:8443/',
    'https://example.com:80/',
    'https://93.184.215.14/',
    'https://[2606:4700::1111]/',
    'https://intranet/',
  ])('may be %s', (url) => {
    expect(urlFault(url, false)).toBeNull();
    expect(urlFault(url, true)).toBeNull();
  });

  it.each([
    'http://example.com/',
    'http://localhost:3000/',
    'https://127.0.0.1:3000/',
    'https://10.0.0.1/',
    'https://[fd00::1]/',
  ])('may be %s only where private networks are allowed', (url) => {
    expect(urlFault(url, false)).toMatch(/^must (be an https:\/\/ URL|lead to a public address)/);
    expect(urlFault(url, true)).toBeNull();
  });

  it.each([
    ['example.com', /https:\/\//],
    ['', /https:\/\//],
    ['ftp://example.com/', /https:\/\//],
    ['javascript:alert(1)', /https:\/\//],
    ['https://user:secret@example.com/', /user name/],
    ['https://example.com:22/', /port/],
    ['https://example.com:25/', /port/],
    ['https://169.254.169.254/latest', /link-local|public/],
    ['https://[::ffff:169.254.169.254]/', /link-local|public/],
    ['https://metadata.google.internal/', /link-local|public/],
    ['https://0.0.0.0/', /link-local|public/],
    [`https://example.com/${'x'.repeat(2_048)}`, /2048/],
  ])('may never be %s', (url, why) => {
    for (const privateAllowed of [false, true]) expect(urlFault(url, privateAllowed)).toMatch(why);
  });

  it.each([
    '224.0.0.1',
    '192.0.2.1',
    '198.18.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '100.64.0.1',
    '[2001:db8::1]',
    '[2002:7f00:1::]',
    '[::7f00:1]',
    '[64:ff9b::10.0.0.1]',
    '[ff02::1]',
    '[fec0::1]',
    'a.localhost',
  ])('may not have the host %s, which is not public', (host) => {
    expect(urlFault(`https://${host}/`, false)).toContain('public');
  });
});
