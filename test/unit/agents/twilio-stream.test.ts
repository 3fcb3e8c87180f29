import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { callSidOf, keyOfCallSid } from '../../../src/agents/index.ts';
import { decodeUlaw, encodeUlaw, sineTone } from '../../../src/audio/index.ts';
import { callContext } from '../../support/call-context.ts';
import { ACCOUNT_SID, type BotStream, TwilioCalls } from '../../support/twilio-agent.ts';

let calls: TwilioCalls;

beforeEach(async () => {
  calls = await TwilioCalls.start();
});

afterEach(async () => {
  await calls.stop();
});

const FRAME = new Int16Array(160).fill(1000);

function ulaw(samples: number, value = 0x55): Uint8Array {
  return new Uint8Array(samples).fill(value);
}

/** Everything the bot said before this was taken: an app message that came through. */
async function settle(stream: BotStream): Promise<void> {
  stream.say({ event: 'settle' });
  for (;;) {
    const { data } = await calls.listener.next('message');
    if ((data as { event?: string }).event === 'settle') return;
  }
}

describe('the names of calls', () => {
  it('are look-alikes of 34 characters that lead back to the call', () => {
    const key = '0198f3c2-1a2b-4c3d-8e4f-5a6b7c8d9e0f';
    expect(callSidOf(key)).toBe('CA0198f3c21a2b4c3d8e4f5a6b7c8d9e0f');
    expect(keyOfCallSid(callSidOf(key))).toBe(key);
  });

  it.each(['', 'CA', 'CA0198f3c21a2b4c3d8e4f5a6b7c8d9e0', 'MZ0198f3c21a2b4c3d8e4f5a6b7c8d9e0f', `CA${'z'.repeat(32)}`])(
    'are not %j',
    (sid) => {
      expect(keyOfCallSid(sid)).toBeNull();
    },
  );
});

describe('the beginning of a stream', () => {
  it('is silent while the phone rings, and ready as soon as the socket is open', async () => {
    const { stream } = await calls.ready();
    await settle(stream);
    expect(stream.messages).toEqual([]);
    expect(calls.listener.types).toEqual(['ready', 'message']);
  });

  it('is connected and start, once the person is on the line', async () => {
    const { wire, stream } = await calls.ready({ parameters: { tier: 'gold', from_number: 'not this' } });
    wire.start();
    const start = await stream.hear('start');
    const streamSid = start.streamSid;
    expect(streamSid).toMatch(/^MZ[0-9a-f]{32}$/);
    expect(stream.messages).toEqual([
      { event: 'connected', protocol: 'Call', version: '1.0.0' },
      {
        event: 'start',
        sequenceNumber: '1',
        streamSid,
        start: {
          streamSid,
          accountSid: ACCOUNT_SID,
          callSid: 'CA00000000000040008000000000000001',
          tracks: ['inbound'],
          mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
          customParameters: {
            tier: 'gold',
            from_number: '+15550199',
            to_number: '+15550100',
            direction: 'inbound',
            call_id: '00000000-0000-4000-8000-000000000001',
            wacid: 'wacid.test',
            contact_name: 'Ada',
            user_id: 'US.1',
            phone_number_id: 'pn-1',
            display_phone_number: '+1 555 0100',
            recording: 'false',
            reconnect_attempt: '0',
          },
        },
      },
    ]);
  });

  it('tells who was lost before, and what was said', async () => {
    const said = Array.from({ length: 50 }, (_, i) => ({ party: 'user', text: `${i} ${'x'.repeat(97)}` }) as const);
    const context = callContext({
      attempt: 2,
      previousAgent: { name: 'First', failure: 'socket_lost' },
      transcript: said,
      identity: { direction: 'outbound', user: { waId: null, userId: 'US.7', parentUserId: null, name: null } },
    });
    const wire = calls.dial({}, context);
    wire.start();
    const stream = await calls.bot.stream();
    const parameters = (await stream.hear('start')).start!.customParameters;
    expect(parameters).toMatchObject({
      reconnect_attempt: '2',
      previous_agent: 'First',
      previous_agent_failure: 'socket_lost',
      from_number: '+15550100',
      to_number: 'US.7',
      direction: 'outbound',
    });
    expect(parameters).not.toHaveProperty('contact_name');
    expect(JSON.parse(parameters['transcript']!)).toEqual(said.slice(-40));
    expect(Object.values(parameters).every((value) => typeof value === 'string')).toBe(true);
  });

  it('comes at once if the person was on the line before the agent was ready', async () => {
    const wire = calls.dial();
    wire.start();
    const stream = await calls.bot.stream();
    await stream.hear('start');
    expect(stream.events).toEqual(['connected', 'start']);
  });

  it('dials once however often it is told to connect', async () => {
    const { wire, stream } = await calls.answered();
    wire.connect();
    wire.start();
    await settle(stream);
    expect(calls.bot.streamCount).toBe(1);
    expect(stream.events).toEqual(['connected', 'start']);
  });
});

