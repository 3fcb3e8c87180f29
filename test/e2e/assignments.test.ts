import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { PromptLibrary } from '../../src/media/prompts.ts';
import { PHONE_NUMBER_ID } from '../support/bridge.ts';
import { words } from '../support/house.ts';
import { PhoneEar } from '../support/phone-ear.ts';
import { RawAgent } from '../support/raw-agent.ts';
import {
  endingOf,
  hopsOf,
  type Link,
  onTheLine,
  rawLink,
  Switchboard,
  says,
  twilioLink,
} from '../support/switchboard.ts';
import { TwilioBot } from '../support/twilio-agent.ts';

const RATE = 16_000;

describe('Who answers a number', () => {
  let board: Switchboard;
  let first: RawAgent;
  let second: RawAgent;
  let bot: TwilioBot;
  beforeAll(async () => {
    [board, first, second, bot] = await Promise.all([
      Switchboard.start(),
      RawAgent.start(),
      RawAgent.start(),
      TwilioBot.start(),
    ]);
  });
  afterEach(async () => {
    first.options.ready = true;
    delete first.options.refuseWith;
    await board.rules({});
  });
  afterAll(async () => {
    await board.close();
    await Promise.all([first.stop(), second.stop(), bot.stop()]);
  });

  /** Rings, and is answered by the agent `second`. */
  async function answeredBySecond() {
    const call = await board.ring();
    await onTheLine(second, call);
    await call.waitFor('heard', 5_000);
    return call;
  }

  describe('while it rings: the second of the chain, if the first', () => {
    const rows: readonly { what: string; code: string; link: () => Link }[] = [
      {
        what: 'refuses the connection',
        code: 'connect_refused',
        link: () => {
          first.options.refuseWith = 503;
          return rawLink('First', first);
        },
      },
      {
        what: 'refuses the token',
        code: 'unauthorized',
        link: () => {
          first.options.refuseWith = 401;
          return rawLink('First', first);
        },
      },
      {
        // The call and the line to the agent keep the same deadline; the call is a moment earlier.
        what: 'is not ready by its connect deadline',
        code: 'not_ready',
        link: () => {
          first.options.ready = false;
          return rawLink('First', first, RATE, { settings: { connect_timeout_seconds: 0.7 } });
        },
      },
      {
        what: 'leads to an address that agents may not have',
        code: 'address_refused',
        link: () => {
          bot.says('<Connect><Stream url="ws://169.254.169.254/latest"/></Connect>');
          return twilioLink('First', bot.webhookUrl);
        },
      },
      {
        what: 'dials us, and is not there',
        code: 'not_connected',
        link: () => ({
          name: 'First',
          provider: { kind: 'websocket', inbound: true, token: 'the-token-of-the-first' },
        }),
      },
    ];
    it.each(rows)('$what ($code)', async ({ code, link }) => {
      const [, id] = await board.chain(link(), rawLink('Second', second, 24_000));
      const call = await answeredBySecond();
      const record = await board.hangUp(call);
      expect(hopsOf(record)).toEqual(['connecting First', `failed First ${code}`, 'connecting Second', 'ready Second']);
      expect(record).toMatchObject({ voice_agent_id: id, voice_agent_name: 'Second' });
      expect(endingOf(record)).toBe('completed/user_hangup/user');
    });

    it('takes longer than its share of the ringing time (not_ready)', async () => {
      first.options.ready = false;
      await board.chain(rawLink('First', first), rawLink('Second', second));
      await board.rules({ answer_within_seconds: 2 });
      const call = await answeredBySecond();
      const { setup } = await call.report();
      const record = await board.hangUp(call);
      expect(hopsOf(record)).toEqual([
        'connecting First',
        'failed First not_ready',
        'connecting Second',
        'ready Second',
      ]);
      // It has one second of the two; what answering takes comes on top.
      expect(setup.acceptedMs).toBeGreaterThan(950);
      expect(setup.acceptedMs).toBeLessThan(2_500);
      expect(await (await first.connectionOf(call.callId)).hear('end')).toMatchObject({ reason: 'agent_unavailable' });
    });

    it('has as many calls as it takes (at_capacity)', async () => {
      const settings = { max_concurrent_calls: 1 };
      await board.chain(rawLink('First', first, RATE, { settings }), rawLink('Second', second));
      const its = await board.ring();
      await onTheLine(first, its);
      const others = await answeredBySecond();
      expect(hopsOf(await board.hangUp(others)).slice(0, 2)).toEqual(['connecting First', 'failed First at_capacity']);
      await board.hangUp(its);
      const next = await board.ring();
      await onTheLine(first, next);
      await board.hangUp(next);
    });

    it('failed three times just now (circuit_open)', async () => {
      const gone = await RawAgent.start();
      const link = rawLink('First', gone);
      await gone.stop();
      const [id = ''] = await board.chain(link, rawLink('Second', second));
      expect(await board.healthOf(id)).toBe('unknown');
      const hops: (string | undefined)[] = [];
      for (let i = 0; i < 4; i += 1) hops.push(hopsOf(await board.hangUp(await answeredBySecond()))[1]);
      expect(hops).toEqual([...Array(3).fill('failed First connect_refused'), 'failed First circuit_open']);
      expect(await board.healthOf(id)).toBe('failing');
    });
  });

  it('no agent at an address that agents may not have', async () => {
    const provider = { kind: 'websocket', url: 'ws://169.254.169.254/latest' };
    const refused = await board.ask('POST', '/voice_agents', { voice_agent: { name: 'Metadata', provider } });
    expect(refused).toMatchObject({ status: 422, body: { errors: { 'provider.url': [expect.any(String)] } } });
  });

  it('nobody, where no agent can be had', async () => {
    first.options.refuseWith = 503;
    await board.chain(rawLink('First', first));
    const record = await board.ended(await board.ring());
    expect(endingOf(record)).toBe('rejected/agent_unavailable/bridge');
    await board.chain();
    expect(endingOf(await board.ended(await board.ring()))).toBe('rejected/no_agent/bridge');
  });

  it('another one from the next call on, when assignments are changed', async () => {
    const [one = ''] = await board.chain(rawLink('First', first), rawLink('Second', second));
    expect(await board.healthOf(one)).toBe('unknown');
    const call = await board.ring();
    await onTheLine(first, call);
    await board.hangUp(call);
    expect(await board.healthOf(one)).toBe('ok');
    const { body } = await board.ask('GET', `/voice_agents/${one}/whatsapp/phone_numbers`);
    const [assignment] = (body as { data: { id: string; phone_number_id: string; is_primary: boolean }[] }).data;
    expect(assignment).toMatchObject({ phone_number_id: PHONE_NUMBER_ID, is_primary: true });
    const path = `/voice_agents/${one}/whatsapp/phone_numbers/${assignment?.id}`;
    await board.ask('PATCH', path, { voice_agent_whatsapp_config: { enabled: false } });
    expect(hopsOf(await board.hangUp(await answeredBySecond()))[0]).toBe('connecting Second');

    // The agent that is primary no more, at the other's address, under another name.
    await board.ask('PATCH', path, { voice_agent_whatsapp_config: { enabled: true } });
    await board.ask('PATCH', `/voice_agents/${one}`, { voice_agent: { name: 'Moved', provider: { url: second.url } } });
    const record = await board.hangUp(await answeredBySecond());
    expect(hopsOf(record)).toEqual(['connecting Moved', 'ready Moved']);
    expect(record).toMatchObject({ voice_agent_id: one });
  });

  it('not an agent that is deleted; the call that it has goes on, and so do others', async () => {
    const [one = ''] = await board.chain(rawLink('First', first, 24_000), rawLink('Second', second));
    const its = await board.ring();
    const talking = await onTheLine(first, its);
    expect((await board.ask('DELETE', `/voice_agents/${one}`)).status).toBe(204);
    expect((await board.ask('GET', `/voice_agents/${one}`)).status).toBe(404);
    const others = await answeredBySecond();

    await says(talking, new Int16Array(2_400));
    talking.drop();
    // The chain of a call is what it was when it began.
    const successor = await onTheLine(second, its);
    const answer = words(800);
    await says(successor, answer);
    const record = await board.hangUp(its);
    expect((await PhoneEar.of(its)).find(answer).match).toBeGreaterThan(0.8);
    expect(hopsOf(record)).toEqual([
      'connecting First',
      'ready First',
      'failed First socket_lost',
      'connecting Second',
      'ready Second',
    ]);
    expect(endingOf(await board.hangUp(others))).toBe('completed/user_hangup/user');
    expect((await board.bridge.get('/healthz')).status).toBe(200);
  });

  describe('by the rules of the number', () => {
    beforeAll(async () => {
      await board.chain(rawLink('Second', second));
    });

    it('nobody, if the caller is denied, or not among those who are allowed', async () => {
      await board.rules({ deny: ['+49 170 1234567'] });
      const denied = await board.ring({ user: { waId: '491701234567' } });
      expect(endingOf(await board.ended(denied))).toBe('rejected/caller_denied/bridge');
      expect(board.bridge.graphActions(denied)).toEqual(['reject']);
      await board.hangUp(await answeredBySecond());
      await board.rules({ allow: ['491701234567'] });
      expect(endingOf(await board.ended(await board.ring()))).toBe('rejected/caller_denied/bridge');
      const allowed = await board.ring({ user: { waId: '491701234567' } });
      await onTheLine(second, allowed);
      await board.hangUp(allowed);
    });

    it('nobody, if the number has as many calls as it takes', async () => {
      await board.rules({ max_concurrent_calls: 1 });
      const one = await answeredBySecond();
      expect(endingOf(await board.ended(await board.ring()))).toBe('rejected/number_busy/bridge');
      await board.hangUp(one);
      await board.hangUp(await answeredBySecond());
    });

    it('nobody, or a prompt, outside its hours', async () => {
      const open = { time_zone: 'Europe/Berlin', weekly: ALWAYS };
      await board.rules({ hours: open });
      await board.hangUp(await answeredBySecond());

      const closed = { ...open, closed_on: aroundNow() };
      await board.rules({ hours: closed });
      expect(endingOf(await board.ended(await board.ring()))).toBe('rejected/outside_hours/bridge');

      await board.rules({ hours: closed, outside_hours: { prompt: 'unavailable.ogg' } });
      const call = await board.ring();
      const record = await board.ended(call);
      expect(endingOf(record)).toBe('completed/prompt_played/bridge');
      const prompt = await new PromptLibrary('assets/prompts').load('unavailable.ogg', RATE);
      expect((await PhoneEar.of(call)).find(prompt).match).toBeGreaterThan(0.8);
      expect(hopsOf(record)).toEqual([]);
      expect(second.connectionsOf(call.callId)).toHaveLength(0);
    });
  });
});

const ALWAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'].map((day) => ({ day, from: '00:00', to: '24:00' }));

/** Yesterday, today and tomorrow: it is one of them in every time zone. */
function aroundNow(): string[] {
  return [-1, 0, 1].map((days) => new Date(Date.now() + days * 24 * 60 * 60_000).toISOString().slice(0, 10));
}
