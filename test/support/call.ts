import {
  type AgentChoice,
  type AgentTarget,
  beginCall,
  type Call,
  type CallIdentity,
  type CallPatch,
  type CallPolicy,
  type CallQuality,
  DEFAULT_POLICY,
  type Effect,
  type Ending,
  type GraphAction,
  type GraphFailure,
  type Input,
  isOver,
  type OnAgentLost,
  type RawAgent,
  type RuntimeAgent,
  step,
  type TimelineEvent,
} from '../../src/call/index.ts';

/** When every test call begins, Unix milliseconds. */
export const T0 = 1_760_681_506_000;
/** Stand-ins: the machine never reads SDP. */
export const OFFER = 'v=0 offer';
export const ANSWER = 'v=0 answer';

export function identity(differences: Partial<CallIdentity> = {}): CallIdentity {
  return {
    id: '00000000-0000-4000-8000-000000000001',
    callId: 'wacid.test',
    direction: 'inbound',
    phoneNumberId: 'pn-1',
    displayPhoneNumber: null,
    user: { waId: 'user-1', userId: null, parentUserId: null, name: 'Ana' },
    startedAt: T0,
    ctaPayload: null,
    deeplinkPayload: null,
    bizOpaqueCallbackData: null,
    ...differences,
  };
}

export function agentTarget(differences: Partial<RawAgent> = {}): RawAgent {
  return {
    id: 'agent-1',
    name: 'Echo',
    wire: 'raw',
    entry: { kind: 'dial', url: 'ws://agent.test/', token: null, tokenIn: 'header' },
    sampleRate: 16000,
    connectTimeoutMs: 5_000,
    speakWithinMs: null,
    maxConcurrentCalls: null,
    parameters: {},
    ...differences,
  };
}

export function runtimeAgent(differences: Partial<RuntimeAgent> = {}): RuntimeAgent {
  return {
    id: 'runtime-1',
    name: 'Runtime',
    wire: 'runtime',
    url: 'https://runtime.test/start',
    key: null,
    connectTimeoutMs: 5_000,
    speakWithinMs: null,
    maxConcurrentCalls: null,
    parameters: {},
    ...differences,
  };
}

export function choice(agent: AgentTarget = agentTarget(), onLost: Partial<OnAgentLost> = {}): AgentChoice {
  return { agent, onLost: { ...whenLost({ action: 'next' }), ...onLost } };
}

/** An assignment's rule for an agent that is lost in conversation and not dialled again. */
export function whenLost(then: OnAgentLost['then']): OnAgentLost {
  return { reconnectAttempts: 0, then };
}

export function policy(differences: Partial<CallPolicy> = {}): CallPolicy {
  return { ...DEFAULT_POLICY, agents: [choice()], ...differences };
}

/** Nobody is waited for less than a minute but the media. */
export function patientPolicy(): CallPolicy {
  return policy({ agents: [choice(agentTarget({ connectTimeoutMs: 60_000 }))], agentTimeoutMs: 60_000 });
}

/** A policy with one agent for each wire: agent-1, agent-2, … */
export function chainPolicy(wires: readonly ('raw' | 'runtime')[], differences: Partial<CallPolicy> = {}): CallPolicy {
  const agents = wires.map((wire, seat) => {
    const named = { id: `agent-${seat + 1}`, name: `Agent ${seat + 1}` };
    return choice(wire === 'raw' ? agentTarget(named) : runtimeAgent(named));
  });
  return policy({ agents, ...differences });
}

/** Answer and play a prompt when the agent is not to be had. */
export function promptPolicy(differences: Partial<CallPolicy> = {}): CallPolicy {
  return policy({ onAgentUnavailable: { action: 'prompt', prompt: 'sorry.ogg' }, ...differences });
}

