import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ratesOf } from '../../../src/agents/index.ts';
import { agentTarget } from '../../support/call.ts';
import { callContext } from '../../support/call-context.ts';
import type { RawAgentConnection } from '../../support/raw-agent.ts';
import { RawCalls } from '../../support/raw-calls.ts';

let calls: RawCalls;

beforeEach(async () => {
  calls = await RawCalls.start();
});

afterEach(async () => {
  await calls.stop();
});

function frame(value: number, sampleRate = 16000): Int16Array {
  return new Int16Array(sampleRate / 50).fill(value);
}

/** Everything the agent said before this was taken. */
async function taken(connection: RawAgentConnection): Promise<void> {
  await connection.settle();
}

describe('dialling an agent', () => {
  it('sends the token as a bearer header', async () => {
    calls.dial({ token: 'secret', tokenIn: 'header' });
    const connection = await calls.agent.connection();
    expect(connection.headers.authorization).toBe('Bearer secret');
    expect(connection.path).toBe('/agent');
  });

  it('sends the token as a query parameter beside those of the URL', async () => {
    calls.dial({ url: `${calls.agent.url}?room=1`, token: 'a b&c', tokenIn: 'query' });
    const connection = await calls.agent.connection();
    expect(connection.headers.authorization).toBeUndefined();
    const query = new URL(connection.path, 'ws://agent').searchParams;
    expect(Object.fromEntries(query)).toEqual({ room: '1', token: 'a b&c' });
  });

  it('sends no token when there is none', async () => {
    calls.dial({ token: null, tokenIn: 'query' });
    expect((await calls.agent.connection()).path).toBe('/agent');
  });

  it('offers the subprotocol and takes an agent that does not choose it', async () => {
    const { connection } = await calls.ready();
    expect(connection.headers['sec-websocket-protocol']).toBe('talkwire.raw.v1');
  });

  it('takes an agent that chooses the subprotocol', async () => {
    calls.agent.options.chooseSubprotocol = true;
    await calls.ready();
    expect(calls.listener.types).toEqual(['ready']);
  });

  it('offers no compression', async () => {
    const { connection } = await calls.ready();
    expect(connection.headers['sec-websocket-extensions']).toBeUndefined();
  });

  it('dials once however often it is told to connect', async () => {
    const { wire, connection } = await calls.ready();
    wire.connect();
    await taken(connection);
    expect(calls.agent.connectionCount).toBe(1);
  });
});

describe('the start message', () => {
  it('comes first and tells the agent of the call', async () => {
    calls.dial(
      { sampleRate: 24000, parameters: { locale: 'de', tone: 'formal' } },
      callContext({ recording: true, identity: { ctaPayload: 'cta-7' } }),
    );
    const connection = await calls.agent.connection();
    const start = await connection.hear('start');
    expect(connection.messages[0]).toBe(start);
    expect(start).toEqual({
      type: 'start',
      version: 1,
      event: 'websocket:connected',
      'content-type': 'audio/l16;rate=24000',
      call: {
        id: '00000000-0000-4000-8000-000000000001',
        call_id: 'wacid.test',
        direction: 'inbound',
        from: { phone: '15550199', user_id: 'US.1', name: 'Ada' },
        to: { phone: '+1 555 0100', user_id: null, name: null },
        phone_number_id: 'pn-1',
        display_phone_number: '+1 555 0100',
        started_at: '2026-11-20T12:00:00.000Z',
        cta_payload: 'cta-7',
        deeplink_payload: null,
        recording: true,
      },
      audio: { encoding: 's16le', sample_rate: 24000, channels: 1, frame_ms: 20 },
      parameters: { locale: 'de', tone: 'formal' },
      reconnect: 0,
      previous_agent: null,
      transcript: [],
    });
  });

  it('tells a later connection how many there were, which agent was lost, and what was said', async () => {
    const previousAgent = { name: 'First', failure: 'stalled' } as const;
    const transcript = [{ party: 'user', text: 'A table for four.' } as const];
    calls.dial({}, callContext({ attempt: 2, previousAgent, transcript }));
    const start = await (await calls.agent.connection()).hear('start');
    expect(start).toMatchObject({ reconnect: 2, previous_agent: previousAgent, transcript });
  });

  it('turns the parties round when the business calls', async () => {
    calls.dial({}, callContext({ identity: { direction: 'outbound' } }));
    const start = await (await calls.agent.connection()).hear('start');
    expect(start['call']).toMatchObject({
      direction: 'outbound',
      from: { phone: '+1 555 0100', user_id: null, name: null },
      to: { phone: '15550199', user_id: 'US.1', name: 'Ada' },
    });
  });
});

