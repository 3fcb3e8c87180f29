import { describe, expect, test } from 'vitest';
import { DEFAULT_POLICY } from '../../../src/call/index.ts';
import {
  ANSWER,
  actionsOf,
  agentReady,
  chainPolicy,
  closed,
  identity,
  mediaFailed,
  opened,
  policy,
  promptPolicy,
  T0,
  TestCall,
  terminate,
} from '../../support/call.ts';
import {
  answer,
  dial,
  dialIdentity,
  dialled,
  NAME,
  named,
  notPlaced,
  placed,
  status,
} from '../../support/dial-call.ts';

describe('a dial', () => {
  test('opens a leg for the offer, and disturbs neither Graph nor an agent yet', () => {
    const call = dialled('offering');
    expect(call.effects[0]).toEqual({
      type: 'media.offer',
      firstMediaTimeoutMs: DEFAULT_POLICY.firstMediaTimeoutMs,
      mediaGapTimeoutMs: DEFAULT_POLICY.mediaGapTimeoutMs,
      hearEarly: false,
    });
    expect(call.actions).toEqual(['media.offer']);
  });

  test('has the agent in its record that is to speak first, which a runtime is not', () => {
    const call = dialled('offering', chainPolicy(['runtime', 'raw', 'raw']));
    const update = { type: 'log.update', patch: { agent: { id: 'agent-2', name: 'Agent 2' } } };
    expect(call.effects).toContainEqual(update);
    const silent = dialled('offering', promptPolicy({ agents: [] }));
    expect(silent.effects.filter(({ type }) => type === 'log.update')).toEqual([]);
  });

  test('listens to the phone before the pickup only if that may be the pickup', () => {
    const call = dialled('offering', policy({ answeredBy: 'accepted_or_media' }));
    expect(call.effects[0]).toMatchObject({ type: 'media.offer', hearEarly: true });
  });

  test('is placed with the offer of its leg, once', () => {
    const call = dialled('offering');
    const effects = call.feed(opened(T0 + 100), opened(T0 + 110));
    expect(effects[0]).toEqual({ type: 'graph.connect', sdp: ANSWER });
    expect(call.count('graph.connect')).toBe(1);
  });

  test.each([
    ['no agent at all', policy({ agents: [] })],
    ['runtimes alone, which cannot speak in our media', chainPolicy(['runtime', 'runtime'])],
  ])('does not ring anybody for %s', (_, rules) => {
    const call = dialled('offering', rules);
    expect(call.actions).toEqual([]);
    expect(call.isOver).toBe(true);
    expect(call.ended).toBe('rejected/no_agent/bridge');
  });

  test('rings for a prompt alone', () => {
    expect(dialled('placing', promptPolicy({ agents: [] })).count('graph.connect')).toBe(1);
  });

  test('whose leg makes no offer in time fails, and Graph never hears of it', () => {
    const call = dialled('offering');
    expect(call.deadline).toBe(T0 + DEFAULT_POLICY.mediaTimeoutMs);
    expect(actionsOf(call.wake())).toEqual(['media.close']);
    call.feed(closed(T0 + 20_000));
    expect(call.ended).toBe('failed/media_timeout/bridge');
  });

  test('whose leg fails before it was placed is not placed', () => {
    const call = dialled('offering');
    call.feed(mediaFailed(T0 + 50, 'no_port'), opened(T0 + 60), closed(T0 + 70));
    expect(call.actions).toEqual(['media.offer', 'media.close']);
    expect(call.endings).toEqual([{ class: 'failed', reason: 'media_failed', endedBy: 'bridge', detail: 'no_port' }]);
  });

  test('is nothing that a call of a user can become, nor one that has a name already', () => {
    for (const who of [identity(), dialIdentity({ callId: NAME })]) {
      const call = new TestCall(policy(), who);
      expect(actionsOf(call.feed(dial(T0)))).toEqual([]);
      expect(call.phase).toBe('new');
    }
  });

  test('that has not begun takes no offer of a user for its own', () => {
    const call = dialled('new');
    call.feed({ type: 'meta.connect', sdpType: 'offer', sdp: 'v=0', timestamp: T0, at: T0 });
    expect(call.phase).toBe('new');
  });
});

