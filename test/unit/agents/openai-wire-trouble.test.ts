import { afterEach, describe, expect, it } from 'vitest';
import type { FakeRealtimeOptions } from '../../support/fake-realtime.ts';
import { type DialOptions, FakeRealtimeCalls, speak } from '../../support/fake-realtime-calls.ts';

const cleanUp: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of cleanUp.splice(0)) await end();
});

async function service(options: FakeRealtimeOptions = {}): Promise<FakeRealtimeCalls> {
  const calls = await FakeRealtimeCalls.start(options);
  cleanUp.push(() => calls.stop());
  return calls;
}

async function call(options: FakeRealtimeOptions = {}, dial: DialOptions = {}) {
  const calls = await service(options);
  const { wire, connection } = await calls.ready(dial);
  wire.start();
  return { calls, listener: calls.listener, wire, connection };
}

async function lossOf(calls: FakeRealtimeCalls) {
  return (await calls.listener.next('lost')).loss;
}

describe('an agent that cannot be had', () => {
  it('refuses the key', async () => {
    const calls = await service();
    calls.dial({ target: { apiKey: 'sk-other' } });
    expect(await lossOf(calls)).toMatchObject({ code: 'unauthorized', retryable: false });
  });

  it.each([404, 429, 500])('answers with HTTP %i', async (status) => {
    const calls = await service();
    calls.service.refuseWith = status;
    calls.dial();
    expect(await lossOf(calls)).toMatchObject({ code: 'connect_refused' });
  });

  it('has a URL that is none', async () => {
    const calls = await service();
    for (const profile of ['openai', 'inworld'] as const) {
      calls.dial({ target: { url: 'nowhere', profile } });
      expect(await lossOf(calls)).toMatchObject({ code: 'connect_refused', retryable: false });
    }
  });

  it('has an address that agents may not have', async () => {
    const calls = await service();
    calls.dial({ target: { url: 'ws://169.254.169.254/v1/realtime' } });
    expect(await lossOf(calls)).toMatchObject({ code: 'address_refused' });
  });

  it('refuses its session, and says by which rule in one word', async () => {
    const calls = await service();
    calls.dial({ target: { session: { speling: true } } });
    expect(await lossOf(calls)).toEqual({
      code: 'agent_error',
      retryable: false,
      detail: 'the agent cannot be used (unknown_parameter)',
    });
  });

  it('refuses the key by an event', async () => {
    const calls = await service({ silentUpdates: true });
    const connected = calls.service.connection();
    calls.dial();
    (await connected).session.fail('invalid_api_key', 'Incorrect API key provided: sk-fake.');
    expect(await lossOf(calls)).toMatchObject({ code: 'unauthorized', detail: expect.not.stringContaining('sk-') });
  });

  it('declines by closing in good order', async () => {
    const calls = await service({ silentUpdates: true });
    const connected = calls.service.connection();
    calls.dial();
    (await connected).close(1000, 'not today');
    expect(await calls.listener.next('hangup')).toMatchObject({ reason: 'not today' });
  });
});

describe('an agent that is lost in mid-call', () => {
  it('drops the connection', async () => {
    const { calls, connection } = await call();
    connection.drop();
    expect(await lossOf(calls)).toMatchObject({ code: 'socket_lost', retryable: true });
  });

  it('reaches the longest duration of a session', async () => {
    const { calls, connection } = await call();
    connection.expire();
    expect(await lossOf(calls)).toMatchObject({ code: 'socket_lost', retryable: true });
    expect(calls.listener.types).toEqual(['ready', 'lost']);
  });

  it.each([
    [1001, ''],
    [1000, 'Your session hit the maximum duration of 60 minutes.'],
  ])('is lost, and has not hung up, when it closes with %i %s', async (code, reason) => {
    const { calls, connection } = await call();
    connection.close(code, reason);
    expect(await lossOf(calls)).toMatchObject({ code: 'socket_lost', retryable: true });
  });

  it('hangs up by closing with 1000', async () => {
    const { listener, connection } = await call();
    connection.close(1000);
    expect(await listener.next('hangup')).toEqual({ type: 'hangup', drain: true, reason: null });
  });

  it.each(['insufficient_quota', 'model_not_found'])('is of no use any more: %s', async (code) => {
    const { calls, connection } = await call();
    connection.session.fail(code, 'You exceeded your current quota.');
    expect(await lossOf(calls)).toMatchObject({ code: 'agent_error', retryable: false });
  });

  it('cannot pay for its responses', async () => {
    const { calls } = await call({ replies: [[{ fail: 'insufficient_quota' }]] }, { target: { greeting: '' } });
    expect(await lossOf(calls)).toMatchObject({ code: 'agent_error', retryable: false });
  });

  it('does not read', async () => {
    const { calls, wire, connection } = await call();
    connection.stopReading();
    // Far more than the buffers of both kernels hold, and 5 s beyond.
    for (let i = 0; i < 600 && calls.listener.all('lost').length === 0; i += 1) {
      speak(wire, 1_000);
      await new Promise((next) => setImmediate(next));
    }
    expect(calls.listener.all('lost')[0]?.loss).toMatchObject({ code: 'stalled', retryable: false });
    expect(wire.callerAudioDroppedMs).toBeGreaterThan(4_000);
  });

  it('sends what cannot be read', async () => {
    const { calls, connection } = await call();
    for (let i = 0; i < 100; i += 1) connection.text('{');
    await connection.settle();
    expect(calls.listener.types).toEqual(['ready']);
    connection.bytes(Buffer.alloc(960));
    expect(await lossOf(calls)).toMatchObject({ code: 'protocol_error', retryable: false });
    expect((await connection.closed).code).toBe(1008);
  });

  it('sends too much at once', async () => {
    const { calls, connection } = await call();
    connection.text(`"${'x'.repeat(5 * 1024 * 1024)}"`);
    expect(await lossOf(calls)).toMatchObject({ code: 'protocol_error' });
  });
});