describe('becoming ready', () => {
  beforeEach(() => {
    calls.agent.options.ready = false;
  });

  it('waits for the agent to say so', async () => {
    calls.dial();
    const connection = await calls.agent.connection();
    connection.say({ type: 'item', id: 'greeting' });
    await taken(connection);
    expect(calls.listener.events).toEqual([]);
    connection.say({ type: 'ready' });
    await calls.listener.next('ready');
  });

  it('takes the first sound for it, and the sound is not lost', async () => {
    calls.dial();
    const connection = await calls.agent.connection();
    connection.sound(new Int16Array([1, -2]));
    await calls.listener.next('audio');
    expect(calls.listener.types).toEqual(['ready', 'audio']);
  });

  it('is not needed to have marks and clear answered', async () => {
    const wire = calls.dial();
    const connection = await calls.agent.connection();
    connection.say({ type: 'mark', name: 'early' });
    await calls.listener.next('mark');
    wire.marked('early', false);
    await connection.hear('marked');
    connection.say({ type: 'clear' });
    await calls.listener.next('clear');
    wire.cleared([], 0);
    await connection.hear('cleared');
  });

  it('is told once however often the agent says it', async () => {
    calls.dial();
    const connection = await calls.agent.connection();
    connection.say({ type: 'ready' });
    connection.say({ type: 'ready' });
    await taken(connection);
    expect(calls.listener.types).toEqual(['ready']);
  });

  it.each([
    ['hangs up', (connection: RawAgentConnection) => connection.say({ type: 'hangup', reason: 'busy' })],
    ['closes cleanly', (connection: RawAgentConnection) => connection.close(1000, 'busy')],
  ])('does not come when the agent %s instead', async (_what, decline) => {
    calls.dial();
    decline(await calls.agent.connection());
    expect(await calls.listener.next('hangup')).toMatchObject({ reason: 'busy' });
    expect(calls.listener.types).toEqual(['hangup']);
  });

  it('does not come after the agent declined', async () => {
    calls.dial();
    const connection = await calls.agent.connection();
    connection.say({ type: 'hangup' });
    connection.say({ type: 'ready' });
    connection.sound(new Int16Array([1]));
    await taken(connection);
    expect(calls.listener.types).toEqual(['hangup']);
  });

  it('does not come when the connection breaks first', async () => {
    calls.dial();
    (await calls.agent.connection()).drop();
    expect((await calls.listener.next('lost')).loss).toMatchObject({ code: 'socket_lost', retryable: true });
    expect(calls.listener.types).toEqual(['lost']);
  });
});

describe('the person is on the line', () => {
  it('lets no caller sound out before that, and counts none as dropped', async () => {
    const { wire, connection } = await calls.ready();
    wire.callerAudio(frame(1), 0);
    await taken(connection);
    expect(connection.soundsWaiting).toBe(0);
    expect(wire.callerAudioDroppedMs).toBe(0);
  });

  it('says answered once, then sends every frame as it is', async () => {
    const { wire, connection } = await calls.answered();
    wire.start();
    const pcm = frame(0);
    for (const value of [1, -2, 300]) {
      pcm.fill(value);
      wire.callerAudio(pcm, 0);
    }
    pcm.fill(99);
    for (const value of [1, -2, 300]) {
      const heard = await connection.hearSound();
      expect(heard.length).toBe(640);
      expect(new Set(Array.from({ length: 320 }, (_, i) => heard.readInt16LE(i * 2)))).toEqual(new Set([value]));
    }
    expect(connection.messages.filter((message) => message['type'] === 'answered')).toHaveLength(1);
  });

  it.each([8000, 16000, 24000, 48000] as const)('sends 20 ms frames at %i Hz', async (sampleRate) => {
    const { wire, connection } = await calls.answered({ sampleRate });
    expect(ratesOf(agentTarget({ sampleRate }))).toEqual({ callerRate: sampleRate, agentRate: sampleRate });
    wire.callerAudio(frame(5, sampleRate), 0);
    expect((await connection.hearSound()).length).toBe(sampleRate / 25);
  });
});

