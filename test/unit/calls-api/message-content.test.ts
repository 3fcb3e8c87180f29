import { describe, expect, it } from 'vitest';
import { partsOf } from '../../../src/calls-api/graph/message-content.ts';

const contentOf = (type: string, data: object) => partsOf(type, { [type]: data }).content;

describe('what a person reads of a message', () => {
  it.each([
    ['text', { body: 'Hello' }, 'Hello'],
    ['button', { text: 'Yes', payload: 'yes' }, 'Yes'],
    ['interactive', { type: 'button_reply', button_reply: { id: '1', title: 'Yes' } }, 'Yes'],
    ['interactive', { type: 'list_reply', list_reply: { id: '1', title: 'Blue' } }, 'Blue'],
    ['interactive', { type: 'nfm_reply', nfm_reply: { body: 'Sent', response_json: '{}' } }, 'Sent'],
    ['interactive', { type: 'call_permission_request', body: { text: 'May we call you?' } }, 'May we call you?'],
    ['interactive', { type: 'call_permission_reply', call_permission_reply: { response: 'accept' } }, 'accept'],
    ['image', { id: '1', caption: 'A cat' }, 'A cat'],
    ['document', { id: '1', filename: 'cat.pdf' }, 'cat.pdf'],
    ['audio', { id: '1' }, null],
    ['location', { latitude: 52.5, longitude: 13.4 }, '52.5, 13.4'],
    ['location', { latitude: 52.5, longitude: 13.4, name: 'Zoo', address: 'Berlin' }, 'Zoo, Berlin'],
    ['reaction', { emoji: '👍', message_id: 'wamid.1' }, '👍'],
    ['template', { name: 'order_update' }, 'order_update'],
    ['order', { text: 'Two, please' }, 'Two, please'],
    ['unsupported', {}, null],
  ])('is, of %s %j, %j', (type, data, content) => {
    expect(contentOf(type, data)).toBe(content);
  });
});

describe('the parts of a message', () => {
  it('are, of an answer to a flow, what the user filled in', () => {
    const nfm = { name: 'flow', body: 'Sent', response_json: '{"flow_token":"t-1","answer":42}' };
    const { flow } = partsOf('interactive', { interactive: { type: 'nfm_reply', nfm_reply: nfm } });
    expect(flow).toEqual({ response: { flow_token: 't-1', answer: 42 }, token: 't-1', name: 'flow' });
    const broken = { ...nfm, response_json: '{' };
    expect(partsOf('interactive', { interactive: { nfm_reply: broken } }).flow?.response).toBeNull();
  });

  it.each(['image', 'video', 'audio', 'document', 'sticker'])('are a file, of %s', (type) => {
    expect(partsOf(type, { [type]: { id: '1', mime_type: 'x/y' } }).media).toEqual({ id: '1', mime_type: 'x/y' });
    expect(partsOf('text', { text: { body: 'Hello' } }).media).toBeNull();
  });
});
