import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { callContext } from '../../support/call-context.ts';
import type { FakeElevenLabsOptions } from '../../support/fake-elevenlabs.ts';
import { ElevenLabsCalls } from '../../support/fake-elevenlabs-calls.ts';

let calls: ElevenLabsCalls;
let cleanUp: (() => void)[];

beforeEach(() => {
  // Sockets are real, time is not: a second passes when the test says so.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  cleanUp = [];
});

afterEach(async () => {
  vi.useRealTimers();
  for (const end of cleanUp) end();
  await calls.stop();
});

async function start(options: Partial<FakeElevenLabsOptions> = {}): Promise<void> {
  calls = await ElevenLabsCalls.start({ greeting: null, ...options });
}

describe('a service that does not wait for the person', () => {
  it('by beginning on its own is dialled anew when the person is there, and told of the call', async () => {
    await start({ waits: false });
    const { wire, conversation: early } = await calls.ready();
    await early.closed;
    expect(calls.listener.types).toEqual(['ready']);
    calls.fake.options.waits = true;
    wire.start();
    const conversation = await calls.fake.conversation();
    await calls.settle(conversation);
    expect(conversation.variables['call_id']).toBe(callContext().identity.id);
    expect(calls.listener.types).toEqual(['ready']);
  });

  it.each([1000, 1001, 1011])('by closing with %i is dialled anew, with a new signed URL', async (code) => {
    await start({ apiKey: 'key' });
    const { wire, conversation: early } = await calls.ready({ apiKey: 'key' });
    early.close(code);
    await early.closed;
    // The other end of the socket sees it a moment later.
    for (let i = 0; i < 20; i += 1) await new Promise((turn) => setImmediate(turn));
    wire.start();
    await calls.settle(await calls.fake.conversation());
    expect(early.messages).toEqual([]);
    expect(calls.fake.signedUrlRequests).toHaveLength(2);
    expect(calls.listener.types).toEqual(['ready']);
  });

  it('by closing just when the call is answered is dialled anew, once', async () => {
    await start({ silent: true });
    const { wire, conversation: early } = await calls.ready();
    wire.start();
    await early.hear('conversation_initiation_client_data');
    early.close(1001);
    const again = await calls.fake.conversation();
    await again.hear('conversation_initiation_client_data');
    expect(calls.listener.types).toEqual(['ready']);
    again.close(1001);
    expect((await calls.listener.next('lost')).loss).toMatchObject({ code: 'socket_lost', retryable: true });
    expect(calls.fake.conversations).toHaveLength(2);
  });

  it('by talking before it has begun is not listened to', async () => {
    await start();
    const { conversation } = await calls.ready();
    conversation.userSaid('Hello?');
    conversation.sound(new Int16Array(160));
    void conversation.callTool('hang_up', {});
    conversation.endCall(false);
    conversation.send({ type: 'error', error_event: { code: 1000, error_type: 'max_duration_exceeded' } });
    await conversation.roundTrip();
    expect(calls.listener.types).toEqual(['ready', 'message']);
    expect(conversation.messages).toEqual([]);
  });

  it('by closing for good is lost at once', async () => {
    await start();
    const { conversation } = await calls.ready();
    conversation.fail(1008, 'invalid_message', 'no');
    expect((await calls.listener.next('lost')).loss).toEqual({
      code: 'agent_error',
      retryable: false,
      detail: 'the agent closed with 1008 (invalid_message)',
    });
  });
});

