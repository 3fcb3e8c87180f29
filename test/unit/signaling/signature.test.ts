import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { verifySignature } from '../../../src/signaling/index.ts';

const body = Buffer.from('{"text":"na\u00efve \\u00e9"}');
const secrets = { appSecrets: ['old-app', 'new-app'], kapsoSecrets: ['kapso-one', 'kapso-two'] };
const hex = (secret: string, bytes = body) => createHmac('sha256', secret).update(bytes).digest('hex');

describe('a webhook signature', () => {
  it.each(['old-app', 'new-app'])('of Meta is accepted with any app secret: %s', (secret) => {
    expect(verifySignature({ 'x-hub-signature-256': `sha256=${hex(secret)}` }, body, secrets)).toBe('meta');
  });

  it.each(['kapso-one', 'kapso-two'])('of Kapso is bare hex with any of its secrets: %s', (secret) => {
    expect(verifySignature({ 'x-webhook-signature': hex(secret) }, body, secrets)).toBe('kapso');
  });

  it('counts if it is good beside a bad one of the other sender', () => {
    const headers = { 'x-hub-signature-256': `sha256=${hex('of the app that Kapso owns')}` };
    expect(verifySignature({ ...headers, 'x-webhook-signature': hex('kapso-one') }, body, secrets)).toBe('kapso');
  });

  it('may be written in upper case', () => {
    const headers = { 'x-hub-signature-256': `sha256=${hex('new-app').toUpperCase()}` };
    expect(verifySignature(headers, body, secrets)).toBe('meta');
  });

  it.each([
    ['is missing', {}],
    ['is of another secret', { 'x-hub-signature-256': `sha256=${hex('someone else')}` }],
    ['is of other bytes', { 'x-hub-signature-256': `sha256=${hex('new-app', Buffer.from('{}'))}` }],
    ['of Meta has no prefix', { 'x-hub-signature-256': hex('new-app') }],
    ['of Kapso has a prefix', { 'x-webhook-signature': `sha256=${hex('kapso-one')}` }],
    ['of Meta was made with a secret of Kapso', { 'x-hub-signature-256': `sha256=${hex('kapso-one')}` }],
    ['of Kapso was made with a secret of Meta', { 'x-webhook-signature': hex('new-app') }],
    ['is too short', { 'x-hub-signature-256': `sha256=${hex('new-app').slice(2)}` }],
    ['is no hex', { 'x-hub-signature-256': `sha256=${'z'.repeat(64)}` }],
    ['came twice', { 'x-hub-signature-256': [`sha256=${hex('new-app')}`, `sha256=${hex('new-app')}`] }],
  ])('is refused if it %s', (_, headers) => {
    expect(verifySignature(headers, body, secrets)).toBeNull();
  });

  it('is refused when no secret is configured', () => {
    const headers = { 'x-hub-signature-256': `sha256=${hex('')}`, 'x-webhook-signature': hex('') };
    expect(verifySignature(headers, body, { appSecrets: [], kapsoSecrets: [] })).toBeNull();
  });
});