describe('caller sound', () => {
  it('is one message of 160 bytes µ-law for each frame, with counters in decimal strings', async () => {
    const { wire, stream } = await calls.answered();
    const tone = sineTone(8000, 440, 60);
    for (let i = 0; i < 3; i += 1) wire.callerAudio(tone.subarray(i * 160, (i + 1) * 160), 4_000 + i * 20);
    const heard = [await stream.hear('media'), await stream.hear('media'), await stream.hear('media')];
    expect(
      heard.map(({ sequenceNumber, media }) => [sequenceNumber, media!.track, media!.chunk, media!.timestamp]),
    ).toEqual([
      ['2', 'inbound', '1', '0'],
      ['3', 'inbound', '2', '20'],
      ['4', 'inbound', '3', '40'],
    ]);
    const bytes = Buffer.concat(heard.map(({ media }) => Buffer.from(media!.payload, 'base64')));
    const expected = Buffer.alloc(480);
    encodeUlaw(tone, expected);
    expect(bytes).toEqual(expected);
    expect(new Set(heard.map(({ streamSid }) => streamSid)).size).toBe(1);
  });

  it('is not sent before the stream begins', async () => {
    const { wire, stream } = await calls.ready();
    wire.callerAudio(FRAME, 0);
    wire.callerDtmf('1', 100);
    wire.start();
    wire.callerAudio(FRAME, 20);
    await stream.hear('media');
    expect(stream.events).toEqual(['connected', 'start', 'media']);
  });

  it('drops the oldest for a bot that does not read, and media time goes on; 5 s of it lose the bot', async () => {
    const { wire, stream } = await calls.answered();
    stream.socket.pause();
    let time = 0;
    // What the two kernels take cannot be known; what is beyond it is dropped.
    while (wire.callerAudioDroppedMs === 0) {
      for (let i = 0; i < 1_000; i += 1, time += 20) wire.callerAudio(FRAME, time);
      if (time > 3_600_000) throw new Error('nothing was ever dropped');
    }
    expect(await calls.listener.next('lost')).toEqual({
      type: 'lost',
      loss: { code: 'stalled', retryable: false, detail: 'the agent did not read for 5 s' },
    });
    expect(wire.callerAudioDroppedMs).toBeGreaterThan(4_000);
    expect(wire.callerAudioDroppedMs).toBeLessThan(5_000);
  });

  it('that was dropped leaves a gap in the timestamps and none in the counters', async () => {
    const { wire, stream } = await calls.answered();
    stream.socket.pause();
    let time = 0;
    for (; wire.callerAudioDroppedMs === 0 && time < 3_600_000; time += 20) wire.callerAudio(FRAME, time);
    const resumedAt = time;
    stream.socket.resume();
    // Each frame that is read makes room for another one.
    while (Number(stream.messages.at(-1)?.media?.timestamp ?? 0) < resumedAt) {
      await new Promise((resolve) => setImmediate(resolve));
      wire.callerAudio(FRAME, time);
      time += 20;
    }
    const sent = stream.messages.flatMap(({ media }) => (media ? [Number(media.timestamp)] : []));
    const jumps = sent.slice(1).map((timestamp, i) => timestamp - sent[i]!);
    const missing = jumps.reduce((sum, jump) => sum + jump - 20, 0);
    expect(Math.min(...jumps)).toBe(20);
    expect(missing).toBeGreaterThan(0);
    expect(missing).toBeLessThanOrEqual(wire.callerAudioDroppedMs);
    const chunks = stream.messages.flatMap(({ media }) => (media ? [Number(media.chunk)] : []));
    expect(chunks).toEqual(chunks.map((_, i) => i + 1));
  });

  it('reports keys', async () => {
    const { wire, stream } = await calls.answered();
    wire.callerDtmf('#', 160);
    expect((await stream.hear('dtmf')).dtmf).toEqual({ track: 'inbound_track', digit: '#' });
  });
});

