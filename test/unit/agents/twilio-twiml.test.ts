import twilio from 'twilio';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SoundFileError, twimlFault } from '../../../src/agents/index.ts';
import { parseTwiml } from '../../../src/agents/wires/twilio/twiml.ts';
import { callContext } from '../../support/call-context.ts';
import { ACCOUNT_SID, AUTH_TOKEN, TwilioCalls, type WebhookRequest } from '../../support/twilio-agent.ts';

let calls: TwilioCalls;

beforeEach(async () => {
  calls = await TwilioCalls.start();
});

afterEach(async () => {
  await calls.stop();
});

function connect(path = '/stream', parameters = ''): string {
  return `<Connect><Stream url="ws://${calls.bot.host}${path}">${parameters}</Stream></Connect>`;
}

/** Judged by Twilio's own library, as a bot would. */
function isSigned(request: WebhookRequest, token = AUTH_TOKEN): boolean {
  const form = request.method === 'POST' ? request.form : {};
  return twilio.validateRequest(token, String(request.headers['x-twilio-signature']), request.url, form);
}

describe('asking for a document', () => {
  it('posts what Twilio posts, signed so that its own library agrees', async () => {
    calls.dialWebhook(connect(), { parameters: { tier: 'gold', CallSid: 'not this' } });
    await calls.listener.next('ready');
    const [request] = calls.bot.asked;
    expect(request!.method).toBe('POST');
    expect(request!.form).toEqual({
      CallSid: 'CA00000000000040008000000000000001',
      AccountSid: ACCOUNT_SID,
      From: '+15550199',
      To: '+15550100',
      Caller: '+15550199',
      Called: '+15550100',
      Direction: 'inbound',
      CallStatus: 'ringing',
      ApiVersion: '2010-04-01',
      CallerName: 'Ada',
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
    });
    expect(isSigned(request!)).toBe(true);
    expect(isSigned(request!, 'another token')).toBe(false);
    expect(isSigned({ ...request!, form: { ...request!.form, From: '+1' } })).toBe(false);
  });

  it.each([
    ['a query', '/voice?a=1&b=two%20words'],
    ["a query with what a URL need not escape: !'()*", "/voice?name=O'Brien&x=(1)*!"],
    ['a path that must be escaped', '/voi ce/ü'],
    ['a fragment', '/voice#rc=3'],
  ])('signs a URL with %s', async (_, path) => {
    calls.bot.says('<Pause/>', new URL(path, 'http://bot').pathname);
    calls.dial({ entry: { kind: 'webhook', url: `http://${calls.bot.host}${path}` } });
    await calls.listener.next('ready');
    expect(isSigned(calls.bot.asked[0]!)).toBe(true);
  });

  it('signs names that are not ASCII', async () => {
    calls.bot.says('<Pause/>');
    const user = { waId: '15550199', userId: null, parentUserId: null, name: 'Zoë & Søn 😀' };
    calls.dialWebhook('<Pause/>', {}, callContext({ identity: { user } }));
    await calls.listener.next('ready');
    expect(calls.bot.asked[0]!.form['CallerName']).toBe('Zoë & Søn 😀');
    expect(isSigned(calls.bot.asked[0]!)).toBe(true);
  });

  it('does not sign without a token', async () => {
    calls.dialWebhook('<Pause/>', { authToken: null });
    await calls.listener.next('ready');
    expect(calls.bot.asked[0]!.headers).not.toHaveProperty('x-twilio-signature');
  });

  it.each([
    [401, 'unauthorized', false],
    [404, 'connect_refused', false],
    [503, 'connect_refused', true],
  ] as const)('loses an agent that answers %i', async (status, code, retryable) => {
    calls.bot.pages.set('/voice', { status, body: 'no' });
    calls.dial({ entry: { kind: 'webhook', url: calls.bot.webhookUrl } });
    expect((await calls.listener.next('lost')).loss).toMatchObject({ code, retryable });
  });

  it('does not ask metadata services', async () => {
    calls.dial({ entry: { kind: 'webhook', url: 'http://169.254.169.254/latest' } });
    expect((await calls.listener.next('lost')).loss).toMatchObject({ code: 'address_refused', retryable: false });
  });

  it('does not let a document lead there either', async () => {
    calls.dialWebhook('<Connect><Stream url="ws://169.254.169.254/"/></Connect>');
    expect((await calls.listener.next('lost')).loss).toMatchObject({ code: 'address_refused', retryable: false });
  });
});

