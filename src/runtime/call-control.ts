import {
  type AgentChoice,
  type AgentInstruction,
  type Conversation,
  MAX_ANNOUNCEMENTS,
  type Standing,
  type TransferOutcome,
} from '../call/index.ts';
import type { CallRunner } from './call-runner.ts';
import type { LiveCalls } from './live-calls.ts';
import type { AnnounceOrder, Clock, ControlRefusal, MediaPort } from './ports.ts';

interface Talk {
  readonly runner: CallRunner;
  readonly standing: Standing;
  readonly conversation: Conversation;
}

/** What may be done to a call from outside while an agent has it. */
export class CallControl {
  readonly #live: LiveCalls;
  readonly #clock: Clock;
  readonly #media: Pick<MediaPort, 'instruct'>;

  constructor(
    live: LiveCalls,
    { clock, media }: { readonly clock: Clock; readonly media: Pick<MediaPort, 'instruct'> },
  ) {
    this.#live = live;
    this.#clock = clock;
    this.#media = media;
  }

  /** Plays a prompt to the person, the agent held meanwhile; what becomes of it is in the timeline. Null: it was taken. */
  announce(key: string, { id, prompt, interrupt }: AnnounceOrder): ControlRefusal | null {
    const talk = this.#talk(key);
    if (typeof talk === 'string') return talk;
    if (talk.conversation.announcements >= MAX_ANNOUNCEMENTS) return 'too_many_prompts';
    talk.runner.feed({ type: 'api.announce', id, prompt, interrupt, at: this.#clock.now() });
    return null;
  }

  /**
   * Gives the call to the first of `agents`; the others come after it, if it is lost. Resolves when it has the call, or it is
   * known that it will not, at the latest when its time to connect is over.
   */
  async transfer(key: string, agents: readonly AgentChoice[]): Promise<TransferOutcome | ControlRefusal> {
    const talk = this.#talk(key);
    if (typeof talk === 'string') return talk;
    const { runner, standing, conversation } = talk;
    if (conversation.transferSeat !== null) return 'transfer_under_way';
    if (standing.holder?.agent.id === agents[0]?.agent.id) return 'agent_has_it';
    runner.feed({ type: 'api.transfer', agents, at: this.#clock.now() });
    const seat = runner.standing?.conversation?.transferSeat ?? null;
    return seat === null ? 'no_agent' : await runner.transferred(seat);
  }

  /** Sends something that an application defined to the agent that has the call, in either phase. Null: it was handed over. */
  tell(key: string, data: unknown): ControlRefusal | null {
    const runner = this.#live.byKey(key);
    const standing = runner?.standing ?? null;
    if (runner === undefined || standing === null) return 'over';
    if (standing.elsewhere) return 'elsewhere';
    if (standing.holder === null) return 'no_agent';
    if (!standing.agentReady) return 'agent_not_ready';
    this.#media.instruct(key, { type: 'message', data });
    runner.note({ at: this.#clock.now(), type: 'message_sent', data: { agent: standing.holder.agent.name } });
    return null;
  }

  /** Hands a word from outside to the agent of a call. False if none of ours speaks there. */
  instruct(key: string, instruction: AgentInstruction): boolean {
    const holder = this.#live.byKey(key)?.standing?.holder ?? null;
    if (holder === null || holder.agent.wire === 'runtime') return false;
    this.#media.instruct(key, instruction);
    return true;
  }

  /** Hangs up as the agent that has the call. With `drain`, what it said is played first. False if none of ours has it. */
  hangUpForAgent(key: string, drain: boolean, reason: string | null): boolean {
    const runner = this.#live.byKey(key);
    const holder = runner?.standing?.holder ?? null;
    if (runner === undefined || holder === null || holder.agent.wire === 'runtime') return false;
    runner.feed({ type: 'agent.hangup', seat: holder.seat, drain, reason, at: this.#clock.now() });
    return true;
  }

  #talk(key: string): Talk | ControlRefusal {
    const runner = this.#live.byKey(key);
    const standing = runner?.standing ?? null;
    if (runner === undefined || standing === null) return 'over';
    if (standing.elsewhere) return 'elsewhere';
    const { conversation, onLine } = standing;
    if (conversation !== null) return { runner, standing, conversation };
    return onLine ? 'no_agent' : 'not_answered';
  }
}