export function quality(differences: Partial<CallQuality> = {}): CallQuality {
  return {
    packetsReceived: 500,
    packetsLost: 2,
    packetsLate: 0,
    packetsDuplicate: 0,
    packetsWithheld: 0,
    packetsSent: 500,
    jitterMs: 3,
    jitterMaxMs: 9,
    rttMs: 40,
    remoteLossRatio: 0,
    framesConcealed: 2,
    framesRecoveredByFec: 1,
    playoutUnderruns: 0,
    agentAudioDroppedMs: 0,
    callerAudioDroppedMs: 0,
    bytesReceived: 25_000,
    bytesSent: 25_000,
    srtpRefused: 0,
    dtmfReceived: 0,
    mediaSetupMs: 180,
    mos: 4.3,
    ...differences,
  };
}

type Of<T extends Input['type']> = Extract<Input, { type: T }>;

export function connect(at: number, differences: Partial<Of<'meta.connect'>> = {}): Input {
  return { type: 'meta.connect', sdpType: 'offer', sdp: OFFER, timestamp: at - 1_000, at, ...differences };
}

/** Meta's terminate of a call that nobody picked up. */
export function terminate(at: number, differences: Partial<Of<'meta.terminate'>> = {}): Input {
  return {
    type: 'meta.terminate',
    timestamp: at,
    status: 'COMPLETED',
    startTime: null,
    endTime: null,
    durationSeconds: null,
    errors: [],
    at,
    ...differences,
  };
}

/** Meta's terminate of a call that was picked up. */
export function terminateAfter(at: number, durationSeconds: number): Input {
  return terminate(at, { startTime: at - durationSeconds * 1000, endTime: at, durationSeconds });
}

export function ok(at: number, action: GraphAction): Input {
  return { type: 'graph.ok', action, tookMs: 80, at };
}

export function no(at: number, action: GraphAction, kind: GraphFailure['kind'], code: number | null = 100): Input {
  const httpStatus = code === null ? null : 400;
  return { type: 'graph.failed', action, error: { code, httpStatus, kind, message: 'no' }, at };
}

export function opened(at: number): Input {
  return { type: 'media.opened', sdp: ANSWER, at };
}

export function mediaConnected(at: number): Input {
  return { type: 'media.connected', setupMs: 150, at };
}

export function mediaFailed(at: number, code: Of<'media.failed'>['code']): Input {
  return { type: 'media.failed', code, detail: 'from 192.0.2.1', at };
}

export function closed(at: number, figures: CallQuality | null = quality()): Input {
  return { type: 'media.closed', quality: figures, at };
}

export function agentReady(at: number, seat = 0): Input {
  return { type: 'agent.ready', seat, connectMs: 60, at };
}

export function agentReconnecting(at: number, seat = 0): Input {
  return { type: 'agent.reconnecting', seat, attempt: 1, code: 'socket_lost', at };
}

export function agentSpoke(at: number, seat = 0): Input {
  return { type: 'agent.spoke', seat, at };
}

export function agentLaunched(at: number, seat = 0): Input {
  return { type: 'agent.launched', seat, tookMs: 300, at };
}

export function agentFailed(at: number, code: Of<'agent.failed'>['code'] = 'connect_refused', seat = 0): Input {
  return { type: 'agent.failed', seat, code, detail: 'from 192.0.2.1', at };
}

export function agentHangup(at: number, drain: boolean, reason: string | null = null, seat = 0): Input {
  return { type: 'agent.hangup', seat, drain, reason, at };
}

/** A prompt over the agent. */
export function announce(at: number, id = 'p-1', interrupt = false): Input {
  return { type: 'api.announce', id, prompt: `${id}.ogg`, interrupt, at };
}

export function announced(at: number, id = 'p-1', played = true): Input {
  return { type: 'media.announced', id, played, at };
}

/** To an agent that no chain has, and to the one behind it. */
export function transfer(at: number, agents: readonly AgentChoice[] = TAKEOVERS): Input {
  return { type: 'api.transfer', agents, at };
}