describe('a document with a stream', () => {
  it('makes the agent ready when the stream is open, and starts when the person is on the line', async () => {
    const parameters =
      '<Parameter name="from_number" value="mine"/><Parameter name="__proto__" value="&quot;a&#39;s&quot;"/>';
    const wire = calls.dialWebhook(connect('/stream?token=a&amp;b=c', parameters));
    const stream = await calls.bot.stream();
    await calls.listener.next('ready');
    expect(stream.path).toBe('/stream?token=a&b=c');
    expect(stream.messages).toEqual([]);
    wire.start();
    const { customParameters } = (await stream.hear('start')).start!;
    expect(customParameters['from_number']).toBe('mine');
    expect(Object.getOwnPropertyDescriptor(customParameters, '__proto__')?.value).toBe(`"a's"`);
    expect(customParameters['call_id']).toBe('00000000-0000-4000-8000-000000000001');
  });

  it('hangs up when the agent ends the stream', async () => {
    const wire = calls.dialWebhook(connect());
    const stream = await calls.bot.stream();
    wire.start();
    await stream.hear('start');
    stream.socket.close(1000, 'done');
    expect(await calls.listener.next('hangup')).toEqual({ type: 'hangup', drain: true, reason: 'done' });
  });

  it('does not sit out a pause that is the last thing in it', async () => {
    const wire = calls.dialWebhook(`${connect()}<Pause length="40"/>`);
    const stream = await calls.bot.stream();
    wire.start();
    await stream.hear('start');
    stream.socket.close();
    await calls.listener.next('hangup');
  });

  it('goes on with what is next, with another stream and its own counters', async () => {
    const wire = calls.dialWebhook(`${connect('/one')}${connect('/two')}`);
    const one = await calls.bot.stream();
    wire.start();
    const frame = new Int16Array(160);
    await one.hear('start');
    wire.callerAudio(frame, 0);
    await one.hear('media');
    one.mark('late');
    await calls.listener.next('mark');
    one.socket.close();
    const two = await calls.bot.stream();
    const start = await two.hear('start');
    expect([one.path, two.path]).toEqual(['/one', '/two']);
    expect(start.streamSid).not.toBe(one.messages[1]!.streamSid);
    wire.marked('late', false);
    wire.callerAudio(frame, 5_000);
    wire.callerAudio(frame, 5_020);
    expect((await two.hear('media')).media).toMatchObject({ chunk: '1', timestamp: '0' });
    expect((await two.hear('media')).media).toMatchObject({ chunk: '2', timestamp: '20' });
    expect(two.events).toEqual(['connected', 'start', 'media', 'media']);
    expect(calls.listener.types).toEqual(['ready', 'mark']);
  });

  it('asks the action of a Connect after its stream', async () => {
    calls.bot.says('<Hangup/>', '/after');
    const wire = calls.dialWebhook(
      `<Connect action="/after"><Stream url="${calls.bot.streamUrl}"/></Connect><Redirect>/never</Redirect>`,
    );
    const stream = await calls.bot.stream();
    wire.start();
    await stream.hear('start');
    stream.socket.close();
    expect(await calls.listener.next('hangup')).toMatchObject({ drain: true, reason: 'hangup' });
    expect(calls.bot.asked.map(({ url }) => new URL(url).pathname)).toEqual(['/voice', '/after']);
    expect(calls.bot.asked[1]!.form['CallStatus']).toBe('in-progress');
  });

  it('loses an agent whose stream breaks', async () => {
    const wire = calls.dialWebhook(`${connect()}<Hangup/>`);
    const stream = await calls.bot.stream();
    wire.start();
    await stream.hear('start');
    stream.drop();
    expect((await calls.listener.next('lost')).loss).toEqual({
      code: 'socket_lost',
      retryable: true,
      detail: 'the connection was lost',
    });
  });

  it('loses an agent whose second stream does not open in time', async () => {
    const wire = calls.dialWebhook(`${connect('/one')}${connect('/two')}`, { connectTimeoutMs: 300 });
    const one = await calls.bot.stream();
    wire.start();
    await one.hear('start');
    calls.bot.silent = true;
    one.socket.close();
    expect((await calls.listener.next('lost')).loss).toMatchObject({ code: 'connect_timeout', retryable: true });
  });

  it('is left when the call ends', async () => {
    const wire = calls.dialWebhook(`${connect()}<Redirect>/next</Redirect>`);
    const stream = await calls.bot.stream();
    wire.start();
    await stream.hear('start');
    await wire.callEnded('user_hung_up');
    await stream.closed;
    expect(stream.events).toEqual(['connected', 'start', 'stop']);
    expect(calls.bot.asked).toHaveLength(1);
    expect(calls.listener.types).toEqual(['ready']);
  });
});