describe('sound of the agent', () => {
  it('comes through at any even length, before and after the answer', async () => {
    const { wire, connection } = await calls.ready();
    connection.sound(new Int16Array([7]));
    expect([...(await calls.listener.next('audio')).samples]).toEqual([7]);
    wire.start();
    connection.sound(new Int16Array(50_000).fill(-3));
    const { samples } = await calls.listener.next('audio');
    expect(samples).toHaveLength(50_000);
    expect(samples.every((sample) => sample === -3)).toBe(true);
  });

  it('carries the name of its item', async () => {
    const { connection } = await calls.ready();
    connection.sound(new Int16Array([1]));
    connection.say({ type: 'item', id: 'a' });
    connection.sound(new Int16Array([2]));
    connection.say({ type: 'item', id: 'b' });
    connection.sound(new Int16Array([3]));
    expect((await calls.listener.next('audio')).itemId).toBeNull();
    expect((await calls.listener.next('audio')).itemId).toBe('a');
    expect((await calls.listener.next('audio')).itemId).toBe('b');
  });

  it('is read right wherever it lies in memory', async () => {
    const { connection } = await calls.ready();
    // Text of odd and even lengths in front shifts the sound to odd and even addresses.
    for (const pad of ['', 'x', 'xx', 'xxx']) {
      connection.say({ type: 'message', data: pad });
      connection.sound(new Int16Array([1000, -1000, 32767, -32768]));
    }
    await taken(connection);
    const heard = calls.listener.all('audio').map((event) => [...event.samples]);
    expect(heard).toEqual(Array(4).fill([1000, -1000, 32767, -32768]));
  });

  it('may be empty', async () => {
    const { connection } = await calls.ready();
    connection.sound(new Int16Array());
    await taken(connection);
    expect(calls.listener.types).toEqual(['ready']);
  });

  it('of an odd length is dropped and answered with the rule, and the call goes on', async () => {
    const { connection } = await calls.ready();
    connection.sound(new Uint8Array(641));
    expect(await connection.hear('error')).toMatchObject({
      code: 'odd_audio_length',
      message: 'an audio message must hold whole samples of 2 bytes',
    });
    connection.sound(new Int16Array([4]));
    expect([...(await calls.listener.next('audio')).samples]).toEqual([4]);
  });

  it('is not taken any more once the agent hung up', async () => {
    const { connection } = await calls.ready();
    connection.say({ type: 'hangup' });
    connection.sound(new Int16Array([1]));
    await taken(connection);
    expect(calls.listener.types).toEqual(['ready', 'hangup']);
  });
});

