import type { CallPlan, PlannedCall, Refusal, User } from '../../call/index.ts';
import type { NumberRules, RoutingSource } from '../ports.ts';
import { isOpen } from './call-hours.ts';

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
