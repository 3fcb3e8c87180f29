import { describe, expect, test } from 'vitest';
import { DEFAULT_POLICY, standingOf } from '../../../src/call/index.ts';
import {
  ANSWER,
  actionsOf,
  agentFailed,
  agentHangup,
  agentReady,
  agentReconnecting,
  chainPolicy,
  closed,
  connect,
  mediaConnected,
  mediaFailed,
  policy,
  promptPolicy,
  T0,
} from '../../support/call.ts';
import { answer, dialled, named, status } from '../../support/dial-call.ts';

const sorry = { onAgentUnavailable: { action: 'prompt', prompt: 'sorry.ogg' } } as const;

describe('while the phone rings', () => {
  test('Meta’s answer is applied once', () => {
    const call = dialled('ringing');
    expect(call.feed(answer(T0 + 300))[0]).toEqual({ type: 'media.answer', sdp: ANSWER });
    expect(actionsOf(call.feed(answer(T0 + 310)))).toEqual([]);
    expect(call.count('media.answer')).toBe(1);
  });

  test('an offer is no answer', () => {
    const call = dialled('ringing');
    call.feed(connect(T0 + 300));
    expect(call.count('media.answer')).toBe(0);
    expect(call.lines('ignored')).toEqual([{ input: 'meta.connect', reason: 'not_an_answer' }]);
  });

  test('RINGING is written to the record, once, and changes nothing else', () => {
    const call = dialled('ringing');
    const effects = call.feed(status(T0 + 300, 'RINGING'), status(T0 + 310, 'RINGING'));
    expect(actionsOf(effects)).toEqual([]);
    expect(effects.filter(({ type }) => type === 'log.update')).toEqual([
      { type: 'log.update', patch: { status: 'ringing' } },
    ]);
    expect(call.lines('ignored')).toEqual([{ input: 'meta.status RINGING', reason: 'duplicate' }]);
  });

  test('no sound leaves and no agent speaks, however ready they are', () => {
    const call = dialled('ready');
    expect(call.actions).toEqual(['media.offer', 'graph.connect', 'agent.connect', 'media.answer']);
    expect(standingOf(call.call)).toMatchObject({ holder: { seat: 0 }, answeredAt: null });
  });

  test('nobody has the call before it has a name', () => {
    for (const phase of ['offering', 'placing', 'unsure'] as const) {
      expect(standingOf(dialled(phase).call)).toMatchObject({ holder: null, answeredAt: null, elsewhere: false });
    }
  });

  test('the user rejects it: missed, and nothing is told', () => {
    const call = dialled('ready');
    expect(actionsOf(call.feed(status(T0 + 900, 'REJECTED')))).toEqual(['media.close']);
    call.feed(closed(T0 + 950));
    expect(call.isOver).toBe(true);
    expect(call.endings).toEqual([{ class: 'missed', reason: 'declined', endedBy: 'user', detail: null }]);
    expect(call.record).toMatchObject({ status: 'completed', durationSeconds: null });
  });

  test('it rings for as long as the policy says from when it was named, then we end it', () => {
    for (const [rules, ms] of [
      [policy(), 45_000],
      [policy({ ringTimeoutMs: 15_000 }), 15_000],
    ] as const) {
      const call = dialled('ready', rules);
      expect(call.deadline).toBe(T0 + 200 + ms);
      expect(actionsOf(call.wake())).toEqual(['graph.terminate', 'media.close']);
      expect(call.confirm(T0 + ms + 1_000).ended).toBe('missed/unanswered/bridge');
    }
  });

  test('a leg that fails ends it', () => {
    for (const input of [mediaFailed(T0 + 900, 'ice_failed'), closed(T0 + 900)]) {
      const call = dialled('ready');
      expect(actionsOf(call.feed(input))).toEqual(['graph.terminate', 'media.close']);
      expect(call.confirm(T0 + 1_000).ended).toBe('failed/media_failed/bridge');
    }
  });

  test('an answer that the leg cannot take is a leg that fails, not a bad offer', () => {
    const call = dialled('ringing');
    call.feed(answer(T0 + 300), mediaFailed(T0 + 310, 'bad_offer'));
    expect(call.confirm(T0 + 400).endings).toEqual([
      { class: 'failed', reason: 'media_failed', endedBy: 'bridge', detail: 'bad_offer' },
    ]);
  });

  test('media that does not come up ends nothing while nobody has picked up', () => {
    const call = dialled('ringing');
    call.feed(agentReady(T0 + 300), answer(T0 + 300));
    expect(call.deadline).toBe(T0 + 200 + DEFAULT_POLICY.ringTimeoutMs);
  });
});

