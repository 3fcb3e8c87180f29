import twilio from 'twilio';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { callSidOf } from '../../src/agents/index.ts';
import type { SimulatedCall } from '../../src/simulator/index.ts';
import { babble } from '../support/babble.ts';
import { words } from '../support/house.ts';
import { PhoneEar } from '../support/phone-ear.ts';
import { RawAgent } from '../support/raw-agent.ts';
import { endingOf, hopsOf, onTheLine, rawLink, Switchboard, toUlaw, twilioLink } from '../support/switchboard.ts';
import { ACCOUNT_SID, AUTH_TOKEN, type BotStream, TwilioBot } from '../support/twilio-agent.ts';

const OTHER_ACCOUNT = 'ACfedcba9876543210fedcba9876543210';
const OTHER_TOKEN = 'the-token-of-the-other';

describe("A live call in the hands of Twilio's own client", () => {
  let board: Switchboard;
  let bot: TwilioBot;
  beforeAll(async () => {
    [board, bot] = await Promise.all([Switchboard.start(), TwilioBot.start()]);
  });
  beforeEach(async () => {
    await board.chain(twilioLink('Bot', bot.streamUrl));
  });
  afterAll(async () => {
    await board.close();
    await bot.stop();
  });

  function client(account = ACCOUNT_SID, token = AUTH_TOKEN) {
    const { url } = board.bridge.service;
    class LocalClient extends twilio.RequestClient {
      override request: twilio.RequestClient['request'] = (options) =>
        super.request({ ...options, uri: options.uri.replace('https://api.twilio.com', url) });
    }
    return twilio(account, token, { httpClient: new LocalClient() });
  }

  async function talk(): Promise<{ call: SimulatedCall; stream: BotStream; sid: string }> {
    const call = await board.ring({ user: { waId: '491701234567' } });
    const stream = await bot.stream();
    const { start } = await stream.hear('start');
    await call.waitFor('heard', 5_000);
    return { call, stream, sid: String(start?.['callSid']) };
  }

  it('is looked at, and hung up when its last words were heard', async () => {
    const { call, stream, sid } = await talk();
    expect(await client().calls(sid).fetch()).toMatchObject({
      sid,
      accountSid: ACCOUNT_SID,
      status: 'in-progress',
      direction: 'inbound',
      from: '+491701234567',
      to: '+15550001111',
    });
    const lastWords = words(1_500);
    stream.sound(toUlaw(lastWords));
    await board.bridge.reached(call, 'agent_spoke');
    expect(await client().calls(sid).update({ status: 'completed' })).toMatchObject({ sid, status: 'completed' });
    await stream.hear('stop');
    const record = await board.ended(call);
    const ear = await PhoneEar.of(call);
    expect(ear.find(lastWords).match).toBeGreaterThan(0.8);
    expect(ear.find(lastWords.subarray(-0.4 * 16_000)).match).toBeGreaterThan(0.8);
    expect(endingOf(record)).toBe('completed/agent_hangup/agent');
    expect(record.ending).toMatchObject({ detail: 'twilio_completed' });
    expect(board.bridge.graphActions(call)).toEqual(['pre_accept', 'accept', 'terminate']);

    const gone = { status: 404, code: 20404 };
    await expect(client().calls(sid).fetch()).rejects.toMatchObject(gone);
    await expect(client().calls(sid).update({ status: 'completed' })).rejects.toMatchObject(gone);
  });

  it('stays in the hands of its agent when the operator deletes that in mid-call', async () => {
    const { call, sid } = await talk();
    // Deletes the agents of the chain before.
    await board.chain(twilioLink('Another', bot.streamUrl));
    expect(await client().calls(sid).update({ status: 'completed' })).toMatchObject({ status: 'completed' });
    expect(endingOf(await board.ended(call))).toBe('completed/agent_hangup/agent');
  });

  it('is redirected to another stream by a document, to a third by a URL, and hung up by one more', async () => {
    const { call, stream, sid } = await talk();
    const stale = babble(10_000);
    stream.sound(toUlaw(stale));
    const connect = (path: string) => {
      const document = new twilio.twiml.VoiceResponse();
      const joined = document.connect().stream({ url: `ws://${bot.host}${path}` });
      joined.parameter({ name: 'came_by', value: path });
      return document;
    };
    const redirectedAt = Date.now();
    await client()
      .calls(sid)
      .update({ twiml: connect('/second').toString() });
    expect((await stream.hear('stop')).event).toBe('stop');
    await stream.closed;

    const second = await bot.stream();
    const { start } = await second.hear('start');
    expect(second.path).toBe('/second');
    expect(start).toMatchObject({ callSid: sid, customParameters: { came_by: '/second' } });
    const secondWords = words(1_200);
    second.sound(toUlaw(secondWords));
    second.mark('said');
    await second.hear('mark');

    bot.pages.set('/transfer', { body: connect('/third').toString() });
    await client()
      .calls(sid)
      .update({ url: `http://${bot.host}/transfer`, method: 'POST' });
    const third = await bot.stream();
    await third.hear('start');
    expect(third.path).toBe('/third');
    expect(bot.asked.at(-1)?.form).toMatchObject({ CallSid: sid, CallStatus: 'in-progress' });
    expect(twilio.validateRequest(AUTH_TOKEN, ...signed(bot))).toBe(true);

    await client().calls(sid).update({ twiml: '<Response><Hangup/></Response>' });
    const record = await board.ended(call);
    const ear = await PhoneEar.of(call);
    const heard = ear.find(secondWords, redirectedAt);
    expect(heard.match).toBeGreaterThan(0.8);
    // What the first stream had queued was ten seconds long.
    expect(heard.atMs - redirectedAt).toBeLessThan(2_000);
    expect(endingOf(record)).toBe('completed/agent_hangup/agent');
    expect(hopsOf(record)).toEqual(['connecting Bot', 'ready Bot']);
  });

  it('is none of the business of another agent', async () => {
    await board.add({ name: 'Other', provider: { ...other(bot), account_sid: OTHER_ACCOUNT } }, 1);
    const { call, sid } = await talk();
    const unauthorized = { status: 401, code: 20003 };
    await expect(client(OTHER_ACCOUNT, OTHER_TOKEN).calls(sid).fetch()).rejects.toMatchObject(unauthorized);
    await expect(client(OTHER_ACCOUNT, OTHER_TOKEN).calls(sid).update({ status: 'completed' })).rejects.toMatchObject(
      unauthorized,
    );
    await expect(client(ACCOUNT_SID, OTHER_TOKEN).calls(sid).fetch()).rejects.toMatchObject(unauthorized);
    expect(await client().calls(sid).fetch()).toMatchObject({ status: 'in-progress' });
    expect(endingOf(await board.hangUp(call))).toBe('completed/user_hangup/user');
  });

  it('changes hands with the agent: the next one of the chain may hang up, and the one before no more', async () => {
    await board.add({ name: 'Other', provider: { ...other(bot), account_sid: OTHER_ACCOUNT } }, 1);
    const { call, stream, sid } = await talk();
    stream.drop();
    const next = await bot.stream();
    const { start } = await next.hear('start');
    expect(start).toMatchObject({ callSid: sid, accountSid: OTHER_ACCOUNT });
    await expect(client().calls(sid).update({ status: 'completed' })).rejects.toMatchObject({ status: 401 });
    await client(OTHER_ACCOUNT, OTHER_TOKEN).calls(sid).update({ status: 'completed' });
    expect(endingOf(await board.ended(call))).toBe('completed/agent_hangup/agent');
  });

  it('is not there at all if its agent is not one of Twilio', async () => {
    const agent = await RawAgent.start();
    try {
      await board.chain(rawLink('Raw', agent));
      const call = await board.ring();
      await onTheLine(agent, call);
      const { id } = await board.bridge.reached(call, 'accepted');
      await expect(client().calls(callSidOf(id)).fetch()).rejects.toMatchObject({ status: 404, code: 20404 });
      await board.hangUp(call);
    } finally {
      await agent.stop();
    }
  });
});

function other({ streamUrl }: TwilioBot) {
  return { kind: 'twilio', url: streamUrl, auth_token: OTHER_TOKEN };
}

/** What Twilio's validator wants of the last request that the bot was sent. */
function signed(bot: TwilioBot): [string, string, Record<string, string>] {
  const last = bot.asked.at(-1);
  if (last === undefined) throw new Error('the bot was not asked');
  return [String(last.headers['x-twilio-signature']), last.url, { ...last.form }];
}