describe('what an agent may say', () => {
  it('reaches the listener', async () => {
    const { connection } = await calls.ready();
    connection.say({ type: 'mark', name: 'm1' });
    connection.say({ type: 'clear' });
    connection.say({ type: 'dtmf', digits: '12#' });
    connection.say({ type: 'message', data: { order: [1, null] } });
    connection.say({ type: 'transcript', party: 'user', text: 'hel', final: false });
    connection.say({ type: 'transcript', party: 'agent', text: 'hello' });
    await taken(connection);
    expect(calls.listener.events.slice(1)).toEqual([
      { type: 'mark', name: 'm1' },
      { type: 'clear' },
      { type: 'dtmf', digits: '12#' },
      { type: 'message', data: { order: [1, null] } },
      { type: 'transcript', transcript: { party: 'user', text: 'hel', final: false } },
      { type: 'transcript', transcript: { party: 'agent', text: 'hello', final: true } },
    ]);
  });

  it('hangs up with what is queued played first, unless it says otherwise', async () => {
    const { connection } = await calls.ready();
    connection.say({ type: 'hangup' });
    expect(await calls.listener.next('hangup')).toEqual({ type: 'hangup', drain: true, reason: null });
  });

  it('hangs up at once with a reason if it wants', async () => {
    const { connection } = await calls.ready();
    connection.say({ type: 'hangup', drain: false, reason: 'spam' });
    expect(await calls.listener.next('hangup')).toEqual({ type: 'hangup', drain: false, reason: 'spam' });
  });

  it('hangs up once, even if it closes afterwards', async () => {
    const { wire, connection } = await calls.ready();
    connection.say({ type: 'hangup', reason: 'done' });
    connection.say({ type: 'hangup' });
    connection.say({ type: 'error', message: 'too late', fatal: true });
    await calls.listener.next('message');
    connection.drop();
    await wire.callEnded('agent_hangup');
    expect(calls.listener.types).toEqual(['ready', 'hangup', 'message']);
    expect(calls.agent.connectionCount).toBe(1);
  });

  it('hangs up by closing cleanly, and its reason is kept', async () => {
    const { connection } = await calls.ready();
    connection.close(1000, 'goodbye');
    expect(await calls.listener.next('hangup')).toEqual({ type: 'hangup', drain: true, reason: 'goodbye' });
  });

  it.each([[1001], [undefined]])('hangs up by closing with %s', async (code) => {
    const { connection } = await calls.ready();
    connection.close(code);
    expect(await calls.listener.next('hangup')).toEqual({ type: 'hangup', drain: true, reason: null });
  });

  it('asks whether the bridge is there and gets an answer, ready or not', async () => {
    calls.agent.options.ready = false;
    calls.dial();
    const connection = await calls.agent.connection();
    connection.say({ type: 'ping', id: '42' });
    expect(await connection.hear('pong')).toEqual({ type: 'pong', id: '42' });
    connection.say({ type: 'ping' });
    expect(await connection.hear('pong')).toEqual({ type: 'pong', id: null });
  });

  it('reports an error it can live with', async () => {
    const { connection } = await calls.ready();
    connection.say({ type: 'error', code: 'tts_slow', message: 'the voice is late' });
    await taken(connection);
    expect(calls.listener.events.slice(1)).toEqual([
      { type: 'message', data: { error: { code: 'tts_slow', message: 'the voice is late' } } },
    ]);
  });

  it('gives up with a fatal error', async () => {
    const { connection } = await calls.ready();
    connection.say({ type: 'error', code: 'no_credit', message: 'out of credit', fatal: true });
    expect((await calls.listener.next('lost')).loss).toEqual({
      code: 'agent_error',
      retryable: false,
      detail: 'the agent gave up (no_credit)',
    });
    expect((await connection.closed).code).toBe(1000);
    expect(calls.listener.types).toEqual(['ready', 'message', 'lost']);
  });

  it('may be of a type nobody knows', async () => {
    const { wire, connection } = await calls.ready();
    connection.say({ type: 'hologram', size: 3 });
    connection.say({ type: 'toString' });
    connection.say({ action: 'dance' });
    connection.say({ type: 'ready', mood: 'good' });
    await taken(connection);
    expect(calls.listener.types).toEqual(['ready']);
    void wire.callEnded('user_hangup');
    expect(await connection.hear('end')).toMatchObject({ messages_ignored: 3, messages_refused: 0 });
  });
});

