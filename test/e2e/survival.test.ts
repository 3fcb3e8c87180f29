import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeUlaw, levelDb, resample } from '../../src/audio/index.ts';
import { PromptLibrary } from '../../src/media/prompts.ts';
import { babble } from '../support/babble.ts';
import { words } from '../support/house.ts';
import { PhoneEar } from '../support/phone-ear.ts';
import { RawAgent } from '../support/raw-agent.ts';
import {
  endingOf,
  hopsOf,
  nextConnection,
  onTheLine,
  rawLink,
  Switchboard,
  says,
  toUlaw,
  twilioLink,
} from '../support/switchboard.ts';
import { TwilioBot } from '../support/twilio-agent.ts';

const RATE = 16_000;
/** Of the comfort tone, Hz. */
const COMFORT_HZ = 440;

describe('An agent that is lost in the middle of a call', () => {
  let board: Switchboard;
  let first: RawAgent;
  let second: TwilioBot;
  let third: RawAgent;
  beforeAll(async () => {
    [board, first, second, third] = await Promise.all([
      Switchboard.start(),
      RawAgent.start(),
      TwilioBot.start(),
      RawAgent.start(),
    ]);
  });
  afterAll(async () => {
    await board.close();
    await Promise.all([first.stop(), second.stop(), third.stop()]);
  });

  it('is followed by the next of the chain in under 2 s, over another wire at another rate, without dead air', async () => {
    second.pages.set('/voice', async () => {
      await delay(1_000);
      return { body: `<Response><Connect><Stream url="${second.streamUrl}"/></Connect></Response>` };
    });
    const ids = await board.chain(
      rawLink('First', first, 24_000),
      twilioLink('Second', second.webhookUrl),
      rawLink('Third', third, 16_000),
    );
    const call = await board.ring({ audio: 'assets/audio/hello.wav', loop: true });
    const one = await onTheLine(first, call);
    one.say({ type: 'transcript', party: 'agent', text: 'Good morning.', final: true });
    one.say({ type: 'transcript', party: 'user', text: 'Hello?', final: false });
    one.say({ type: 'transcript', party: 'user', text: 'Hello, who is there?', final: true });
    await says(one, resample(babble(600), RATE, 24_000));

    one.drop();
    const firstLostAt = Date.now();
    const two = await second.stream();
    const { start } = await two.hear('start');
    expect(start?.customParameters).toMatchObject({
      previous_agent: 'First',
      previous_agent_failure: 'socket_lost',
      reconnect_attempt: '0',
      wacid: call.callId,
    });
    const soFar = [
      { party: 'agent', text: 'Good morning.' },
      { party: 'user', text: 'Hello, who is there?' },
    ];
    expect(JSON.parse(start?.customParameters['transcript'] ?? '')).toEqual(soFar);
    call.press('5');
    expect(await two.hear('dtmf')).toMatchObject({ dtmf: { digit: '5' } });
    const secondWords = words(1_200);
    two.sound(toUlaw(secondWords));
    two.mark('said');
    await two.hear('mark');
    const media = two.messages.flatMap((message) => message.media ?? []);
    expect(media.length).toBeGreaterThan(50);
    expect(media.map(({ timestamp }) => Number(timestamp))).toEqual(media.map((_, n) => 20 * n));
    const inSecond = media.map(({ payload }) => levelDb(fromUlaw(Buffer.from(payload, 'base64'))));
    expect(Math.max(...inSecond)).toBeGreaterThan(-30);

    two.drop();
    const secondLostAt = Date.now();
    const three = await onTheLine(third, call);
    expect(three.messages[0]).toMatchObject({
      type: 'start',
      reconnect: 0,
      previous_agent: { name: 'Second', failure: 'socket_lost' },
      transcript: soFar,
    });
    const thirdWords = babble(1_000);
    await says(three, thirdWords);
    await delay(200);
    const inThird: number[] = [];
    while (three.soundsWaiting > 0) {
      const bytes = await three.hearSound();
      expect(bytes.length).toBe(640);
      inThird.push(levelDb(new Int16Array(Uint8Array.from(bytes).buffer)));
    }
    expect(inThird.length).toBeGreaterThan(50);
    expect(Math.max(...inThird)).toBeGreaterThan(-30);
    const record = await board.hangUp(call);

    const ear = await PhoneEar.of(call);
    expect(ear.packetsLost).toBe(0);
    const heardSecond = ear.find(secondWords, firstLostAt);
    expect(heardSecond.match).toBeGreaterThan(0.8);
    expect(heardSecond.atMs - firstLostAt).toBeLessThan(2_000);
    // The words themselves begin with a breath.
    const spokenAt = heardSecond.atMs + 200;
    expect(ear.longestSilenceMs(firstLostAt, spokenAt)).toBeLessThan(500);
    expect(ear.toneShare(COMFORT_HZ, firstLostAt + 500, heardSecond.atMs - 100)).toBeGreaterThan(0.8);
    const heardThird = ear.find(thirdWords, secondLostAt);
    expect(heardThird.match).toBeGreaterThan(0.8);
    expect(heardThird.atMs - secondLostAt).toBeLessThan(2_000);
    expect(ear.longestSilenceMs(secondLostAt, heardThird.atMs + 200)).toBeLessThan(500);

    expect(hopsOf(record)).toEqual([
      'connecting First',
      'ready First',
      'failed First socket_lost',
      'connecting Second',
      'ready Second',
      'failed Second socket_lost',
      'connecting Third',
      'ready Third',
    ]);
    expect(record).toMatchObject({ voice_agent_id: ids[2], voice_agent_name: 'Third' });
    expect(endingOf(record)).toBe('completed/user_hangup/user');
    expect(board.bridge.graphActions(call)).toEqual(['pre_accept', 'accept']);
  });

  it('is lost too when it only stops reading, whatever the network between still takes', async () => {
    await board.chain(rawLink('First', first), rawLink('Third', third));
    const call = await board.ring({ audio: 'assets/audio/hello.wav', loop: true });
    const one = await onTheLine(first, call);
    // It has answered a ping, so that it is known to.
    await one.hearPing();
    await delay(300);
    one.stopReading();
    const stoppedAt = Date.now();
    const three = await onTheLine(third, call);
    expect(Date.now() - stoppedAt).toBeLessThan(8_000);
    await says(three, babble(600));
    const record = await board.hangUp(call);
    expect(hopsOf(record)).toContain('failed First stalled');
    expect(record.quality?.['caller_audio_dropped_ms']).toBeGreaterThan(3_000);
  });

  it('leaves no dead air either where the next one comes at once and takes its time to speak', async () => {
    await board.chain(rawLink('First', first), rawLink('Third', third, 24_000));
    const call = await board.ring();
    const one = await onTheLine(first, call);
    await says(one, babble(400));
    one.drop();
    const lostAt = Date.now();
    const three = await onTheLine(third, call);
    await delay(1_500);
    const answer = words(800);
    await says(three, resample(answer, RATE, 24_000));
    await board.hangUp(call);

    const ear = await PhoneEar.of(call);
    const heard = ear.find(answer, lostAt);
    expect(heard.match).toBeGreaterThan(0.8);
    expect(ear.longestSilenceMs(lostAt, heard.atMs + 200)).toBeLessThan(500);
  });

  it('is dialled again, is told so, and is heard again', async () => {
    const [id] = await board.chain(
      rawLink('First', first, 24_000, { on_lost: { reconnect_attempts: 1, then: 'end' } }),
      rawLink('Third', third),
    );
    const call = await board.ring();
    const before = await onTheLine(first, call);
    await says(before, resample(babble(600), RATE, 24_000));
    before.say({ type: 'transcript', party: 'agent', text: 'As I said.', final: true });
    await before.settle();
    before.drop();
    const lostAt = Date.now();

    const again = await nextConnection(first, call, 1);
    await again.hear('answered');
    expect(again.messages[0]).toMatchObject({
      reconnect: 1,
      previous_agent: null,
      transcript: [{ party: 'agent', text: 'As I said.' }],
    });
    await again.hearSound();
    const rest = words(1_000);
    await says(again, resample(rest, RATE, 24_000));

    // Its one attempt is spent.
    again.drop();
    const record = await board.ended(call);
    const ear = await PhoneEar.of(call);
    const heard = ear.find(rest, lostAt);
    expect(heard.match).toBeGreaterThan(0.8);
    expect(heard.atMs - lostAt).toBeLessThan(2_000);
    expect(ear.longestSilenceMs(lostAt, heard.atMs + 200)).toBeLessThan(500);
    expect(hopsOf(record)).toEqual([
      'connecting First',
      'ready First',
      'reconnecting First socket_lost',
      'ready First',
      'failed First socket_lost',
    ]);
    expect(endingOf(record)).toBe('dropped/agent_lost/agent');
    expect(record).toMatchObject({ voice_agent_id: id });
    expect(third.connectionsOf(call.callId)).toHaveLength(0);
    expect(board.bridge.graphActions(call)).toEqual(['pre_accept', 'accept', 'terminate']);
  });

  it('is gone with all its calls when its process dies, and each of them goes on with the next', async () => {
    const dying = await RawAgent.start();
    const on_lost = { reconnect_attempts: 1, then: 'next' };
    const [id = ''] = await board.chain(rawLink('Dying', dying, 24_000, { on_lost }), rawLink('Third', third));
    const calls = await Promise.all([board.ring(), board.ring(), board.ring()]);
    await Promise.all(calls.map((call) => onTheLine(dying, call)));
    expect(await board.healthOf(id)).toBe('ok');
    await dying.stop();
    const lostAt = Date.now();
    const answer = words(800);
    await Promise.all(
      calls.map(async (call) => {
        const successor = await onTheLine(third, call);
        expect(successor.messages[0]).toMatchObject({ previous_agent: { name: 'Dying' } });
        await says(successor, answer);
      }),
    );
    expect(await board.healthOf(id)).toBe('failing');
    // The fourth does not even try it.
    const fourth = await board.ring();
    await onTheLine(third, fourth);
    expect(hopsOf(await board.hangUp(fourth))[1]).toBe('failed Dying circuit_open');
    for (const call of calls) {
      const record = await board.hangUp(call);
      expect(hopsOf(record)).toEqual([
        'connecting Dying',
        'ready Dying',
        'reconnecting Dying socket_lost',
        'failed Dying socket_lost',
        'connecting Third',
        'ready Third',
      ]);
      const heard = (await PhoneEar.of(call)).find(answer, lostAt);
      expect(heard.match).toBeGreaterThan(0.8);
      expect(heard.atMs - lostAt).toBeLessThan(2_000);
    }
  });

  it('is nobody to wait for once the caller is gone', async () => {
    await board.chain(rawLink('First', first), rawLink('Third', third));
    third.options.ready = false;
    const call = await board.ring();
    (await onTheLine(first, call)).drop();
    const sought = await third.connectionOf(call.callId);
    call.hangUp();
    expect(await sought.hear('end')).toMatchObject({ reason: 'user_hangup' });
    await sought.closed;
    const record = await board.ended(call);
    third.options.ready = true;
    expect(endingOf(record)).toBe('completed/user_hangup/user');
    expect(hopsOf(record).slice(2)).toEqual(['failed First socket_lost', 'connecting Third']);
  });

  it('is excused by a prompt, and the call ends', async () => {
    await board.chain(
      rawLink('First', first, 24_000, { on_lost: { reconnect_attempts: 0, then: { prompt: 'unavailable.ogg' } } }),
      rawLink('Third', third),
    );
    const call = await board.ring();
    const one = await onTheLine(first, call);
    one.sound(resample(babble(5_000), RATE, 24_000));
    await call.waitFor('heard', 5_000);
    one.drop();
    const lostAt = Date.now();
    const record = await board.ended(call);

    const prompt = await new PromptLibrary('assets/prompts').load('unavailable.ogg', RATE);
    const heard = (await PhoneEar.of(call)).find(prompt, lostAt);
    expect(heard.match).toBeGreaterThan(0.8);
    expect(heard.atMs - lostAt).toBeLessThan(2_000);
    expect(endingOf(record)).toBe('dropped/agent_lost/agent');
    expect(record.timeline.map(({ type }) => type)).toContain('prompt_started');
    expect(third.connectionsOf(call.callId)).toHaveLength(0);
  });

  it('ends the call where its assignment says so', async () => {
    const on_lost = { reconnect_attempts: 0, then: 'end' };
    await board.chain(rawLink('First', first, 16_000, { on_lost }), rawLink('Third', third));
    const call = await board.ring();
    const one = await onTheLine(first, call);
    one.drop();
    expect(endingOf(await board.ended(call))).toBe('dropped/agent_lost/agent');
    expect(third.connectionsOf(call.callId)).toHaveLength(0);
  });

  it('ends the call when nobody is left in the chain', async () => {
    await board.chain(rawLink('First', first), rawLink('Third', third));
    third.options.refuseWith = 503;
    const call = await board.ring();
    (await onTheLine(first, call)).drop();
    const record = await board.ended(call);
    delete third.options.refuseWith;
    expect(hopsOf(record).slice(2)).toEqual([
      'failed First socket_lost',
      'connecting Third',
      'failed Third connect_refused',
    ]);
    expect(endingOf(record)).toBe('dropped/agent_lost/agent');
    expect(board.bridge.graphActions(call)).toEqual(['pre_accept', 'accept', 'terminate']);
  });

  it('is replaced if it says nothing in the time it has', async () => {
    const settings = { speak_within_seconds: 1 };
    await board.chain(rawLink('First', first, 24_000, { settings }), rawLink('Third', third, 16_000, { settings }));
    const call = await board.ring();
    const one = await onTheLine(first, call);
    const answeredAt = Date.now();
    // Silence is no word.
    one.sound(new Int16Array(24_000));
    expect(await one.hear('end')).toMatchObject({ reason: 'agent_lost' });
    expect(Date.now() - answeredAt).toBeGreaterThanOrEqual(900);
    const three = await onTheLine(third, call);
    expect(three.messages[0]).toMatchObject({ previous_agent: { name: 'First', failure: 'silent' } });
    const answer = words(800);
    await says(three, answer);
    // It was heard, and may be silent from now on.
    await delay(1_300);
    const record = await board.hangUp(call);
    expect((await PhoneEar.of(call)).find(answer, answeredAt).match).toBeGreaterThan(0.8);
    expect(hopsOf(record).slice(2)).toEqual(['failed First silent', 'connecting Third', 'ready Third']);
    expect(endingOf(record)).toBe('completed/user_hangup/user');
  });
});

function fromUlaw(bytes: Uint8Array): Int16Array {
  const pcm = new Int16Array(bytes.length);
  decodeUlaw(bytes, pcm);
  return pcm;
}
