import type { AgentChoice, CallPolicy, OnAgentLost } from '../../call/index.ts';
import type { Assignment, NumberRouting, NumberRules, RoutingSource, VoiceAgent, VoiceAgentBook } from '../ports.ts';
import { targetOf } from '../providers/index.ts';

/** What holds for the calls of a number. */
interface NumberHandling {
  readonly policy: Omit<CallPolicy, 'agents'>;
  readonly rules: NumberRules;
}

/** The numbers that are ours. */
interface Numbers {
  /** Null if the number is not ours. */
  handlingOf(phoneNumberId: string): NumberHandling | null;
  projectOf(phoneNumberId: string): string | null;
}

/** Of an agent that is not assigned to the number: what an assignment says unless it is told otherwise. */
const UNASSIGNED: OnAgentLost = { reconnectAttempts: 3, then: { action: 'next' } };

/**
 * Joins a number's rules with the agents that are assigned to it. Agents of another project than the number's are none of its
 * own, whatever is assigned: a number may have come from there. Its enabled primary comes first; the other enabled
 * assignments are the fallback chain, and answer a number without a primary.
 */
export class AssignedRouting implements RoutingSource {
  readonly #numbers: Numbers;
  readonly #book: VoiceAgentBook;

  constructor(numbers: Numbers, book: VoiceAgentBook) {
    this.#numbers = numbers;
    this.#book = book;
  }

  rulesOf(phoneNumberId: string): NumberRouting | null {
    const handling = this.#numbers.handlingOf(phoneNumberId);
    if (handling === null) return null;
    const { policy, rules } = handling;
    const chain = this.#chainOf(phoneNumberId);
    const patience = chain.map(({ agent }) => agent.connectTimeoutMs);
    // The time that one agent may take must not be cut short by the time that all of them have, unless that is asked for.
    const agentTimeoutMs = rules.answerWithinMs ?? Math.max(policy.agentTimeoutMs, ...patience);
    return { policy: { ...policy, agentTimeoutMs }, rules, chain };
  }

  /** An assignment need not be enabled to say what happens when its agent is lost. */
  choiceOf(voiceAgentId: string, phoneNumberId: string): AgentChoice | null {
    const agent = this.#agentFor(phoneNumberId, voiceAgentId);
    if (agent === null) return null;
    const [assignment] = this.#book.assignments({ voiceAgentId, phoneNumberId });
    return { agent: targetOf(agent), onLost: assignment?.onLost ?? UNASSIGNED };
  }

  #chainOf(phoneNumberId: string): AgentChoice[] {
    const enabled = this.#book.assignments({ phoneNumberId }).filter((assignment) => assignment.enabled);
    return enabled.toSorted(inOrder).flatMap(({ voiceAgentId, onLost }) => {
      const agent = this.#agentFor(phoneNumberId, voiceAgentId);
      return agent === null ? [] : [{ agent: targetOf(agent), onLost }];
    });
  }

  #agentFor(phoneNumberId: string, voiceAgentId: string): VoiceAgent | null {
    const agent = this.#book.get(voiceAgentId);
    return agent?.projectId === this.#numbers.projectOf(phoneNumberId) ? agent : null;
  }
}

function inOrder(a: Assignment, b: Assignment): number {
  return Number(b.isPrimary) - Number(a.isPrimary) || a.position - b.position || a.createdAt - b.createdAt;
}