describe('a document that does not want the call', () => {
  it.each([
    ['<Reject/>', 'reject'],
    ['<Reject reason="busy"/>', 'busy'],
    ['<Hangup/>', 'hangup'],
    ['', 'end of document'],
  ])('%s declines it', async (twiml, reason) => {
    calls.dialWebhook(twiml);
    expect(await calls.listener.next('hangup')).toEqual({ type: 'hangup', drain: false, reason });
    expect(calls.listener.types).toEqual(['hangup']);
  });
});

describe('redirects', () => {
  it('are followed before the agent counts as ready, with their method', async () => {
    calls.bot.says(connect(), '/final');
    calls.bot.says('<Redirect method="POST">/final</Redirect>', '/menu/two');
    calls.dialWebhook('<Redirect method="GET">/menu/two?x=1</Redirect>');
    await calls.listener.next('ready');
    const [, get, post] = calls.bot.asked;
    expect([get!.method, post!.method]).toEqual(['GET', 'POST']);
    const query = new URL(get!.url).searchParams;
    expect([query.get('x'), query.get('CallSid')]).toEqual(['1', 'CA00000000000040008000000000000001']);
    expect(calls.bot.asked.map((request) => isSigned(request))).toEqual([true, true, true]);
  });

  it.each(['', '<Pause length="0"/>'])('that go round in circles lose the agent: %s', async (before) => {
    const wire = calls.dialWebhook(`${before}<Redirect>/voice</Redirect>`);
    if (before !== '') {
      await calls.listener.next('ready');
      wire.start();
    }
    expect((await calls.listener.next('lost')).loss).toEqual({
      code: 'protocol_error',
      retryable: false,
      detail: 'TwiML: more than 10 redirects in a row',
    });
    expect(calls.bot.asked).toHaveLength(11);
  });
});

