import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_POLICY, type Input, standingOf } from '../../../src/call/index.ts';
import {
  actionsOf,
  agentFailed,
  agentHangup,
  agentReady,
  agentReconnecting,
  chainPolicy,
  closed,
  mediaConnected,
  mediaFailed,
  policy,
  promptPolicy,
  T0,
  terminate,
  terminateAfter,
} from '../../support/call.ts';
import { answer, dialled, heard, placed, status } from '../../support/dial-call.ts';

const AT = T0 + 900;
const accepted = status(AT, 'ACCEPTED');
const earlyEar = policy({ answeredBy: 'accepted_or_media' });

describe('a phone that is picked up', () => {
  test('with everything ready: sound flows and the agent speaks at once', () => {
    const call = dialled('ready');
    const effects = call.feed(accepted);
    expect(effects.slice(0, 3)).toEqual([
      { type: 'media.ungate' },
      { type: 'agent.start' },
      { type: 'log.update', patch: { status: 'answered', sessionStartedAt: AT } },
    ]);
    expect(call.lines('picked_up')).toEqual([{ by: 'accepted' }]);
    expect(standingOf(call.call)).toMatchObject({ holder: { seat: 0 }, answeredAt: AT });
  });

  test.each(['ready', 'ringing'] as const)('was so when Meta says, however late its word is: %s', (phase) => {
    const call = dialled(phase);
    call.feed({ type: 'meta.status', status: 'ACCEPTED', timestamp: AT, at: AT + 7_000 });
    expect(call.record).toMatchObject({ status: 'answered', sessionStartedAt: AT });
    const early = dialled(phase);
    early.feed({ type: 'meta.status', status: 'ACCEPTED', timestamp: AT + 900, at: AT });
    expect(early.record).toMatchObject({ sessionStartedAt: AT });
  });

  test('twice is picked up once', () => {
    const call = dialled('ready');
    expect(actionsOf(call.feed(accepted, accepted, status(AT + 10, 'RINGING'), status(AT + 20, 'REJECTED')))).toEqual([
      'media.ungate',
      'agent.start',
    ]);
    expect(call.record.status).toBe('answered');
    expect(call.phase).toBe('connected');
  });

  test('without RINGING is picked up as well', () => {
    const call = dialled('ringing');
    call.feed(answer(T0 + 300), mediaConnected(T0 + 400), agentReady(T0 + 500), accepted);
    expect(call.phase).toBe('connected');
  });

  test('before its agent is ready hears the comfort tone, and the agent has the time of an answered call', () => {
    const call = dialled('ringing');
    call.feed(answer(T0 + 300), mediaConnected(T0 + 400));
    expect(actionsOf(call.feed(accepted))).toEqual(['media.ungate', 'agent.start']);
    expect(call.deadline).toBe(AT + DEFAULT_POLICY.recoveryTimeoutMs);
    expect(actionsOf(call.feed(agentReady(AT + 15_000)))).toEqual([]);
    expect(call.deadline).toBeNull();
  });

  test('before its agent fails hears the next of the chain', () => {
    const call = dialled('ringing', chainPolicy(['raw', 'raw']));
    call.feed(answer(T0 + 300), mediaConnected(T0 + 400), accepted);
    expect(actionsOf(call.feed(agentFailed(AT + 100)))).toEqual(['agent.connect']);
  });

  test('has a longest duration from then on', () => {
    const call = dialled('ready', policy({ maxDurationMs: 60_000 }));
    call.feed(accepted);
    expect(call.deadline).toBe(AT + 60_000);
    call.wake();
    expect(call.confirm(AT + 61_000).ended).toBe('completed/max_duration/bridge');
  });

  test('ends like any other call', () => {
    for (const [input, ended, told] of [
      [terminateAfter(AT, 1), 'completed/user_hangup/user', 0],
      [terminate(AT, { status: 'FAILED' }), 'dropped/meta_failed/meta', 0],
      [{ type: 'api.hangup', at: AT }, 'completed/api_hangup/api', 1],
      [{ type: 'service.drained', at: AT }, 'completed/service_drained/bridge', 1],
      [agentHangup(AT, false), 'completed/agent_hangup/agent', 1],
      [agentFailed(AT, 'socket_lost'), 'dropped/agent_lost/agent', 1],
      [mediaFailed(AT, 'media_lost'), 'dropped/media_lost/bridge', 1],
      [{ type: 'media.silent', silentMs: 20_000, at: AT }, 'dropped/media_silent/bridge', 1],
    ] as const) {
      const call = dialled('connected');
      call.feed(input);
      expect(call.confirm(AT + 100).ended).toBe(ended);
      expect(call.count('graph.terminate')).toBe(told);
    }
  });
});

