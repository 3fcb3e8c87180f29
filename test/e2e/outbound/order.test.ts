import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FaultInput } from '../../../src/simulator/index.ts';
import { type Bridge, type CallDetail, startBridge } from '../../support/bridge.ts';
import { type Dialled, Dialler, storyOf } from '../../support/dialler.ts';
import { RawAgent } from '../../support/raw-agent.ts';
import { endingOf } from '../../support/switchboard.ts';

const WATCH_MS = 1_500;
const EVERY_WEBHOOK = ['connect', 'ringing', 'accepted', 'terminate'] as const;

/** What may go wrong or out of order on the way to a conversation, and what of the record tells of it. */
const DETOURS: readonly {
  readonly what: string;
  readonly faults: readonly FaultInput[];
  readonly connect?: 'connect unanswered' | 'connect failed';
  /** Graph's answer is known to come later than a webhook that was handled, or never. */
  readonly namedBy?: 'webhook';
}[] = [
  {
    what: 'the webhook with the answer comes before Graph has answered our connect',
    faults: [{ type: 'graph.answer_after', action: 'connect', event: 'connect' }],
  },
  {
    what: 'every webhook up to ACCEPTED comes before Graph has answered our connect',
    faults: [{ type: 'graph.answer_after', action: 'connect', event: 'accepted' }],
    namedBy: 'webhook',
  },
  {
    what: 'ACCEPTED comes before the answer',
    faults: [{ type: 'webhook.hold', event: 'connect', until: 'accepted' }],
  },
  {
    what: 'ACCEPTED comes before the answer, and both before Graph has answered our connect',
    faults: [
      { type: 'webhook.hold', event: 'connect', until: 'accepted' },
      { type: 'graph.answer_after', action: 'connect', event: 'connect' },
    ],
    namedBy: 'webhook',
  },
  {
    what: 'RINGING comes after ACCEPTED',
    faults: [{ type: 'webhook.hold', event: 'ringing', until: 'accepted' }],
  },
  { what: 'RINGING never comes', faults: [{ type: 'webhook.lose', event: 'ringing' }] },
  {
    what: 'every webhook comes three times',
    faults: EVERY_WEBHOOK.map((event) => ({ type: 'webhook.duplicate', event, copies: 2, gapMs: 40 })),
  },
  {
    what: 'every webhook comes twice, and before Graph has answered our connect',
    faults: [
      ...EVERY_WEBHOOK.map((event) => ({ type: 'webhook.duplicate', event }) as const),
      { type: 'graph.answer_after', action: 'connect', event: 'accepted' },
    ],
    namedBy: 'webhook',
  },
  {
    what: 'the answer names no DTLS role (actpass)',
    faults: [{ type: 'sdp.setup', setup: 'actpass' }],
  },
  {
    what: 'the answer has the phone as DTLS server',
    faults: [{ type: 'sdp.setup', setup: 'passive' }],
  },
  {
    what: "the connection breaks before Graph's answer, and the call is placed",
    faults: [{ type: 'graph.timeout', action: 'connect', performed: true, reset: true }],
    connect: 'connect unanswered',
    namedBy: 'webhook',
  },
  {
    what: 'Graph says nothing, and the call is placed',
    faults: [{ type: 'graph.timeout', action: 'connect', performed: true }],
    connect: 'connect unanswered',
    namedBy: 'webhook',
  },
  {
    what: 'Graph says 503, and the call is placed',
    faults: [{ type: 'graph.fail', action: 'connect', httpStatus: 503 }],
    connect: 'connect failed',
    namedBy: 'webhook',
  },
];