describe('sound files', () => {
  const file = new Uint8Array([1, 2, 3]);

  it('are played after the person is on the line, to their end, as often as they say', async () => {
    calls.bot.pages.set('/hello.wav', { type: 'audio/wav', body: file });
    const wire = calls.dialWebhook('<Play loop="2">/hello.wav</Play><Hangup/>');
    await calls.listener.next('ready');
    expect(calls.bot.asked).toHaveLength(1);
    wire.start();
    const first = await calls.listener.next('mark');
    expect(calls.listener.types).toEqual(['ready', 'file', 'mark']);
    wire.marked(first.name, false);
    const second = await calls.listener.next('mark');
    expect(second.name).not.toBe(first.name);
    wire.marked(second.name, false);
    expect(await calls.listener.next('hangup')).toEqual({ type: 'hangup', drain: true, reason: 'hangup' });
    expect(calls.listener.types).toEqual(['ready', 'file', 'mark', 'file', 'mark', 'hangup']);
    expect(calls.listener.all('file').map(({ bytes }) => [...bytes])).toEqual([[...file], [...file]]);
    expect(calls.bot.asked.filter(({ method }) => method === 'GET')).toHaveLength(1);
  });

  it('that are empty are played once, however often they are to be repeated', async () => {
    calls.bot.pages.set('/hello.wav', { type: 'audio/wav', body: file });
    calls.listener.fileMs = 0;
    const wire = calls.dialWebhook('<Play loop="0">/hello.wav</Play>');
    wire.start();
    await calls.listener.next('hangup');
    expect(calls.listener.types).toEqual(['ready', 'file', 'hangup']);
  });

  it('that cannot be had lose the agent', async () => {
    const wire = calls.dialWebhook('<Play>/missing.wav</Play>');
    wire.start();
    expect((await calls.listener.next('lost')).loss).toMatchObject({ code: 'connect_refused', retryable: false });
  });

  it('that cannot be played lose the agent, and say why', async () => {
    calls.bot.pages.set('/hello.wav', { type: 'audio/wav', body: file });
    calls.listener.onFile = async () => {
      throw new SoundFileError('the sound file is neither WAV nor Ogg');
    };
    const wire = calls.dialWebhook('<Play>/hello.wav</Play>');
    wire.start();
    expect((await calls.listener.next('lost')).loss).toEqual({
      code: 'protocol_error',
      retryable: false,
      detail: '<Play>: the sound file is neither WAV nor Ogg',
    });
  });

  it('are not begun again once the call has ended', async () => {
    calls.bot.pages.set('/hello.wav', { type: 'audio/wav', body: file });
    const wire = calls.dialWebhook('<Play loop="9">/hello.wav</Play>');
    wire.start();
    const { name } = await calls.listener.next('mark');
    await wire.callEnded('user_hung_up');
    wire.marked(name, true);
    await new Promise((resolve) => setImmediate(resolve));
    expect(calls.listener.types).toEqual(['ready', 'file', 'mark']);
  });
});

describe('a pause', () => {
  it('begins when the person is on the line', async () => {
    const wire = calls.dialWebhook('<Pause length="1"/><Hangup/>');
    await calls.listener.next('ready');
    const before = performance.now();
    wire.start();
    await calls.listener.next('hangup');
    expect(performance.now() - before).toBeGreaterThan(950);
  });

  it('ends with the call', async () => {
    const wire = calls.dialWebhook('<Pause length="3600"/>');
    wire.start();
    await calls.listener.next('ready');
    await wire.callEnded('user_hung_up');
    expect(calls.listener.types).toEqual(['ready']);
  });
});