describe('agent sound', () => {
  it('is taken at any length', async () => {
    const { stream } = await calls.answered();
    for (const samples of [1, 160, 333, 20_000]) stream.sound(ulaw(samples));
    await settle(stream);
    const heard = calls.listener.all('audio');
    expect(heard.reduce((sum, { samples }) => sum + samples.length, 0)).toBe(20_494);
    const value = new Int16Array(1);
    decodeUlaw(ulaw(1), value);
    expect(heard.every(({ samples }) => samples.every((sample) => sample === value[0]))).toBe(true);
  });

  it('keeps its order over the pieces of a long message', async () => {
    const { stream } = await calls.answered();
    const bytes = Uint8Array.from({ length: 17_000 }, (_, i) => i % 251);
    stream.sound(bytes);
    await settle(stream);
    const expected = new Int16Array(17_000);
    decodeUlaw(bytes, expected);
    expect(calls.listener.all('audio').flatMap(({ samples }) => [...samples])).toEqual([...expected]);
  });

  it('may lack padding, or be empty', async () => {
    const { stream } = await calls.answered();
    stream.say({ event: 'media', media: { payload: 'VVU' } });
    stream.say({ event: 'media', media: { payload: '' } });
    await settle(stream);
    expect(calls.listener.all('audio').map(({ samples }) => samples.length)).toEqual([2]);
  });
});

describe('marks and clears', () => {
  it('sets a mark, and echoes it when it was reached or cleared', async () => {
    const { wire, stream } = await calls.answered();
    stream.sound(ulaw(160));
    stream.mark('one');
    stream.mark('two');
    await calls.listener.next('mark');
    await calls.listener.next('mark');
    expect(calls.listener.types).toEqual(['ready', 'audio', 'mark', 'mark']);
    expect(stream.events).toEqual(['connected', 'start']);
    wire.marked('one', false);
    wire.marked('two', true);
    const echoes = [await stream.hear('mark'), await stream.hear('mark')];
    expect(echoes.map(({ mark, sequenceNumber }) => [mark, sequenceNumber])).toEqual([
      [{ name: 'one' }, '2'],
      [{ name: 'two' }, '3'],
    ]);
  });

  it('echoes a mark that is answered while it is set, and each as often as it was set', async () => {
    const { wire, stream } = await calls.answered();
    calls.listener.react = (event) => {
      if (event.type === 'mark') wire.marked(event.name, false);
    };
    stream.mark('same');
    stream.mark('same');
    await stream.hear('mark');
    await stream.hear('mark');
    wire.marked('same', false);
    await settle(stream);
    expect(stream.events).toEqual(['connected', 'start', 'mark', 'mark']);
  });

  it('clears', async () => {
    const { wire, stream } = await calls.answered();
    calls.listener.react = (event) => {
      if (event.type !== 'clear') return;
      wire.marked('m', true);
      wire.cleared([], 20);
    };
    stream.sound(ulaw(160));
    stream.mark('m');
    stream.say({ event: 'clear', streamSid: 'MZ' });
    expect((await stream.hear('mark')).mark).toEqual({ name: 'm' });
    expect(calls.listener.types).toEqual(['ready', 'audio', 'mark', 'clear']);
  });
});

describe('what else an agent says', () => {
  it('goes on as a message of the application', async () => {
    const { stream } = await calls.answered();
    stream.say({ label: 'rtvi-ai', type: 'server-message', data: 1 });
    expect(await calls.listener.next('message')).toEqual({
      type: 'message',
      data: { label: 'rtvi-ai', type: 'server-message', data: 1 },
    });
  });

  it('goes on a thousand times and no more', async () => {
    const { stream } = await calls.answered();
    for (let i = 0; i < 1_200; i += 1) stream.say({ event: 'custom', i });
    stream.mark('end');
    await calls.listener.next('mark');
    expect(calls.listener.all('message')).toHaveLength(1_000);
  });

  it.each([
    ['no JSON', '{'],
    ['no object', '[1]'],
    ['null', 'null'],
    ['media without a payload', '{"event":"media","media":{}}'],
    ['media that is no object', '{"event":"media","media":"AAAA"}'],
    ['a payload that is not base64', '{"event":"media","media":{"payload":"&&&&"}}'],
    ['a payload of a length that base64 cannot have', '{"event":"media","media":{"payload":"AAAAA"}}'],
    ['a mark without a name', '{"event":"mark","mark":{}}'],
    ['a mark with a number', '{"event":"mark","mark":{"name":7}}'],
    ['a mark with an endless name', `{"event":"mark","mark":{"name":"${'x'.repeat(600)}"}}`],
    ['a message that is nested without end', `{"event":"x","a":${'['.repeat(30_000)}${']'.repeat(30_000)}}`],
    ['a message of 100 KB', `{"event":"custom","text":"${'x'.repeat(100_000)}"}`],
  ])('is refused if it is %s, and the call goes on', async (_, text) => {
    const { stream } = await calls.answered();
    stream.socket.send(text);
    stream.sound(ulaw(160));
    await calls.listener.next('audio');
    expect(calls.listener.types).toEqual(['ready', 'audio']);
  });

  it('loses the agent when too much of it is refused', async () => {
    const { stream } = await calls.answered();
    for (let i = 0; i < 100; i += 1) stream.socket.send(Buffer.from([i]));
    await settle(stream);
    expect(calls.listener.all('lost')).toEqual([]);
    stream.socket.send('no JSON');
    expect((await calls.listener.next('lost')).loss).toEqual({
      code: 'protocol_error',
      retryable: false,
      detail: 'more than 100 messages were not valid',
    });
    expect((await stream.closed).code).toBe(1008);
  });
});

