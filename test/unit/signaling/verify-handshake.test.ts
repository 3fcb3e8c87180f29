import { describe, expect, it } from 'vitest';
import { verifyHandshake } from '../../../src/signaling/index.ts';

const query = { 'hub.mode': 'subscribe', 'hub.verify_token': 'open sesame', 'hub.challenge': '1158201444' };

describe('the verify handshake', () => {
  it('gives the raw challenge back to who knows the token', () => {
    expect(verifyHandshake(query, 'open sesame')).toEqual({ status: 200, body: '1158201444' });
  });

  it.each([
    ['the token is wrong', { ...query, 'hub.verify_token': 'open sesam' }, 'open sesame'],
    ['the token is missing', { 'hub.mode': 'subscribe', 'hub.challenge': '1' }, 'open sesame'],
    ['the token is a list', { ...query, 'hub.verify_token': ['open sesame'] }, 'open sesame'],
    ['the mode is another', { ...query, 'hub.mode': 'unsubscribe' }, 'open sesame'],
    ['there is no challenge', { ...query, 'hub.challenge': undefined }, 'open sesame'],
    ['no token is configured', { ...query, 'hub.verify_token': '' }, ''],
    ['nothing was asked', {}, 'open sesame'],
  ])('is refused if %s', (_, asked, token) => {
    const { status, body } = verifyHandshake(asked, token);
    expect(status).toBe(403);
    expect(body).not.toContain('1158201444');
  });
});