describe('ACCEPTED before the media is up', () => {
  test('counts for the record at once, and sound flows when the media is up', () => {
    const call = dialled('ringing');
    const early = call.feed(agentReady(T0 + 300), accepted);
    expect(actionsOf(early)).toEqual([]);
    expect(call.record).toMatchObject({ status: 'answered', sessionStartedAt: AT });
    expect(standingOf(call.call)).toMatchObject({ answeredAt: AT });
    expect(actionsOf(call.feed(answer(AT + 100)))).toEqual(['media.answer']);
    expect(actionsOf(call.feed(mediaConnected(AT + 400)))).toEqual(['media.ungate', 'agent.start']);
    call.feed({ type: 'api.hangup', at: AT + 5_000 });
    expect(call.confirm(AT + 5_100).record).toMatchObject({ sessionStartedAt: AT, durationSeconds: 5 });
  });

  test('and media that is not up in its time after that: dropped, for the user was there', () => {
    const call = dialled('answering');
    expect(call.deadline).toBe(T0 + 500 + DEFAULT_POLICY.mediaTimeoutMs);
    expect(actionsOf(call.wake())).toEqual(['graph.terminate', 'media.close']);
    expect(call.confirm(T0 + 13_000).ended).toBe('dropped/media_timeout/bridge');
  });

  test('and an agent that is not ready either: each has its own time', () => {
    const call = dialled('ringing', chainPolicy(['raw', 'raw'], { recoveryTimeoutMs: 8_000 }));
    call.feed(accepted);
    expect(call.deadline).toBe(AT + 4_000);
    expect(actionsOf(call.wake())).toEqual(['agent.close', 'agent.connect']);
    expect(call.deadline).toBe(AT + 8_000);
    call.feed(answer(AT + 5_000), mediaConnected(AT + 5_200), agentReady(AT + 6_000, 1));
    expect(call.actions.slice(-3)).toEqual(['media.answer', 'media.ungate', 'agent.start']);
  });

  test.each([
    [agentFailed(AT), 'dropped/agent_lost/agent'],
    [agentHangup(AT, false), 'completed/agent_hangup/agent'],
    [mediaFailed(AT, 'dtls_failed'), 'dropped/media_lost/bridge'],
    [{ type: 'api.hangup', at: AT } as const, 'completed/api_hangup/api'],
    [{ type: 'service.drained', at: AT } as const, 'completed/service_drained/bridge'],
  ])('ends as an answered call: %o', (input, ended) => {
    const call = dialled('answering');
    expect(actionsOf(call.feed(input))).toEqual(['graph.terminate', 'media.close']);
    expect(call.confirm(AT + 100).ended).toBe(ended);
  });

  test('and the agent lost meanwhile gives way to a prompt, which waits for the media', () => {
    const call = dialled('answering', promptPolicy());
    expect(actionsOf(call.feed(agentFailed(AT, 'socket_lost')))).toEqual([]);
    expect(actionsOf(call.feed(answer(AT + 10), mediaConnected(AT + 200)))).toEqual([
      'media.answer',
      'media.ungate',
      'media.play',
    ]);
  });

  test('an agent that comes and goes meanwhile is waited for as in conversation', () => {
    const call = dialled('answering', policy({ mediaTimeoutMs: 60_000 }));
    call.feed(agentReconnecting(AT));
    expect(call.deadline).toBe(T0 + 500 + DEFAULT_POLICY.recoveryTimeoutMs);
  });
});