describe('the end of a stream', () => {
  it.each([
    [1000, 'bye'],
    [1001, 'away'],
    [undefined, ''],
  ] as const)('by the agent with %s is a hang-up that plays what is queued', async (code, reason) => {
    const { stream } = await calls.answered();
    stream.sound(ulaw(160));
    stream.socket.close(code, reason);
    const hangup = await calls.listener.next('hangup');
    expect(hangup).toEqual({ type: 'hangup', drain: true, reason: reason === '' ? null : reason });
    expect(calls.listener.types).toEqual(['ready', 'audio', 'hangup']);
  });

  it('without a close frame is a loss that dialling again may help', async () => {
    const { stream } = await calls.answered();
    stream.drop();
    expect((await calls.listener.next('lost')).loss).toMatchObject({ code: 'socket_lost', retryable: true });
  });

  it.each([
    [1011, 'socket_lost', true],
    [1008, 'unauthorized', false],
    [4000, 'agent_error', false],
  ] as const)('by the agent with %i is a loss', async (code, failure, retryable) => {
    const { stream } = await calls.answered();
    stream.socket.close(code);
    expect((await calls.listener.next('lost')).loss).toMatchObject({ code: failure, retryable });
  });

  it('before it began is a loss too', async () => {
    calls.bot.refuseWith = 401;
    calls.dial();
    expect((await calls.listener.next('lost')).loss).toMatchObject({ code: 'unauthorized', retryable: false });
    expect(calls.listener.types).toEqual(['lost']);
  });

  it('by us is stop, then the socket', async () => {
    const { wire, stream } = await calls.answered();
    wire.callerAudio(FRAME, 0);
    await wire.callEnded('user_hung_up');
    await stream.closed;
    expect(stream.messages.at(-1)).toEqual({
      event: 'stop',
      sequenceNumber: '3',
      streamSid: stream.messages[1]!.streamSid,
      stop: { accountSid: ACCOUNT_SID, callSid: 'CA00000000000040008000000000000001' },
    });
    expect((await stream.closed).code).toBe(1000);
    expect(calls.listener.types).toEqual(['ready']);
  });

  it('by us before it began says nothing', async () => {
    const { wire, stream } = await calls.ready();
    await wire.callEnded('user_hung_up');
    await stream.closed;
    expect(stream.messages).toEqual([]);
  });

  it('in a hurry is a cut', async () => {
    const { wire, stream } = await calls.answered();
    wire.abort();
    expect((await stream.closed).code).toBe(1006);
    expect(stream.events).toEqual(['connected', 'start']);
    expect(calls.listener.types).toEqual(['ready']);
  });

  it('leaves a wire that takes anything and says nothing', async () => {
    const { wire, stream } = await calls.answered();
    await wire.callEnded('over');
    wire.connect();
    wire.start();
    wire.callerAudio(FRAME, 0);
    wire.callerDtmf('1', 100);
    wire.marked('x', false);
    wire.instruct({ type: 'twiml', twiml: '<Response><Hangup/></Response>' });
    wire.abort();
    await wire.callEnded('again');
    await stream.closed;
    expect(calls.listener.types).toEqual(['ready']);
  });

  it('of a call whose bot never answered the dial resolves', async () => {
    calls.bot.silent = true;
    const wire = calls.dial();
    await calls.bot.dialled();
    await wire.callEnded('cancelled');
    expect(calls.listener.types).toEqual([]);
  });
});