describe('what a call survives', () => {
  it('30 s of sound in one event', async () => {
    const { listener, connection } = await call();
    const delta = Buffer.alloc(30 * 48_000).toString('base64');
    connection.send({ type: 'response.output_audio.delta', item_id: 'a', content_index: 0, delta });
    expect((await listener.next('audio')).samples).toHaveLength(30 * 24_000);
  });

  it('events that it does not know, sound without a name, and half a sample', async () => {
    const { listener, connection } = await call();
    for (const event of [{ type: 'ping' }, { type: 'toString' }, { type: 'response.done' }, { type: 'error' }]) {
      connection.send(event);
    }
    connection.send({ type: 'response.output_audio.delta', delta: Buffer.alloc(3).toString('base64') });
    connection.send({ type: 'response.output_audio.delta', delta: Buffer.from([1, 0]).toString('base64') });
    expect(await listener.next('audio')).toEqual({ type: 'audio', itemId: null, samples: Int16Array.of(1) });
    expect(listener.types).toEqual(['ready', 'audio']);
  });

  it('errors, which are logged by their code alone and not for ever', async () => {
    const { calls, connection } = await call();
    for (let i = 0; i < 50; i += 1) connection.session.fail('rate_limit_exceeded', 'Ada, +15550199, was too quick');
    await connection.settle();
    expect(calls.listener.types).toEqual(['ready']);
    expect(calls.warnings).toHaveLength(10);
    expect(calls.warnings[0]).toEqual({ agent: expect.any(String), code: 'rate_limit_exceeded' });
    expect(JSON.stringify(calls.warnings)).not.toContain('Ada');
  });

  it('a code that is no word', async () => {
    const { calls, connection } = await call();
    connection.session.fail('no such room +15550199', 'x');
    await connection.settle();
    expect(calls.warnings).toEqual([{ agent: expect.any(String), code: 'invalid_request_error' }]);
  });

  it('two responses that fail, because it asks again; the third is too many', async () => {
    const fail = [{ fail: 'server_error' }];
    const speaks = await call({ replies: [fail, fail] }, { target: { greeting: '' } });
    expect((await speaks.listener.next('transcript')).transcript.text).toBe('Reply 3.');
    const { calls } = await call({ replies: [fail, fail, fail] }, { target: { greeting: '' } });
    expect(await lossOf(calls)).toMatchObject({ code: 'agent_error' });
  });

  it('a response of the service that comes in between, because it asks again when that is done', async () => {
    const calls = await service({ speed: 50 });
    const { wire, connection } = await calls.ready({ target: { greeting: '' } });
    // The wire asks before it hears of it.
    connection.session.respond([{ say: 'Mine.', ms: 1_000, hz: 500 }]);
    wire.start();
    expect((await calls.listener.next('transcript')).transcript.text).toBe('Mine.');
    expect((await calls.listener.next('transcript')).transcript.text).toBe('Reply 2.');
    expect(connection.session.faults).toEqual(['conversation_already_has_active_response']);
    expect(connection.all('response.create')).toHaveLength(2);
    expect(calls.warnings).toEqual([]);
  });
});

describe('the end', () => {
  it('is told by a close in good order, and nothing is said after it', async () => {
    const { listener, wire, connection } = await call();
    connection.session.respond([{ say: 'A long story.', ms: 60_000, hz: 500 }]);
    await listener.next('audio');
    const before = listener.events.length;
    await wire.callEnded('user_hangup');
    expect((await connection.closed).code).toBe(1000);
    expect(listener.events).toHaveLength(before);
    speak(wire, 100);
    wire.callerDtmf('1', 100);
    wire.cleared([{ itemId: 'x', playedMs: 1 }], 0);
    wire.instruct({ type: 'message', data: 'x' });
    wire.abort();
    expect(listener.events).toHaveLength(before);
  });

  it('comes at once when the wire is aborted', async () => {
    const { listener, wire, connection } = await call();
    wire.abort();
    expect((await connection.closed).code).toBe(1006);
    expect(listener.types).toEqual(['ready']);
  });

  it('comes while the session is not ready', async () => {
    const calls = await service({ silentUpdates: true });
    const connected = calls.service.connection();
    const wire = calls.dial({ target: { profile: 'compatible' } });
    const connection = await connected;
    await connection.hear('session.update');
    await wire.callEnded('user_hangup');
    await connection.closed;
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(calls.listener.types).toEqual([]);
  });

  it('of a wire that never dialled is at once', async () => {
    const calls = await service();
    const wire = calls.dial();
    wire.abort();
    await wire.callEnded('user_hangup');
    expect(calls.listener.types).toEqual([]);
  });
});
