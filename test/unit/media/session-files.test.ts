import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { levelDb, sineTone, writeWav } from '../../../src/audio/index.ts';
import type { TwilioAgent } from '../../../src/call/index.ts';
import { TurnedSession } from '../../support/turned-session.ts';

/** Files that an agent has the bridge play: TwiML's `<Play>`, from the webhook to the phone's ear. */
describe('A sound file of an agent', () => {
  let server: Server;
  let call: TurnedSession;
  let files: Map<string, Uint8Array>;
  let twiml: string;

  beforeEach(async () => {
    files = new Map();
    server = createServer((request, response) => {
      if (request.method === 'POST') response.setHeader('content-type', 'text/xml').end(twiml);
      else response.end(files.get(request.url ?? ''));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    call = await TurnedSession.open();
  });
  afterEach(async () => {
    await call.close();
    server.closeAllConnections();
    server.close();
  });

  function agent(): TwilioAgent {
    return {
      id: 'agent-1',
      name: 'TwiML',
      wire: 'twilio',
      entry: { kind: 'webhook', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/twiml` },
      accountSid: 'AC00000000000000000000000000000000',
      authToken: null,
      connectTimeoutMs: 5_000,
      speakWithinMs: null,
      maxConcurrentCalls: null,
      parameters: {},
    };
  }

  /** Lets time go by until the agent ended the call, one way or the other. */
  async function ended(): Promise<void> {
    void call.session.connectAgent(0, agent(), 0);
    await Promise.all([call.ring(), call.told('agent.ready')]);
    call.answer();
    while (!call.types.includes('agent.hangup') && !call.types.includes('agent.failed')) {
      call.clock.turn(1);
      await new Promise((wake) => setTimeout(wake, 1));
    }
  }

  const loudFrames = async () => (await call.heardDb(call.phone.audio.length)).filter((db) => db > -30).length;

  it('is heard whole by the phone before what comes after it: WAV at any usual rate', async () => {
    files.set('/hello.wav', writeWav(sineTone(44_100, 1_000, 600, -12), 44_100));
    twiml = '<Response><Play>/hello.wav</Play><Hangup/></Response>';
    await ended();
    expect(call.types.at(-1)).toBe('agent.hangup');
    await call.phone.until(({ audio }) => audio.length >= 30);
    expect(Math.abs((await loudFrames()) - 30)).toBeLessThanOrEqual(2);
  });

  it('is heard whole by the phone before what comes after it: Ogg with Opus', async () => {
    files.set('/hello.ogg', await readFile('assets/prompts/unavailable.ogg'));
    twiml = '<Response><Play>/hello.ogg</Play><Hangup/></Response>';
    await ended();
    expect(call.types.at(-1)).toBe('agent.hangup');
    const frames = call.phone.audio.length;
    expect(frames).toBeGreaterThan(5_400 / 20);
    expect(levelDb(await call.heard(frames))).toBeGreaterThan(-35);
  });

  it('plays in its turn after one before it', async () => {
    files.set('/low.wav', writeWav(sineTone(8_000, 400, 200, -12), 8_000));
    files.set('/high.wav', writeWav(sineTone(8_000, 2_000, 200, -12), 8_000));
    twiml = '<Response><Play>/low.wav</Play><Play>/high.wav</Play><Hangup/></Response>';
    await ended();
    await call.phone.until(({ audio }) => audio.length >= 20);
    expect(Math.abs((await loudFrames()) - 20)).toBeLessThanOrEqual(3);
  });

  it('that cannot be played is the end of that agent, in words that name the rule', async () => {
    files.set('/hello.mp3', Buffer.from('ID3 and so on'));
    twiml = '<Response><Play>/hello.mp3</Play><Hangup/></Response>';
    await ended();
    expect(await call.told('agent.failed')).toMatchObject({
      seat: 0,
      detail: expect.stringContaining('must be a WAV file with 16-bit PCM or an Ogg file with Opus'),
    });
  });
});
