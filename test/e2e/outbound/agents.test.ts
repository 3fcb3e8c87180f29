import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { correlate, resample } from '../../../src/audio/index.ts';
import type { SimulatedCall } from '../../../src/simulator/index.ts';
import { babble } from '../../support/babble.ts';
import { Dialler } from '../../support/dialler.ts';
import { PipecatServer } from '../../support/pipecat-server.ts';
import { RuntimeBot } from '../../support/runtime-bot.ts';
import { dataOf, endingOf, type Link, Switchboard, toUlaw, twilioLink } from '../../support/switchboard.ts';
import { TwilioBot } from '../../support/twilio-agent.ts';

const RATE = 16_000;
const GREETING = babble(1_000);
/** Its first 400 ms; telephone sound keeps the shape of a voice, and not every edge of it. */
const BEGINNING = GREETING.subarray(0, 0.4 * RATE);

describe('Agents of other wires, in a call that we place', () => {
  let board: Switchboard;
  let dialler: Dialler;
  let twilio: TwilioBot;
  let pipecat: PipecatServer;
  let runtime: RuntimeBot;
  beforeAll(async () => {
    [board, twilio, pipecat] = await Promise.all([Switchboard.start(), TwilioBot.start(), PipecatServer.start()]);
    runtime = await RuntimeBot.start(board.bridge.whatsapp.graphUrl);
    dialler = new Dialler(board.bridge);
  });
  afterAll(async () => {
    await board.close();
    await Promise.all([twilio.stop(), pipecat.stop(), runtime.stop()]);
  });

  /** Assigned to nobody: it speaks where a request asks for it. */
  async function hire(link: Link): Promise<string> {
    const made = await board.ask('POST', '/voice_agents', {
      voice_agent: { name: link.name, provider: link.provider },
    });
    expect(made).toMatchObject({ status: 201 });
    return dataOf<{ id: string }>(made.body).id;
  }

  const pipecatLink = () => ({ name: 'Pipecat', provider: { kind: 'pipecat', url: pipecat.url } }) as const;
  const runtimeLink = () =>
    ({ name: 'Runtime', provider: { kind: 'pipecat', media: 'runtime', start_url: runtime.url } }) as const;

  async function expectGreeted(phone: SimulatedCall): Promise<void> {
    await phone.waitFor('closed', 10_000);
    const report = (await phone.report()).phone;
    if (report === null) throw new Error('another handset was used');
    expect(report.mediaBeforeAccept).toBe(0);
    expect(report.firstMediaMs).toBeLessThan(250);
    expect(correlate(BEGINNING, report.heard, RATE).waveform).toBeGreaterThan(0.75);
    expect(correlate(GREETING, report.heard, RATE).waveform).toBeGreaterThan(0.75);
  }

  it('of Twilio: a bot is told who was called, and speaks at the pickup', async () => {
    const voice_agent_id = await hire(twilioLink('Bot', twilio.streamUrl));
    const user = await dialler.friend({ afterMs: 600 });
    const dialled = await dialler.dial(user, { voice_agent_id, context: { order: '4711' } });
    const stream = await twilio.stream();
    const { start } = await stream.hear('start');
    expect(start?.customParameters).toMatchObject({ direction: 'outbound', to_number: `+${user}`, order: '4711' });
    stream.sound(toUlaw(GREETING));
    stream.mark('greeted');
    await stream.hear('mark');
    stream.socket.close(1000);
    const phone = await dialler.phoneOf(dialled);
    await expectGreeted(phone);
    expect(endingOf(await dialler.ended(dialled))).toBe('completed/agent_hangup/agent');
  });

  it('of Twilio, by webhook: it is asked while the phone rings, as for a call that goes out', async () => {
    const voice_agent_id = await hire(twilioLink('Bot by webhook', twilio.webhookUrl));
    twilio.says(`<Connect><Stream url="${twilio.streamUrl}"/></Connect>`);
    const user = await dialler.friend({ afterMs: 600 });
    const dialled = await dialler.dial(user, { voice_agent_id });
    const stream = await twilio.stream();
    await stream.hear('start');
    expect(twilio.asked.at(-1)?.form).toMatchObject({ Direction: 'outbound-api', To: `+${user}` });
    stream.sound(toUlaw(GREETING));
    stream.mark('greeted');
    await stream.hear('mark');
    const phone = await dialler.phoneOf(dialled);
    phone.hangUp();
    await stream.hear('stop');
    await expectGreeted(phone);
  });

  it('of Pipecat: a bot is told who was called while the phone rings, and that it may speak at the pickup', async () => {
    const voice_agent_id = await hire(pipecatLink());
    const user = await dialler.friend({ afterMs: 800 });
    const dialled = await dialler.dial(user, { voice_agent_id });
    const bot = await pipecat.connection();
    expect(await bot.hear('client-message')).toMatchObject({
      data: { t: 'call', d: { call: { direction: 'outbound', to: { phone: user } } } },
    });
    await dialler.reached(dialled, 'agent_ready');
    expect(bot.messages.map(({ type }) => type)).not.toContain('client-ready');
    await bot.hear('client-ready');
    const phone = await dialler.phoneOf(dialled);
    expect(phone.timeline.map(({ type }) => type)).toContain('accepted');
    bot.sound(resample(GREETING, RATE, 24_000));
    await phone.waitFor('heard', 5_000);
    await new Promise((wake) => setTimeout(wake, 1_300));
    phone.hangUp();
    await expectGreeted(phone);
    await bot.closed;
  });

  it('that are runtimes are refused: they have the media of calls that come in, and of no other', async () => {
    const voice_agent_id = await hire(runtimeLink());
    const user = await dialler.friend();
    const reply = await dialler.ask({ to: user, voice_agent_id });
    expect(reply).toMatchObject({ status: 400, body: { reason: 'no_agent' } });
    await board.chain(runtimeLink());
    expect(await dialler.ask({ to: user })).toMatchObject({ status: 400, body: { reason: 'no_agent' } });
    expect(dialler.graphActions({ user })).toEqual([]);
  });

  it('that come in a chain: a runtime is passed over, and the next one is dialled when one is out of order', async () => {
    const broken = await TwilioBot.start();
    broken.refuseWith = 503;
    await board.chain(runtimeLink(), twilioLink('Broken', broken.streamUrl), pipecatLink());
    const dialled = await dialler.dialFriend({ afterMs: 600 });
    const bot = await pipecat.connection();
    await bot.hear('client-ready');
    const phone = await dialler.phoneOf(dialled);
    phone.hangUp();
    const { timeline } = await dialler.ended(dialled);
    expect(timeline.filter(({ type }) => type === 'agent_connecting').map(({ data }) => data)).toMatchObject([
      { agent: 'Broken' },
      { agent: 'Pipecat' },
    ]);
    expect(runtime.launchesOf(phone.callId)).toEqual([]);
    await broken.stop();
  });
});