describe('an agent that cannot be had', () => {
  it.each([
    [{ status: 500, body: 'no' }, 'connect_refused', true, 'the agent answered HTTP 500'],
    [{ status: 404, body: '{}' }, 'connect_refused', false, 'the agent answered HTTP 404'],
    [{ status: 401, body: '{}' }, 'unauthorized', false, 'the agent answered HTTP 401'],
    [{ status: 200, body: 'no json' }, 'protocol_error', false, 'the answer holds no signed URL'],
    [{ status: 200, body: '{"signed_url":7}' }, 'protocol_error', false, 'the answer holds no signed URL'],
    [{ status: 200, body: '{"signed_url":"http://x/"}' }, 'protocol_error', false, 'the answer holds no signed URL'],
    [
      { status: 200, body: '{"signed_url":"ws://169.254.169.254/"}' },
      'address_refused',
      false,
      'the agent has an address that agents may not have',
    ],
  ] as const)('since a signed URL is answered with %o', async (signedUrlAnswer, code, retryable, detail) => {
    await start({ signedUrlAnswer });
    calls.dial({ apiKey: 'key' });
    expect((await calls.listener.next('lost')).loss).toEqual({ code, retryable, detail });
    expect(calls.listener.types).toEqual(['lost']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('since the socket is refused', async () => {
    await start({ refuseWith: 503 });
    calls.dial();
    expect((await calls.listener.next('lost')).loss).toMatchObject({ code: 'connect_refused', retryable: true });
  });

  it('since it is not public', async () => {
    await start({ apiKey: 'key' });
    calls.dial();
    expect((await calls.listener.next('lost')).loss).toMatchObject({ code: 'unauthorized', retryable: false });
  });

  it('since it never begins', async () => {
    await start({ silent: true });
    const { wire, conversation } = await calls.ready({ connectTimeoutMs: 3_000 });
    wire.start();
    await conversation.hear('conversation_initiation_client_data');
    vi.advanceTimersByTime(2_999);
    expect(calls.listener.types).toEqual(['ready']);
    vi.advanceTimersByTime(1);
    expect(calls.listener.all('lost')[0]?.loss).toMatchObject({ code: 'connect_timeout', retryable: true });
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([
    [{ agentFormat: 'opus_48000' }, 'opus_48000'],
    [{ callerFormat: 'pcm_16001' }, 'pcm_16001'],
    [{ agentFormat: 'mp3\n<b>+1 555 0199</b>'.repeat(9) }, 'mp3??b??1?555?0199??b?mp3??b??1?'],
  ])('since it wants %o, and the name is fit for a log', async (formats, name) => {
    await start(formats);
    const { wire, conversation } = await calls.ready();
    wire.start();
    expect((await calls.listener.next('lost')).loss).toEqual({
      code: 'protocol_error',
      retryable: false,
      detail: `the agent wants the audio format ${name}, which is not known`,
    });
    expect(await conversation.closed).toMatchObject({ code: 1008 });
  });
});

describe('the agent hangs up', () => {
  it('by closing with 1000; what it said plays to its end', async () => {
    await start();
    const { conversation } = await calls.talking();
    conversation.close(1000, 'Call ended by the agent');
    expect(await calls.listener.next('hangup')).toMatchObject({ drain: true, reason: 'Call ended by the agent' });
  });

  it('by its tool end_call, and what it says until it closes is heard', async () => {
    await start();
    const { conversation } = await calls.talking();
    conversation.endCall(false);
    conversation.sound(new Int16Array(160));
    conversation.close(1000);
    await calls.listener.next('hangup');
    expect(calls.listener.types).toEqual(['ready', 'audio', 'hangup']);
  });

  it('by its tool end_call and nothing else, two seconds later', async () => {
    await start();
    const { wire, conversation } = await calls.talking();
    conversation.endCall(false);
    await calls.settle(conversation);
    vi.advanceTimersByTime(1_999);
    expect(calls.listener.types).toEqual(['ready']);
    vi.advanceTimersByTime(1);
    expect(calls.listener.types).toEqual(['ready', 'hangup']);
    await wire.callEnded('agent_hangup');
    expect(calls.listener.types).toEqual(['ready', 'hangup']);
  });

  it('because its conversation has lasted as long as it may', async () => {
    await start();
    const { conversation } = await calls.talking();
    conversation.fail(1000, 'max_duration_exceeded', 'too long');
    expect(await calls.listener.next('hangup')).toMatchObject({ drain: true, reason: 'max_duration_exceeded' });
    await conversation.closed;
    expect(calls.listener.types.filter((type) => type === 'hangup' || type === 'lost')).toHaveLength(1);
  });
});

describe('tools', () => {
  it('hang_up ends the call after what was said', async () => {
    await start();
    const { conversation } = await calls.talking();
    expect(await conversation.callTool('hang_up', { reason: 'done' })).toMatchObject({ is_error: false });
    expect(await calls.listener.next('hangup')).toMatchObject({ drain: true, reason: 'done' });
    conversation.sound(new Int16Array(160));
    await calls.settle(conversation);
    expect(calls.listener.types.at(-1)).toBe('hangup');
  });

  it('send_dtmf presses keys towards the phone', async () => {
    await start();
    const { conversation } = await calls.talking();
    expect(await conversation.callTool('send_dtmf', { digits: '12#' })).toMatchObject({ is_error: false });
    expect((await calls.listener.next('dtmf')).digits).toBe('12#');
    expect(await conversation.callTool('send_dtmf', { digits: 'x' })).toMatchObject({ is_error: true });
    expect(await conversation.callTool('send_dtmf', {})).toMatchObject({ is_error: true });
  });

  it('of any other name go to the webhook, and without one are unknown', async () => {
    await start();
    const bodies: unknown[] = [];
    const webhook = createServer((request, response) => {
      request.on('data', (data: Buffer) => bodies.push(JSON.parse(data.toString())));
      request.on('end', () => response.end('sunny'));
    }).listen(0, '127.0.0.1');
    await once(webhook, 'listening');
    cleanUp.push(() => webhook.close());
    const url = `http://127.0.0.1:${(webhook.address() as AddressInfo).port}/tools`;
    const { wire, conversation } = await calls.talking({ toolWebhook: { url, secret: null, timeoutMs: 5_000 } });
    expect(await conversation.callTool('weather', { city: 'Wien' })).toMatchObject({
      result: 'sunny',
      is_error: false,
    });
    expect(bodies).toMatchObject([{ tool: 'weather', arguments: { city: 'Wien' } }]);
    await wire.callEnded('user_hangup');

    const { conversation: second } = await calls.talking();
    expect(await second.callTool('weather', {})).toMatchObject({ is_error: true });
  });

  it('run eight at a time, and are given up with the call', async () => {
    await start();
    const requests: { readonly destroyed: boolean }[] = [];
    const webhook = createServer((request) => void requests.push(request.socket)).listen(0, '127.0.0.1');
    await once(webhook, 'listening');
    cleanUp.push(() => {
      webhook.closeAllConnections();
      webhook.close();
    });
    const url = `http://127.0.0.1:${(webhook.address() as AddressInfo).port}/`;
    const { wire, conversation } = await calls.talking({ toolWebhook: { url, secret: null, timeoutMs: 60_000 } });
    for (let i = 0; i < 8; i += 1) void conversation.callTool('slow', {});
    expect(await conversation.callTool('slow', {})).toMatchObject({ is_error: true });
    await vi.waitFor(() => expect(requests).toHaveLength(8));
    await wire.callEnded('user_hangup');
    await vi.waitFor(() => expect(requests.every(({ destroyed }) => destroyed)).toBe(true));
  });
});

describe('keys of the phone', () => {
  it('are gathered until the pause or the #, and are words of the person', async () => {
    await start();
    const { wire, conversation } = await calls.talking();
    for (const key of ['1', '2', '3', '#', '4', '5']) wire.callerDtmf(key, 100);
    expect(await conversation.hear('user_message')).toMatchObject({ text: 'Keys pressed on the phone: 123#' });
    vi.advanceTimersByTime(1_499);
    wire.callerDtmf('6', 100);
    vi.advanceTimersByTime(1_499);
    await calls.settle(conversation);
    expect(conversation.messages.filter(({ type }) => type === 'user_message')).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(await conversation.hear('user_message')).toMatchObject({ text: 'Keys pressed on the phone: 456' });
    expect(conversation.messages.filter(({ type }) => type === 'user_activity')).toHaveLength(7);
  });

  it('that are pressed before the agent listens reach it then', async () => {
    await start();
    const { wire, conversation } = await calls.ready();
    wire.start();
    wire.callerDtmf('#', 100);
    expect(await conversation.hear('user_message')).toMatchObject({ text: 'Keys pressed on the phone: #' });
  });
});

describe('a conversation that breaks', () => {
  it.each([
    [1001, 'socket_lost', true],
    [1002, 'protocol_error', false],
    [1008, 'unauthorized', false],
    [1011, 'socket_lost', true],
    [3000, 'unauthorized', false],
  ] as const)('with %i is lost with %s', async (code, failure, retryable) => {
    await start();
    const { conversation } = await calls.talking();
    conversation.close(code);
    expect((await calls.listener.next('lost')).loss).toEqual({
      code: failure,
      retryable,
      detail: `the agent closed with ${code}`,
    });
  });

  it('with an error tells its kind, and its words only to the timeline', async () => {
    await start();
    const { conversation } = await calls.talking();
    conversation.fail(1011, 'llm_timeout', 'the model at 10.0.0.1 is gone');
    expect((await calls.listener.next('message')).data).toEqual({
      error: { code: 'llm_timeout', message: 'the model at 10.0.0.1 is gone' },
    });
    expect((await calls.listener.next('lost')).loss.detail).toBe('the agent closed with 1011 (llm_timeout)');
  });

  it('by messages that cannot be read, the hundred and first of them', async () => {
    await start();
    const { conversation } = await calls.talking();
    for (let i = 0; i < 50; i += 1) {
      conversation.text('{');
      conversation.binary(new Uint8Array(3));
    }
    conversation.sound(new Int16Array(160));
    await calls.settle(conversation);
    expect(calls.listener.types).toEqual(['ready', 'audio']);
    // Half a sample is none.
    conversation.send({ type: 'audio', audio_event: { audio_base_64: 'AAAA', event_id: 1_000 } });
    expect((await calls.listener.next('lost')).loss).toMatchObject({ code: 'protocol_error', retryable: false });
    expect(await conversation.closed).toMatchObject({ code: 1008 });
  });

  it('by a message of more than 4 MiB', async () => {
    await start();
    const { conversation } = await calls.talking();
    conversation.text('x'.repeat(4 * 1024 * 1024 + 1));
    expect((await calls.listener.next('lost')).loss.code).toBe('protocol_error');
  });

  it('by an agent that does not read for 5 s', async () => {
    await start({ callerFormat: 'pcm_48000' });
    const { wire, conversation } = await calls.talking();
    conversation.stopReading();
    const pcm = new Int16Array(320);
    for (let i = 0; i < 100_000 && !calls.listener.types.includes('lost'); i += 1) wire.callerAudio(pcm, i * 20);
    expect(calls.listener.all('lost')[0]?.loss).toMatchObject({ code: 'stalled', retryable: false });
    const dropped = wire.callerAudioDroppedMs;
    expect(dropped).toBeGreaterThan(4_000);
    wire.callerAudio(pcm, 0);
    expect(wire.callerAudioDroppedMs).toBe(dropped);
  });
});

describe('the end of the call', () => {
  it.each(['callEnded', 'abort'] as const)('by %s closes the socket, and nothing is said any more', async (end) => {
    await start({ greeting: { text: 'Hello', hz: 440, ms: 100 } });
    const { wire, conversation } = await calls.talking();
    wire.callerDtmf('1', 100);
    const before = calls.listener.events.length;
    await wire[end]('user_hangup');
    expect((await conversation.closed).code).toBe(end === 'callEnded' ? 1000 : 1006);
    await wire.callEnded('user_hangup');
    wire.callerAudio(new Int16Array(320), 0);
    wire.callerDtmf('2', 100);
    wire.instruct({ type: 'message', data: 1 });
    wire.start();
    expect(calls.listener.events).toHaveLength(before);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('while the service is asked for a URL leaves nothing behind', async () => {
    await start({ apiKey: 'key' });
    const wire = calls.dial({ apiKey: 'key' });
    await wire.callEnded('caller_gave_up');
    await new Promise((turn) => setImmediate(turn));
    expect(calls.listener.events).toEqual([]);
    expect(calls.fake.conversations).toEqual([]);
  });

  it('while it is dialled leaves nothing behind', async () => {
    await start();
    const wire = calls.dial();
    await wire.callEnded('caller_gave_up');
    expect(calls.listener.events).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
