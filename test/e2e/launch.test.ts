import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { startService } from '../../src/main.ts';
import { createLogger } from '../../src/telemetry/index.ts';
import { apiOf, endedRecord, PHONE_NUMBER_ID } from '../support/bridge.ts';
import { words } from '../support/house.ts';
import { MediaRuntime, offerIn } from '../support/media-runtime.ts';
import { settles } from '../support/open-things.ts';
import { PhoneEar } from '../support/phone-ear.ts';
import { RawAgent } from '../support/raw-agent.ts';
import { endingOf, hopsOf, type Link, onTheLine, rawLink, Switchboard, says } from '../support/switchboard.ts';

describe("A runtime that does its own media, launched by Kapso's contract", () => {
  let board: Switchboard;
  let runtime: MediaRuntime;
  let agent: RawAgent;
  beforeAll(async () => {
    [board, agent] = await Promise.all([Switchboard.start(), RawAgent.start()]);
    runtime = await MediaRuntime.start(board.bridge.whatsapp.graphUrl);
  });
  beforeEach(() => {
    runtime.status = 200;
    runtime.says = null;
    runtime.hangs = false;
  });
  afterAll(async () => {
    await board.close();
    await Promise.all([runtime.stop(), agent.stop()]);
  });

  const runtimeLink = (settings: Link['settings'] = {}): Link => ({
    name: 'Runtime',
    provider: { kind: 'pipecat', media: 'runtime', start_url: runtime.startUrl, public_api_key: 'pk_test' },
    settings,
  });

  it('answers the call itself with what the launch brought, and the record follows what Meta says', async () => {
    const [id] = await board.chain(runtimeLink({ parameters: { tier: 'gold' } }), rawLink('Agent', agent));
    runtime.says = words(1_500);
    const call = await board.ring({ user: { waId: '491701234567', name: 'Ada' } });
    await call.waitFor('heard', 10_000);
    await delay(2_000);
    const record = await board.hangUp(call);

    const { headers, body } = runtime.launches.at(-1) ?? expect.fail('it was not launched');
    expect(headers.authorization).toBe('Bearer pk_test');
    expect(body).toMatchObject({
      kind: 'whatsapp_connect',
      phone_number_id: PHONE_NUMBER_ID,
      context: {
        call: { id: record.id, call_id: call.callId, direction: 'inbound', status: 'connected' },
        config: { phone_number_id: PHONE_NUMBER_ID, calls_enabled: true, business_account_id: '100000000000001' },
        contact: { wa_id: '491701234567', profile_name: 'Ada' },
        parameters: { tier: 'gold' },
      },
    });
    expect(offerIn(body.webhook)).toMatchObject({ id: call.callId, event: 'connect', from: '491701234567' });

    const heard = (await PhoneEar.of(call)).find(runtime.says);
    expect(heard.match).toBeGreaterThan(0.8);
    expect(hopsOf(record)).toEqual(['launching Runtime', 'launched Runtime']);
    expect(record).toMatchObject({ voice_agent_id: id, duration_seconds: expect.any(Number) });
    expect(endingOf(record)).toBe('completed/hangup/meta');
    // All of them are its own.
    expect(board.bridge.graphActions(call)).toEqual(['pre_accept', 'accept']);
    expect(agent.connectionsOf(call.callId)).toHaveLength(0);
  });

  it('lets the phone ring, and the call is missed', async () => {
    await board.chain(runtimeLink());
    const call = await board.ring();
    await board.bridge.reached(call, 'agent_launched');
    const record = await board.hangUp(call);
    expect(endingOf(record)).toBe('missed/caller_gave_up/user');
    expect(record.duration_seconds).toBeNull();
    expect(board.bridge.graphActions(call)).toEqual([]);
  });

  it('cannot be launched, and the next of the chain answers with media of ours', async () => {
    const [, id] = await board.chain(runtimeLink(), rawLink('Agent', agent, 24_000));
    runtime.status = 503;
    const call = await board.ring();
    const connection = await onTheLine(agent, call);
    await says(connection, new Int16Array(2_400));
    const record = await board.hangUp(call);
    expect(hopsOf(record)).toEqual([
      'launching Runtime',
      'failed Runtime connect_refused',
      'connecting Agent',
      'ready Agent',
    ]);
    expect(record).toMatchObject({ voice_agent_id: id });
    expect(endingOf(record)).toBe('completed/user_hangup/user');
    expect(board.bridge.graphActions(call)).toEqual(['pre_accept', 'accept']);
  });

  it('does not answer the launch in its time, and the next of the chain has the call, and no more of them than it takes', async () => {
    const runtimeTakes = { connect_timeout_seconds: 0.5 };
    await board.chain(
      runtimeLink(runtimeTakes),
      rawLink('Agent', agent, 16_000, { settings: { max_concurrent_calls: 1 } }),
    );
    runtime.hangs = true;
    const call = await board.ring();
    await onTheLine(agent, call);
    const second = await board.ended(await board.ring());
    expect(hopsOf(second)).toEqual([
      'launching Runtime',
      expect.stringMatching(/^failed Runtime (not_ready|connect_timeout)$/),
      'connecting Agent',
      'failed Agent at_capacity',
    ]);
    expect(endingOf(second)).toBe('rejected/agent_unavailable/bridge');
    expect(hopsOf(await board.hangUp(call)).slice(2)).toEqual(['connecting Agent', 'ready Agent']);
  });

  it('is passed by where the phone waits for a bridged agent already, and nobody else is left', async () => {
    await board.chain(rawLink('Agent', agent), runtimeLink());
    const launched = runtime.launches.length;
    const call = await board.ring();
    (await onTheLine(agent, call)).drop();
    const record = await board.ended(call);
    expect(hopsOf(record).slice(2)).toEqual(['failed Agent socket_lost', 'skipped Runtime']);
    expect(endingOf(record)).toBe('dropped/agent_lost/agent');
    expect(runtime.launches).toHaveLength(launched);
  });

  // The bridge of this file is stopped by it.
  it('has its call on while the bridge is restarted', async () => {
    const { bridge } = board;
    await board.chain(runtimeLink());
    runtime.says = words(1_000);
    const call = await board.ring();
    await call.waitFor('heard', 10_000);
    await bridge.reached(call, 'agent_launched');
    await bridge.stop();
    expect(bridge.graphActions(call)).toEqual(['pre_accept', 'accept']);
    expect(bridge.unfinishedRows()).toMatchObject({ calls: 1, debts: 0 });

    const { port } = new URL(bridge.service.url);
    const config = loadConfig({ ...bridge.environment, TALKWIRE_PORT: port });
    const logger = createLogger({ level: 'debug', destination: { write: () => {} }, secrets: config.secrets });
    const restarted = await startService(config, logger);
    try {
      await settles(
        'live calls',
        () => restarted.liveCalls,
        (live) => live === 1,
        2_000,
      );
      expect(bridge.graphActions(call)).toEqual(['pre_accept', 'accept']);
      call.hangUp();
      const record = await endedRecord(apiOf(restarted.url), call.callId);
      expect(endingOf(record)).toBe('completed/hangup/meta');
      expect(record).toMatchObject({ voice_agent_name: 'Runtime', duration_seconds: expect.any(Number) });
      expect(record.timeline.map(({ type }) => type)).toContain('watched_again');
      expect(bridge.graphActions(call)).toEqual(['pre_accept', 'accept']);
    } finally {
      await restarted.stop();
    }
  });
});