describe('Graph’s answer to a connect', () => {
  test('names the call: its record and its identity have the name from then on, and the agent is dialled', () => {
    const call = dialled('placing');
    const effects = call.feed(placed(T0 + 300));
    expect(effects[0]).toEqual({ type: 'log.update', patch: { callId: NAME } });
    expect(actionsOf(effects)).toEqual(['agent.connect']);
    expect(call.call.identity).toMatchObject({ id: dialIdentity().id, callId: NAME });
    expect(call.lines('named')).toEqual([{ by: 'graph', tookMs: 90 }]);
  });

  test('may come after a webhook that named the call, and then only confirms it', () => {
    const call = dialled('placing');
    call.feed(named(T0 + 200), answer(T0 + 210), status(T0 + 220, 'RINGING'));
    expect(actionsOf(call.feed(placed(T0 + 900)))).toEqual([]);
    expect(call.actions).toEqual(['media.offer', 'graph.connect', 'agent.connect', 'media.answer']);
    expect(call.lines('connect_confirmed')).toEqual([{ tookMs: 90 }]);
    expect(call.lines('ignored')).toEqual([]);
  });

  test('that names another call than the webhook did changes nothing', () => {
    const call = dialled('ringing');
    call.feed(placed(T0 + 900, 'wacid.other'));
    expect(call.call.identity.callId).toBe(NAME);
    expect(call.lines('ignored')).toEqual([{ input: 'dial.placed', reason: 'named_otherwise' }]);
  });

  test.each([
    ['refused', 138006, '138006'],
    ['gone', 138000, '138000'],
    ['refused', null, 'refused'],
  ] as const)('%s with code %s: the call failed, the code is its detail, nothing is told', (kind, code, detail) => {
    const call = dialled('placing');
    expect(actionsOf(call.feed(notPlaced(T0 + 300, kind, code)))).toEqual(['media.close']);
    call.feed(closed(T0 + 320));
    expect(call.isOver).toBe(true);
    expect(call.endings).toEqual([{ class: 'failed', reason: 'connect_refused', endedBy: 'meta', detail }]);
    expect(JSON.stringify(call.effects)).not.toContain('"no"');
  });

  test('that refuses a call which a webhook has named is not believed', () => {
    const call = dialled('ringing');
    call.feed(notPlaced(T0 + 300, 'refused'));
    expect(call.phase).toBe('ringing');
  });

  test('that never comes counts as unknown', () => {
    const call = dialled('placing');
    expect(call.deadline).toBe(T0 + 30_100);
    expect(actionsOf(call.wake())).toEqual([]);
    expect(call.phase).toBe('unsure');
  });
});

describe('a dial of which it is not known whether Graph placed it', () => {
  test('is never repeated, keeps its leg and disturbs no agent', () => {
    const call = dialled('unsure');
    expect(call.actions).toEqual(['media.offer', 'graph.connect']);
    expect(call.deadline).toBe(T0 + 200 + DEFAULT_POLICY.connectWatchMs);
  });

  test.each([
    ['a webhook', named(T0 + 90_000)],
    ['a late answer of Graph', placed(T0 + 90_000)],
  ])('goes on when %s names it', (_, input) => {
    const call = dialled('unsure');
    expect(actionsOf(call.feed(input))).toEqual(['agent.connect']);
    call.feed(answer(T0 + 90_010), agentReady(T0 + 90_100));
    expect(call.call.state).toMatchObject({ phase: 'ringing', ringBy: T0 + 90_000 + DEFAULT_POLICY.ringTimeoutMs });
  });

  test('that nobody names in two minutes failed, and Graph is told nothing', () => {
    const call = dialled('unsure');
    expect(actionsOf(call.wake())).toEqual(['media.close']);
    call.feed(closed(T0 + 130_000));
    expect(call.ended).toBe('failed/connect_unknown/bridge');
  });

  test('that is named when it had been given up is terminated all the same', () => {
    for (const stillClosing of [true, false]) {
      const call = dialled('unsure');
      call.wake();
      if (!stillClosing) call.feed(closed(T0 + 130_000));
      const effects = call.feed(named(T0 + 131_000));
      expect(effects).toContainEqual({ type: 'log.update', patch: { callId: NAME } });
      expect(actionsOf(effects)).toEqual(['graph.terminate']);
      expect(call.confirm(T0 + 132_000).ended).toBe('failed/connect_unknown/bridge');
    }
  });

  test('that Graph refuses after all was never placed', () => {
    const call = dialled('unsure');
    call.feed(notPlaced(T0 + 40_000, 'refused'), closed(T0 + 40_100));
    expect(call.ended).toBe('failed/connect_refused/meta');
  });

  test('takes no webhook without a name for its own, unless it says that the call is over', () => {
    const call = dialled('unsure');
    expect(actionsOf(call.feed(answer(T0 + 300), status(T0 + 310, 'ACCEPTED')))).toEqual([]);
    expect(call.phase).toBe('unsure');
    call.feed(terminate(T0 + 400), closed(T0 + 450));
    expect(call.ended).toBe('missed/unanswered/user');
  });
});
