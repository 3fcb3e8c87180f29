import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startNatAgent } from '../../examples/nat-agent.ts';
import { measureEcho } from '../../src/simulator/index.ts';
import { RawAgent } from '../support/raw-agent.ts';
import { dataOf, endingOf, hopsOf, type Link, onTheLine, rawLink, Switchboard } from '../support/switchboard.ts';

const HELLO = 'assets/audio/hello.wav';
const TOKEN = 'the-token-that-opens-its-line';

describe('An agent behind NAT, which dials the bridge', () => {
  let board: Switchboard;
  let second: RawAgent;
  const open: { close(): void }[] = [];
  beforeAll(async () => {
    [board, second] = await Promise.all([Switchboard.start(), RawAgent.start()]);
  });
  afterEach(() => {
    for (const agent of open.splice(0)) agent.close();
  });
  afterAll(async () => {
    await board.close();
    await second.stop();
  });

  const natLink: Link = { name: 'Nat', provider: { kind: 'websocket', inbound: true, token: TOKEN } };
  const lineUrl = () => `${board.bridge.service.url.replace('http', 'ws')}/agents/v1/line`;

  /** Resolves when its line is open. */
  function dialIn(token = TOKEN): Promise<{ lost: Promise<void> }> {
    const lost = Promise.withResolvers<void>();
    return new Promise((resolve) => {
      const onLine = (state: string) => (state === 'open' ? resolve({ lost: lost.promise }) : lost.resolve());
      open.push(startNatAgent({ bridge: board.bridge.service.url.replace('http', 'ws'), token, onLine }));
    });
  }

  /** The HTTP status that the request for a line is answered with. */
  async function answerTo(token: string): Promise<number | undefined> {
    const socket = new WebSocket(lineUrl(), { headers: { authorization: `Bearer ${token}` } });
    socket.on('error', () => {});
    const status = await new Promise<number | undefined>((resolve) => {
      socket.on('unexpected-response', (_, { statusCode }) => resolve(statusCode));
      socket.on('open', () => resolve(101));
    });
    socket.terminate();
    return status;
  }

  it('has a whole call, with the example that dials in', async () => {
    const [id = ''] = await board.chain(natLink);
    const { body } = await board.ask('GET', `/voice_agents/${id}`);
    expect(JSON.stringify(body)).not.toContain(TOKEN);
    expect(dataOf(body)).toMatchObject({ provider: { kind: 'websocket', inbound: true }, health: 'unknown' });
    await dialIn();
    expect(await board.healthOf(id)).toBe('ok');

    const call = await board.ring({ audio: HELLO });
    await call.waitFor('spoken', 15_000);
    await delay(500);
    const record = await board.hangUp(call);
    const { phone } = await call.report();
    if (phone === null) throw new Error('no phone');
    const echo = measureEcho(phone);
    expect(echo?.waveform).toBeGreaterThan(0.75);
    expect(echo?.delayMs).toBeLessThan(400);
    expect(hopsOf(record)).toEqual(['connecting Nat', 'ready Nat']);
    expect(record).toMatchObject({ voice_agent_id: id });
    expect(endingOf(record)).toBe('completed/user_hangup/user');
  });

  it('is passed by while it is away, and has the next call when it is back', async () => {
    await board.chain(natLink, rawLink('Second', second));
    const away = await board.ring();
    await onTheLine(second, away);
    expect(hopsOf(await board.hangUp(away))).toEqual([
      'connecting Nat',
      'failed Nat not_connected',
      'connecting Second',
      'ready Second',
    ]);
    await dialIn();
    const back = await board.ring();
    await board.bridge.reached(back, 'accepted');
    expect(hopsOf(await board.hangUp(back))).toEqual(['connecting Nat', 'ready Nat']);
  });

  it('is followed by the next of the chain when it goes away in the middle of a call', async () => {
    await board.chain(natLink, rawLink('Second', second));
    await dialIn();
    const call = await board.ring();
    await board.bridge.reached(call, 'accepted');
    for (const agent of open.splice(0)) agent.close();
    await onTheLine(second, call);
    expect(hopsOf(await board.hangUp(call))).toEqual([
      'connecting Nat',
      'ready Nat',
      'failed Nat socket_lost',
      'connecting Second',
      'ready Second',
    ]);
  });

  it('is known by its token, until that is changed or the agent is deleted', async () => {
    const [id = ''] = await board.chain(natLink);
    expect(await answerTo('another-token-of-somebody')).toBe(401);
    expect(await answerTo(TOKEN)).toBe(101);
    const changed = await dialIn();
    const token = 'another-token-for-its-line';
    const patch = await board.ask('PATCH', `/voice_agents/${id}`, { voice_agent: { provider: { token } } });
    expect(patch.status).toBe(200);
    await changed.lost;
    expect(await answerTo(TOKEN)).toBe(401);

    const deleted = await dialIn(token);
    const call = await board.ring();
    await board.bridge.reached(call, 'accepted');
    expect((await board.ask('DELETE', `/voice_agents/${id}`)).status).toBe(204);
    await deleted.lost;
    expect(await answerTo(token)).toBe(401);
    // The call that it has goes on.
    expect(hopsOf(await board.hangUp(call))).toEqual(['connecting Nat', 'ready Nat']);
  });
});