describe('the agent of a dial', () => {
  test('is walked for along the chain while the phone rings', () => {
    const call = dialled('ringing', chainPolicy(['raw', 'raw']));
    expect(actionsOf(call.feed(agentFailed(T0 + 300)))).toEqual(['agent.connect']);
    call.feed(agentReady(T0 + 500, 1));
    expect(call.record.agent).toEqual({ id: 'agent-2', name: 'Agent 2' });
    expect(call.phase).toBe('ringing');
  });

  test('that is late gives way to the next', () => {
    const call = dialled('ringing', chainPolicy(['raw', 'raw']));
    expect(call.deadline).toBe(T0 + 5_200);
    expect(actionsOf(call.wake())).toEqual(['agent.close', 'agent.connect']);
  });

  test('that is lost after half a minute of ringing has a follower still', () => {
    const call = dialled('ready', chainPolicy(['raw', 'raw']));
    expect(actionsOf(call.feed(agentFailed(T0 + 30_000, 'socket_lost')))).toEqual(['agent.connect']);
  });

  test('that comes and goes is waited for', () => {
    const call = dialled('ready');
    call.feed(agentReconnecting(T0 + 900), agentReady(T0 + 1_500));
    expect(call.call.state).toMatchObject({ phase: 'ringing', voice: { ready: true } });
  });

  test('is never a runtime', () => {
    const call = dialled('ringing', chainPolicy(['runtime', 'raw']));
    expect(call.count('agent.launch')).toBe(0);
    expect(call.effects).toContainEqual(expect.objectContaining({ type: 'agent.connect', seat: 1, last: true }));
    expect(call.timeline).toContain('agent_skipped');
  });

  test('cannot be had: the phone stops ringing', () => {
    const call = dialled('ringing');
    expect(actionsOf(call.feed(agentFailed(T0 + 300, 'unauthorized')))).toEqual(['graph.terminate', 'media.close']);
    expect(call.confirm(T0 + 400).endings).toEqual([
      { class: 'rejected', reason: 'agent_unavailable', endedBy: 'bridge', detail: 'unauthorized' },
    ]);
  });

  test('cannot be had and the policy has a prompt: the phone rings on, and hears it when it is picked up', () => {
    const call = dialled('ringing', promptPolicy());
    expect(actionsOf(call.feed(agentFailed(T0 + 300), answer(T0 + 310), mediaConnected(T0 + 400)))).toEqual([
      'media.answer',
    ]);
    expect(actionsOf(call.feed(status(T0 + 900, 'ACCEPTED')))).toEqual(['media.ungate', 'media.play']);
  });

  test('is not there at all and a prompt is: no agent is dialled', () => {
    const call = dialled('ringing', { ...chainPolicy(['runtime']), ...sorry });
    expect(call.actions).toEqual(['media.offer', 'graph.connect']);
    expect(call.call.state).toMatchObject({ phase: 'ringing', voice: { kind: 'prompt' } });
  });

  test('that hangs up takes the call back', () => {
    const call = dialled('ready');
    expect(actionsOf(call.feed(agentHangup(T0 + 900, true, 'changed_mind')))).toEqual([
      'graph.terminate',
      'media.close',
    ]);
    expect(call.confirm(T0 + 1_000).endings).toEqual([
      { class: 'missed', reason: 'cancelled', endedBy: 'agent', detail: 'changed_mind' },
    ]);
  });

  test('is dialled for a call that was named late as for any other', () => {
    const call = dialled('unsure');
    call.feed(named(T0 + 60_000));
    expect(call.deadline).toBe(T0 + 65_000);
  });
});