describe('an instruction', () => {
  it('takes the place of the document that runs: stop, clear, and on with the new one', async () => {
    const { wire, stream } = await calls.answered();
    wire.instruct({ type: 'twiml', twiml: `<Response>${connect('/other')}</Response>` });
    const other = await calls.bot.stream();
    await other.hear('start');
    expect((await stream.closed).code).toBe(1000);
    expect(stream.events).toEqual(['connected', 'start', 'stop']);
    expect(calls.listener.types).toEqual(['ready', 'clear']);
    other.socket.close();
    await calls.listener.next('hangup');
  });

  it('that hangs up lets the goodbye be heard', async () => {
    const { wire, stream } = await calls.answered();
    wire.instruct({ type: 'twiml', twiml: '<Response><Hangup/></Response>' });
    expect(await calls.listener.next('hangup')).toEqual({ type: 'hangup', drain: true, reason: 'hangup' });
    await stream.closed;
    expect(calls.listener.types).toEqual(['ready', 'hangup']);
  });

  it('may be a URL, which is asked as the webhook is', async () => {
    calls.bot.says('<Hangup/>', '/goodbye');
    const { wire } = await calls.answered();
    wire.instruct({ type: 'twiml_url', url: `http://${calls.bot.host}/goodbye`, method: 'POST' });
    await calls.listener.next('hangup');
    expect(calls.bot.asked[0]!.form['CallStatus']).toBe('in-progress');
    expect(isSigned(calls.bot.asked[0]!)).toBe(true);
  });

  it('does not hang up when the old stream ends while the new document is asked for', async () => {
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    calls.bot.pages.set('/slow', async () => {
      asked.resolve();
      await answer.promise;
      return { body: `<Response>${connect('/other')}</Response>` };
    });
    const { wire, stream } = await calls.answered();
    wire.instruct({ type: 'twiml_url', url: `http://${calls.bot.host}/slow`, method: 'GET' });
    await asked.promise;
    stream.socket.close();
    await stream.closed;
    answer.resolve();
    await (await calls.bot.stream()).hear('start');
    expect(calls.listener.types).toEqual(['ready', 'clear']);
  });

  it('that interrupts a file waits until its sound can be cleared', async () => {
    calls.bot.pages.set('/long.wav', { type: 'audio/wav', body: new Uint8Array(9) });
    const queued = Promise.withResolvers<number>();
    const playing = Promise.withResolvers<void>();
    calls.listener.onFile = () => {
      playing.resolve();
      return queued.promise;
    };
    const wire = calls.dialWebhook('<Play>/long.wav</Play>');
    wire.start();
    await playing.promise;
    wire.instruct({ type: 'twiml', twiml: `<Response>${connect()}</Response>` });
    await new Promise((resolve) => setImmediate(resolve));
    expect(calls.listener.types).toEqual(['ready']);
    queued.resolve(60_000);
    await (await calls.bot.stream()).hear('start');
    expect(calls.listener.types).toEqual(['ready', 'clear']);
  });

  it('while the phone rings decides whether the agent is ready', async () => {
    calls.bot.silent = true;
    const wire = calls.dial();
    await calls.bot.dialled();
    wire.instruct({ type: 'twiml', twiml: '<Response><Reject reason="busy"/></Response>' });
    expect(await calls.listener.next('hangup')).toEqual({ type: 'hangup', drain: false, reason: 'busy' });
  });

  it('that cannot be run loses the agent', async () => {
    const { wire, stream } = await calls.answered();
    wire.instruct({ type: 'twiml', twiml: '<Response><Dial>+15550123</Dial></Response>' });
    expect((await calls.listener.next('lost')).loss.detail).toBe('TwiML: <Dial> is not supported');
    await stream.closed;
  });

  it('of the application is not for this wire', async () => {
    const { wire, stream } = await calls.answered();
    wire.instruct({ type: 'message', data: { a: 1 } });
    wire.callerDtmf('1', 100);
    await stream.hear('dtmf');
    expect(stream.events).toEqual(['connected', 'start', 'dtmf']);
  });
});