export const TAKEOVERS: readonly AgentChoice[] = [
  choice(agentTarget({ id: 'takeover', name: 'Takeover' })),
  choice(agentTarget({ id: 'behind', name: 'Behind' })),
];

/** The phases of an inbound call that `TestCall.in` can bring a call to. */
export type Reached = 'new' | 'offered' | 'pre-accepting' | 'waiting' | 'accepting' | 'connected' | 'draining';

/** One call with everything it ever asked for. Drives the machine by its public face only. */
export class TestCall {
  call: Call;
  deadline: number | null = null;
  readonly effects: Effect[] = [];

  constructor(rules: CallPolicy = policy(), who: CallIdentity = identity()) {
    this.call = beginCall(who, rules);
  }

  /** A call that came to `phase` the usual way, everything 100 ms apart; connected since T0 + 500. */
  static in(phase: Reached, rules: CallPolicy = policy()): TestCall {
    const test = new TestCall(rules);
    const path: [Reached, Input[]][] = [
      ['new', []],
      ['offered', [connect(T0)]],
      ['pre-accepting', [opened(T0 + 100)]],
      ['waiting', [ok(T0 + 200, 'pre_accept')]],
      ['accepting', [mediaConnected(T0 + 300), ...(rules.agents.length === 0 ? [] : [agentReady(T0 + 400)])]],
      ['connected', [ok(T0 + 500, 'accept')]],
      ['draining', [agentHangup(T0 + 600, true)]],
    ];
    for (const [reached, inputs] of path) {
      test.feed(...inputs);
      if (reached === phase) return test;
    }
    return test;
  }

  /** Returns the effects of these inputs alone. */
  feed(...inputs: Input[]): Effect[] {
    const from = this.effects.length;
    for (const input of inputs) {
      const result = step(this.call, input);
      this.call = result.call;
      this.deadline = result.deadline;
      this.effects.push(...result.effects);
    }
    return this.effects.slice(from);
  }

  /** Fires the timer at the deadline the machine asked for. */
  wake(): Effect[] {
    if (this.deadline === null) throw new Error('the call asked for no timer');
    return this.feed({ type: 'timer', at: this.deadline });
  }

  /** Confirms whatever the ending waits for, but the name of a dial. */
  confirm(at: number): this {
    this.feed(ok(at, 'reject'), ok(at, 'terminate'), closed(at));
    return this;
  }

  get phase(): string {
    return this.call.state.phase;
  }

  get isOver(): boolean {
    return isOver(this.call);
  }

  count(type: Effect['type']): number {
    return this.effects.filter((effect) => effect.type === type).length;
  }

  /** Types of all effects but the log's, in order. */
  get actions(): string[] {
    return actionsOf(this.effects);
  }

  get timeline(): string[] {
    return this.effects.flatMap((effect) => (effect.type === 'log.append' ? [effect.event.type] : []));
  }

  /** The lines of one type. */
  lines(type: string): TimelineEvent['data'][] {
    return this.effects.flatMap((effect) =>
      effect.type === 'log.append' && effect.event.type === type ? [effect.event.data] : [],
    );
  }

  /** Everything written to the record, later over earlier. */
  get record(): CallPatch {
    return Object.assign({}, ...this.effects.map((effect) => (effect.type === 'log.update' ? effect.patch : {})));
  }

  /** Every ending that was ever written; a sound call has one at most. */
  get endings(): Ending[] {
    return this.effects.flatMap((effect) =>
      effect.type === 'log.update' && effect.patch.ending !== undefined ? [effect.patch.ending] : [],
    );
  }

  /** `class/reason/endedBy` of the written ending. */
  get ended(): string {
    return this.endings.map((ending) => `${ending.class}/${ending.reason}/${ending.endedBy}`).join(' + ');
  }
}

export function actionsOf(effects: readonly Effect[]): string[] {
  return effects.map((effect) => effect.type).filter((type) => !type.startsWith('log.'));
}