describe.concurrent('A call that we place ends in a conversation', () => {
  let agent: RawAgent;
  let bridge: Bridge;
  let dialler: Dialler;
  beforeAll(async () => {
    agent = await RawAgent.start();
    bridge = await startBridge({ agentUrl: agent.url, policy: { connectWatchMs: WATCH_MS } });
    dialler = new Dialler(bridge);
  });
  afterAll(async () => {
    // The bridge would wait for the Graph that says nothing.
    await bridge.whatsapp.close();
    await bridge.close();
    await agent.stop();
  });

  it.each(DETOURS)('when $what', async ({ faults, connect = 'connect', namedBy }) => {
    const dialled = await dialler.dialFriend({ faults, afterMs: 400 });
    const phone = await dialler.phoneOf(dialled);
    const voice = await agent.connectionOf(phone.callId);
    await voice.hear('answered');
    await phone.waitFor('heard', 10_000);
    phone.hangUp();
    await phone.waitFor('closed', 10_000);
    const record = await dialler.ended(dialled);
    expect(endingOf(record)).toBe('completed/user_hangup/user');
    const by = namedBy ?? expect.stringMatching(/^(graph|webhook)$/);
    expect(namesIn(record)).toEqual([expect.objectContaining({ by })]);
    const once = ['picked_up', 'answer_received', 'media_connected', 'agent_started', 'ended'];
    const types = record.timeline.map(({ type }) => type);
    for (const type of once) expect(types.filter((each) => each === type)).toHaveLength(1);
    expect(await asked(dialled)).toEqual([connect]);
    expect(agent.connectionsOf(phone.callId)).toHaveLength(1);
    expect(voice.messages.map(({ type }) => type)).toEqual(['start', 'answered', 'end']);
    expect((await phone.report()).phone?.mediaBeforeAccept).toBe(0);
  });

  it('or ends as unknown when Graph never heard of it: it is not placed again, and the user can be called', async () => {
    const lost = { type: 'graph.timeout', action: 'connect', nth: 1, reset: true } as const;
    const dialled = await dialler.dialFriend({ faults: [lost], hangUpAfterMs: 100 });
    const busy = await dialler.ask({ to: dialled.user });
    expect(busy).toMatchObject({ status: 400, body: { code: 138003, reason: 'call_ongoing' } });
    const began = Date.now();
    const record = await dialler.ended(dialled);
    expect(Date.now() - began).toBeGreaterThan(WATCH_MS - 500);
    expect(endingOf(record)).toBe('failed/connect_unknown/bridge');
    expect(record).toMatchObject({ call_id: null, status: 'failed', duration_seconds: null });
    expect(storyOf(record).slice(-2)).toEqual(['never_named', 'ended']);
    expect(await asked(dialled)).toEqual(['connect unanswered']);
    const again = await dialler.dial(dialled.user);
    expect(endingOf(await dialler.ended(again))).toBe('completed/user_hangup/user');
  });

  it('or ends as unknown after a 500 without a call, and is not placed again', async () => {
    const dialled = await dialler.dialFriend({ faults: [{ type: 'graph.fail', action: 'connect', performed: false }] });
    expect(endingOf(await dialler.ended(dialled))).toBe('failed/connect_unknown/bridge');
    expect(await asked(dialled)).toEqual(['connect failed']);
  });

  it('or is told to end when its name comes after it was given up, and its record tells', async () => {
    const late = EVERY_WEBHOOK.map((event) => ({ type: 'webhook.delay', event, delayMs: WATCH_MS + 500 }) as const);
    const lost = { type: 'graph.timeout', action: 'connect', performed: true, reset: true } as const;
    const dialled = await dialler.dialFriend({ faults: [lost, ...late], reply: 'ignore' });
    const record = await dialler.ended(dialled);
    expect(endingOf(record)).toBe('failed/connect_unknown/bridge');
    expect(record.call_id).toBeNull();
    const phone = await dialler.phoneOf(dialled);
    await phone.waitFor('closed', 10_000);
    expect(phone.endedBy).toBe('business');
    expect(await asked(dialled)).toEqual(['connect unanswered', 'terminate']);
    expect(endingOf(await dialler.now(dialled))).toBe('failed/connect_unknown/bridge');
  });

  async function asked(dialled: Dialled): Promise<string[]> {
    await dialler.heardOut();
    return dialler.graphActions(dialled);
  }
});

function namesIn({ timeline }: CallDetail): unknown[] {
  return timeline.filter(({ type }) => type === 'named').map(({ data }) => data);
}