describe('reading a document', () => {
  it.each([
    ['<Say>Hi</Say>', '<Say> is not supported'],
    ['<Gather/>', '<Gather> is not supported'],
    ['<Dial>1</Dial>', '<Dial> is not supported'],
    ['<Record/>', '<Record> is not supported'],
    ['<Start><Stream url="wss://a"/></Start>', '<Start> is not supported'],
    ['<hangup/>', '<hangup> is not supported'],
    [`<A${'a'.repeat(60)}/>`, 'an element with a strange name is not supported'],
    ['<Call-15550199/>', 'an element with a strange name is not supported'],
    ['<Connect/>', '<Connect> must hold one <Stream>'],
    ['<Connect><Stream url="wss://a"/><Stream url="wss://a"/></Connect>', '<Connect> must hold one <Stream>'],
    ['<Connect><ConversationRelay url="wss://a"/></Connect>', '<Connect> with <ConversationRelay> is not supported'],
    ['<Connect><Stream/></Connect>', '<Stream> must have a URL with ws:// or wss://'],
    ['<Connect><Stream url="https://a"/></Connect>', '<Stream> must have a URL with ws:// or wss://'],
    ['<Connect><Stream url="/relative"/></Connect>', '<Stream> must have a URL with ws:// or wss://'],
    [
      '<Connect><Stream url="wss://a" statusCallback="https://b"/></Connect>',
      'statusCallback of <Stream> is not supported',
    ],
    [
      '<Connect><Stream url="wss://a" track="both_tracks"/></Connect>',
      '<Stream> can only have the track inbound_track',
    ],
    [
      '<Connect><Stream url="wss://a"><Parameter name="x"/></Stream></Connect>',
      '<Parameter> must have a name and a value',
    ],
    ['<Connect><Stream url="wss://a"><Other/></Stream></Connect>', '<Stream> with <Other> is not supported'],
    ['<Play/>', '<Play> must have a URL'],
    ['<Play digits="1"/>', 'digits of <Play> is not supported'],
    ['<Play>ftp://a/b.wav</Play>', '<Play> must have a URL with http:// or https://'],
    ['<Play loop="-1">http://a</Play>', 'loop of <Play> must be a whole number from 0 to 1000'],
    ['<Pause length="soon"/>', 'length of <Pause> must be a whole number from 0 to 3600'],
    ['<Redirect method="PUT">http://a</Redirect>', 'method of <Redirect> must be GET or POST'],
    ['<Redirect>file:///etc/passwd</Redirect>', '<Redirect> must have a URL with http:// or https://'],
    ['<Hangup/><Say/>', '<Say> is not supported'],
  ])('%s: %s', (verbs, fault) => {
    expect(twimlFault(`<Response>${verbs}</Response>`)).toBe(fault);
  });

  it.each([
    ['', 'the document is not XML'],
    ['hello', 'the document is not XML'],
    ['{"a":1}', 'the document is not XML'],
    ['<Response><Play>', 'the document is not XML'],
    ['<Response><Pause length=1/></Response>', 'the document is not XML'],
    ['<html></html>', 'the document is not one <Response>'],
    ['<Response/><Response/>', 'the document is not one <Response>'],
    ['<!DOCTYPE r [<!ENTITY x "y">]><Response>&x;</Response>', 'the document has a document type'],
    [`<Response>${'<Pause/>'.repeat(9_000)}</Response>`, 'the document is longer than 65536 bytes'],
    [`<Response>${'<Connect>'.repeat(500)}${'</Connect>'.repeat(500)}</Response>`, 'the document is not XML'],
  ])('%#: %s', (text, fault) => {
    expect(twimlFault(text)).toBe(fault);
  });

  it('reads what Twilio writes: a declaration, comments, CDATA, references, spaces', () => {
    const text = `\ufeff<?xml version="1.0" encoding="UTF-8"?>
      <!-- greet -->
      <Response>
        <Play loop="0"> http://a/x?b=1&amp;c=2 </Play>
        <Play><![CDATA[http://a/?q=1&r=2]]></Play>
        <Pause/>
        <Redirect>next?a=1</Redirect>
        <Reject reason="rejected"/>
        <Connect><Stream url="wss://a/b#c" name="s"><Parameter name="n" value="&#65;&#x1F600; "/></Stream></Connect>
      </Response>`;
    expect(parseTwiml(text, 'https://bot.test/dir/voice')).toEqual([
      { name: 'play', url: 'http://a/x?b=1&c=2', times: 1000 },
      { name: 'play', url: 'http://a/?q=1&r=2', times: 1 },
      { name: 'pause', seconds: 1 },
      { name: 'redirect', url: 'https://bot.test/dir/next?a=1', method: 'POST' },
      { name: 'reject', busy: false },
      { name: 'connect', url: 'wss://a/b', parameters: { n: 'A😀 ' } },
    ]);
  });

  it('reads what Twilio’s own library writes', () => {
    const response = new twilio.twiml.VoiceResponse();
    response.pause({ length: 2 });
    const stream = response.connect().stream({ url: 'wss://a/b?c=1&d=2' });
    stream.parameter({ name: 'quoted', value: `"it's" <&>` });
    response.hangup();
    expect(parseTwiml(response.toString(), null)).toEqual([
      { name: 'pause', seconds: 2 },
      { name: 'connect', url: 'wss://a/b?c=1&d=2', parameters: { quoted: `"it's" <&>` } },
      { name: 'hangup' },
    ]);
  });
});