describe('what an agent must not say', () => {
  it.each([
    ['no JSON', '{"type":', 'invalid_json', null],
    ['an array', '[]', 'invalid_message', null],
    ['null', 'null', 'invalid_message', null],
    ['an object without a type', '{"a":1}', 'invalid_message', 'type'],
    ['a type that is not text', '{"type":1}', 'invalid_message', 'type'],
    ['letters as keys to press', '{"type":"dtmf","digits":"12x"}', 'invalid_message', 'digits'],
    ['a mark without a name', '{"type":"mark"}', 'invalid_message', 'name'],
    ['a message without data', '{"type":"message"}', 'invalid_message', 'data'],
    ['a drain that is not true or false', '{"type":"hangup","drain":"yes"}', 'invalid_message', 'drain'],
    ['a long control message', JSON.stringify({ type: 'message', data: 'x'.repeat(65_536) }), 'message_too_long', null],
  ])('%s is answered with field and rule, and the call goes on', async (_what, text, code, field) => {
    const { connection } = await calls.ready();
    connection.text(text);
    const error = await connection.hear('error');
    expect(error).toMatchObject({ code, field });
    expect(error['message']).not.toBe('');
    await taken(connection);
    expect(calls.listener.types).toEqual(['ready']);
  });

  it('a hundred times is forgiven, once more is not', async () => {
    const { connection } = await calls.ready();
    for (let i = 0; i < 100; i += 1) connection.text('?');
    await taken(connection);
    expect(calls.listener.types).toEqual(['ready']);
    connection.text('?');
    expect((await calls.listener.next('lost')).loss).toMatchObject({ code: 'protocol_error', retryable: false });
    expect((await connection.closed).code).toBe(1008);
    expect(connection.messages.at(-1)).toMatchObject({ type: 'error', code: 'too_many_errors' });
  });

  it('a message over 4 MiB ends it', async () => {
    const { connection } = await calls.ready();
    connection.sound(new Uint8Array(4 * 1024 * 1024 + 2));
    expect((await calls.listener.next('lost')).loss).toMatchObject({ code: 'protocol_error', retryable: false });
    expect((await connection.closed).code).toBe(1009);
  });

  it('a message of exactly 4 MiB is fine', async () => {
    const { connection } = await calls.ready();
    connection.sound(new Uint8Array(4 * 1024 * 1024));
    expect((await calls.listener.next('audio')).samples).toHaveLength(2 * 1024 * 1024);
  });
});

describe('what the agent is told', () => {
  it('is the fate of its marks and items, and the keys of the caller', async () => {
    const { wire, connection } = await calls.ready();
    wire.marked('m1', false);
    wire.marked('m2', true);
    wire.cleared([{ itemId: 'a', playedMs: 340 }], 1200);
    wire.callerDtmf('#', 160);
    expect(await connection.hear('marked')).toEqual({ type: 'marked', name: 'm1', cleared: false });
    expect(await connection.hear('marked')).toEqual({ type: 'marked', name: 'm2', cleared: true });
    expect(await connection.hear('cleared')).toEqual({
      type: 'cleared',
      event: 'websocket:cleared',
      items: [{ id: 'a', played_ms: 340 }],
      discarded_ms: 1200,
    });
    expect(await connection.hear('dtmf')).toEqual({
      type: 'dtmf',
      event: 'websocket:dtmf',
      digit: '#',
      duration_ms: 160,
      duration: 160,
    });
  });

  it('is what the application has for it, once it is ready, and nothing that is meant for other wires', async () => {
    calls.agent.options.ready = false;
    const wire = calls.dial();
    const connection = await calls.agent.connection();
    wire.instruct({ type: 'message', data: 'too early' });
    connection.say({ type: 'ready' });
    await calls.listener.next('ready');
    wire.instruct({ type: 'twiml', twiml: '<Response/>' });
    wire.instruct({ type: 'message', data: { seats: [4, null] } });
    expect(await connection.hear('message')).toEqual({ type: 'message', data: { seats: [4, null] } });
    expect(connection.messages.map((message) => message['type'])).toEqual(['start', 'message']);
  });
});

