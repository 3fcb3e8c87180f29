import type { AgentChoice, CallPlan, CallPolicy, OnAgentLost, PlannedCall, Refusal, User } from '../../call/index.ts';
import type { NumberRules, RoutingSource } from '../ports.ts';
import { isOpen } from './call-hours.ts';

/** A call that we are to place. */
export interface PlannedDial {
  readonly phoneNumberId: string;
  /** Who is to speak; null: the agents of the number. */
  readonly voiceAgentId: string | null;
  /** What the agents are told of this call beyond their own parameters. */
  readonly context: Readonly<Record<string, string>>;
  /** Null: as long as calls ring that nobody has said anything of. */
  readonly ringTimeoutMs: number | null;
  readonly answeredBy: CallPolicy['answeredBy'];
}

/** A call that is to be given to another agent. */
export interface PlannedTransfer {
  readonly phoneNumberId: string;
  readonly voiceAgentId: string;
  /** What the agent is told beyond its own parameters. */
  readonly context: Readonly<Record<string, string>>;
  /** Null: as its assignment says, or as that of one that is not assigned. */
  readonly onLost: OnAgentLost | null;
}

export type DialPlan =
  | { readonly policy: CallPolicy }
  | { readonly refusal: 'unknown_number' | 'unknown_agent' /** None that can speak through our media. */ | 'no_agent' };

/** Says by which rules a call is handled and who may answer it: the runtime's PolicySource. */
export class CallPlanner {
  readonly #source: RoutingSource;

  constructor(source: RoutingSource) {
    this.#source = source;
  }

  /** Null if the number is not ours. */
  async planFor(call: PlannedCall): Promise<CallPlan | null> {
    const routing = this.#source.rulesOf(call.identity.phoneNumberId);
    if (routing === null) return null;
    const { policy, rules, chain } = routing;
    const open = rules.hours === null || isOpen(rules.hours, call.at);
    if (!open && rules.outsideHours.action === 'prompt') {
      // Answered, but by nobody: what the number says outside its hours takes the place of the agents.
      const refusal = refusalOf(rules, call);
      return { policy: { ...policy, agents: [], onAgentUnavailable: rules.outsideHours }, refusal };
    }
    const refusal = refusalOf(rules, call) ?? (open ? null : 'outside_hours');
    return { policy: { ...policy, agents: chain }, refusal };
  }

  /**
   * The agent that was asked for speaks first, and the agents of the number stand behind it. A runtime does its own media,
   * from an offer of Meta's, and a call that we place has none: it is left out, and asked for by name it is no agent. Nor
   * is the prompt that says that nobody is there: nobody is to be rung up to hear that.
   *
   * A number's hours, its lists of callers and its limit on calls say who may reach its agents, and hold for inbound calls
   * only. Whom and when a number may call is decided before, by its permissions (quiet hours, limits).
   */
  planForDial({ phoneNumberId, voiceAgentId, context, ringTimeoutMs, answeredBy }: PlannedDial): DialPlan {
    const routing = this.#source.rulesOf(phoneNumberId);
    if (routing === null) return { refusal: 'unknown_number' };
    const asked = voiceAgentId === null ? null : this.#source.choiceOf(voiceAgentId, phoneNumberId);
    if (voiceAgentId !== null && asked === null) return { refusal: 'unknown_agent' };
    if (asked !== null && !speaksHere(asked)) return { refusal: 'no_agent' };
    const others = routing.chain.filter(({ agent }) => agent.id !== voiceAgentId);
    const agents = (asked === null ? others : [asked, ...others])
      .filter(speaksHere)
      .map((choice) => inContext(choice, context));
    if (agents.length === 0) return { refusal: 'no_agent' };
    const { policy } = routing;
    return { policy: { ...policy, agents, answeredBy, ringTimeoutMs: ringTimeoutMs ?? policy.ringTimeoutMs } };
  }

  /**
   * Who has the call from then on: the agent that was asked for, and behind it the agents of the number. Null if there is no
   * such agent, or it is one that cannot have a call whose media is ours.
   */
  planForTransfer({ phoneNumberId, voiceAgentId, context, onLost }: PlannedTransfer): readonly AgentChoice[] | null {
    const asked = this.#source.choiceOf(voiceAgentId, phoneNumberId);
    if (asked === null || !speaksHere(asked)) return null;
    const chain = this.#source.rulesOf(phoneNumberId)?.chain ?? [];
    const others = chain.filter((choice) => choice.agent.id !== voiceAgentId && speaksHere(choice));
    return [inContext({ ...asked, onLost: onLost ?? asked.onLost }, context), ...others];
  }
}

function speaksHere({ agent }: AgentChoice): boolean {
  return agent.wire !== 'runtime';
}

/** What is said of one call is more particular than what the operator says of all. */
function inContext({ agent, onLost }: AgentChoice, context: PlannedDial['context']): AgentChoice {
  return { agent: { ...agent, parameters: { ...agent.parameters, ...context } }, onLost };
}

function refusalOf(rules: NumberRules, { identity, liveOnNumber }: PlannedCall): Refusal | null {
  if (!mayCall(rules, identity.user)) return 'caller_denied';
  const { maxConcurrentCalls } = rules;
  return maxConcurrentCalls !== null && liveOnNumber >= maxConcurrentCalls ? 'number_busy' : null;
}

function mayCall({ allow, deny }: NumberRules, user: User): boolean {
  const names = [user.waId, user.userId, user.parentUserId].filter((name) => name !== null);
  if (names.some((name) => deny.includes(name))) return false;
  return allow.length === 0 || names.some((name) => allow.includes(name));
}