describe('the first sound of the phone', () => {
  test('is no pickup by itself', () => {
    const call = dialled('ready');
    expect(actionsOf(call.feed(heard(T0 + 600), heard(T0 + 620)))).toEqual([]);
    expect(call.timeline.filter((type) => type === 'media_heard')).toHaveLength(1);
  });

  test('is one where the policy says so, and ACCEPTED then changes nothing', () => {
    const call = dialled('ready', earlyEar);
    expect(actionsOf(call.feed(heard(AT)))).toEqual(['media.ungate', 'agent.start']);
    expect(call.lines('picked_up')).toEqual([{ by: 'media' }]);
    expect(call.timeline).toContain('media_heard');
    expect(actionsOf(call.feed(status(AT + 700, 'ACCEPTED'), heard(AT + 800)))).toEqual([]);
    expect(call.record.sessionStartedAt).toBe(AT);
  });

  test('after ACCEPTED is only written down', () => {
    const call = dialled('connected', earlyEar);
    expect(actionsOf(call.feed(heard(AT)))).toEqual([]);
    expect(call.timeline).toContain('media_heard');
  });
});

describe('Meta’s terminate', () => {
  test('that overtakes ACCEPTED tells by its start time that the call was picked up', () => {
    for (const phase of ['unsure', 'ringing', 'ready'] as const) {
      const call = dialled(phase);
      expect(actionsOf(call.feed(terminate(T0 + 4_500, { startTime: T0 + 500, endTime: T0 + 4_500 })))).toEqual([
        'media.close',
      ]);
      call.feed(closed(T0 + 4_600));
      expect(call.ended).toBe('completed/user_hangup/user');
      expect(call.record).toMatchObject({ sessionStartedAt: T0 + 500, durationSeconds: 4 });
      expect(call.count('media.ungate')).toBe(0);
    }
  });

  test('without times means that nobody picked up, whatever its status is called', () => {
    const call = dialled('ready');
    call.feed(terminate(T0 + 20_000), closed(T0 + 20_100));
    expect(call.ended).toBe('missed/unanswered/user');
    expect(call.record).toMatchObject({ status: 'completed', durationSeconds: null });
    expect(call.record.sessionStartedAt).toBeUndefined();
  });

  test('with an error is a failure of Meta, of an unanswered or an answered call', () => {
    const errors = [{ code: 138021, title: null, details: null }];
    for (const [startTime, ended] of [
      [null, 'failed/meta_failed/meta'],
      [T0 + 500, 'dropped/meta_failed/meta'],
    ] as const) {
      const call = dialled('ready');
      call.feed(terminate(AT, { status: 'FAILED', startTime, errors }), closed(AT + 10));
      expect(call.ended).toBe(ended);
      expect(call.endings[0]?.detail).toBe('138021');
    }
  });
});

test('whatever order Meta’s words, the media and the agent come in, they end in the same conversation', () => {
  const [answered, up] = [answer(AT), mediaConnected(AT)];
  const inputs: Input[] = [placed(AT), answered, status(AT, 'RINGING'), status(AT, 'ACCEPTED'), up, agentReady(AT)];
  const order = fc.shuffledSubarray([...inputs, ...inputs], { minLength: 12, maxLength: 12 });
  fc.assert(
    fc.property(order, (words) => {
      fc.pre(words.indexOf(answered) < words.indexOf(up));
      const call = dialled('ringing');
      call.feed(...words);
      expect(call.phase).toBe('connected');
      expect([...call.actions].sort()).toEqual(
        ['media.offer', 'graph.connect', 'agent.connect', 'media.answer', 'media.ungate', 'agent.start'].sort(),
      );
      expect(call.record).toMatchObject({ status: 'answered', sessionStartedAt: AT });
    }),
  );
});