describe('an agent written for Vonage', () => {
  it('clears with an action', async () => {
    const { connection } = await calls.ready();
    connection.say({ action: 'clear' });
    await calls.listener.next('clear');
  });

  it('is notified with its payload when the sound before was played', async () => {
    const { wire, connection } = await calls.ready();
    connection.say({ action: 'notify', payload: { step: 1 } });
    connection.say({ action: 'notify', payload: 'two' });
    const first = await calls.listener.next('mark');
    const second = await calls.listener.next('mark');
    expect(first.name).not.toBe(second.name);
    wire.marked(first.name, true);
    wire.marked(second.name, false);
    expect(await connection.hear('notified')).toEqual({ type: 'notified', event: 'websocket:notify', payload: 'two' });
    expect(connection.messages.filter((message) => message['type'] === 'marked')).toEqual([]);
  });

  it('may have a thousand notifies waiting, not more', async () => {
    const { connection } = await calls.ready();
    for (let i = 0; i <= 1000; i += 1) connection.say({ action: 'notify', payload: i });
    expect(await connection.hear('error')).toMatchObject({ code: 'too_many_notifies' });
    expect(calls.listener.types.filter((type) => type === 'mark')).toHaveLength(1000);
  });
});

describe('the end of the call', () => {
  it('is told with its reason and what went wrong, then the socket is closed', async () => {
    const { wire, connection } = await calls.ready();
    connection.text('?');
    await taken(connection);
    const ended = wire.callEnded('user_hangup');
    expect(await connection.hear('end')).toEqual({
      type: 'end',
      reason: 'user_hangup',
      caller_audio_dropped_ms: 0,
      messages_ignored: 0,
      messages_refused: 1,
    });
    expect((await connection.closed).code).toBe(1000);
    await ended;
    expect(calls.listener.types).toEqual(['ready']);
  });

  it('can be told twice', async () => {
    const { wire, connection } = await calls.ready();
    await Promise.all([wire.callEnded('user_hangup'), wire.callEnded('user_hangup')]);
    await connection.closed;
    expect(connection.messages.filter((message) => message['type'] === 'end')).toHaveLength(1);
  });

  it('resolves at once when nothing was dialled, and dials nothing after it', async () => {
    const wire = calls.wire();
    await wire.callEnded('user_hangup');
    wire.connect();
    wire.start();
    wire.callerAudio(frame(1), 0);
    expect(calls.agent.connectionCount).toBe(0);
    expect(calls.listener.events).toEqual([]);
  });

  it('comes in the middle of dialling', async () => {
    const wire = calls.dial();
    await wire.callEnded('caller_gave_up');
    expect(calls.listener.events).toEqual([]);
  });

  it('is silent when aborted', async () => {
    const { wire, connection } = await calls.ready();
    wire.abort();
    expect((await connection.closed).code).toBe(1006);
    expect(connection.messages.map((message) => message['type'])).toEqual(['start']);
    await wire.callEnded('user_hangup');
    expect(calls.listener.types).toEqual(['ready']);
  });

  it('lets nothing through that the agent says after it', async () => {
    const { wire, connection } = await calls.ready();
    connection.say({ type: 'mark', name: 'late' });
    connection.sound(new Int16Array([1]));
    connection.close(1011);
    await wire.callEnded('user_hangup');
    await connection.closed;
    expect(calls.listener.types).toEqual(['ready']);
  });

  it('may be decided inside any callback', async () => {
    calls.agent.options.ready = false;
    const wire = calls.dial();
    calls.listener.react = (event) => {
      if (event.type === 'ready' || event.type === 'message') wire.abort();
    };
    const connection = await calls.agent.connection();
    connection.sound(new Int16Array([1]));
    await connection.closed;
    expect(calls.listener.types).toEqual(['ready']);
  });

  it('inside the callback of a fatal error is the last thing that is heard', async () => {
    const { wire, connection } = await calls.ready();
    calls.listener.react = () => wire.abort();
    connection.say({ type: 'error', message: 'x', fatal: true });
    await connection.closed;
    expect(calls.listener.types).toEqual(['ready', 'message']);
  });
});
