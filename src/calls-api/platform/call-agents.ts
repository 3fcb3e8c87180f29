import { z } from 'zod';
import type { TimelineLine } from '../ports.ts';

const time = z.iso.datetime().nullable();

/** Who of the agents had the call, in the order in which they were sought. */
export const callAgentsAnswer = z.array(
  z
    .strictObject({
      name: z.string().nullable(),
      seat: z.int().meta({ description: 'Its place in the chain of the call; an agent that is tried twice has two' }),
      sought_at: time.meta({ description: 'When it was dialled' }),
      ready_at: time.meta({ description: 'When it answered the bridge; null if it never did' }),
      from: time.meta({ description: 'When it got the person; null if it never did' }),
      to: time.meta({ description: 'When it had the person no more; null while it has' }),
      spoke: z.boolean().meta({ description: 'Whether any sound of it was sent' }),
      why: z.string().nullable().meta({
        description:
          'Why its part ended: `transferred`, `agent_hangup`, `agent_skipped`, a failure (docs/protocol.md), or how the call ended (docs/closing.md); null while it goes on',
      }),
    })
    .meta({ id: 'CallAgent' }),
);

export type CallAgent = z.output<typeof callAgentsAnswer>[number];

/** Reads from a call's timeline which agents it had. A runtime has its call without a pickup that is known here. */
export function agentsOf(timeline: readonly TimelineLine[]): CallAgent[] {
  const book = new Seats();
  for (const line of timeline) book.read(line);
  return book.all();
}

/** What is known of the agents so far. Of those that are ready, the last one sought has the call. */
class Seats {
  readonly #seats = new Map<number, CallAgent>();
  #pickedUpAt: string | null = null;
  /** Whose turn it is. One that is to take over is sought while another has it. */
  #turn: number | null = null;

  all(): CallAgent[] {
    return [...this.#seats.values()];
  }

  read({ at, type, data }: TimelineLine): void {
    const { agent, seat: place, code, reason } = data as Readonly<Record<string, unknown>>;
    const seat =
      typeof place === 'number' ? this.#seat(place, typeof agent === 'string' ? agent : null) : this.#at(this.#turn);
    switch (type) {
      case 'agent_connecting':
      case 'agent_launching':
        if (seat !== null) this.#sought(seat, at, true);
        return;
      case 'transfer_started':
        if (seat !== null) this.#sought(seat, at, false);
        return;
      case 'agent_ready':
        if (seat !== null) seat.ready_at ??= at;
        this.#begin(at);
        return;
      case 'agent_started':
        this.#pickedUpAt ??= at;
        this.#begin(at);
        return;
      case 'agent_launched':
        if (seat !== null) {
          seat.ready_at ??= at;
          seat.from ??= at;
        }
        return;
      case 'transferred':
      case 'transfer_waiting':
        // Of one that hung up or was lost, that is the reason.
        this.#over(this.#at(this.#turn), at, 'transferred');
        if (seat !== null) this.#turn = seat.seat;
        this.#begin(at);
        return;
      case 'agent_spoke':
        if (seat !== null) seat.spoke = true;
        return;
      case 'agent_skipped':
      case 'agent_hangup':
        this.#over(seat, at, type);
        return;
      case 'agent_failed':
      case 'transfer_failed':
        this.#over(seat, at, typeof code === 'string' ? code : type);
        return;
      case 'ended':
        for (const each of this.#seats.values()) this.#over(each, at, typeof reason === 'string' ? reason : type);
        return;
      default:
      // Every other line is of the call, not of who speaks.
    }
  }

  #seat(place: number, name: string | null): CallAgent {
    const known = this.#seats.get(place);
    if (known !== undefined) return known;
    const agent: CallAgent = {
      name,
      seat: place,
      sought_at: null,
      ready_at: null,
      from: null,
      to: null,
      spoke: false,
      why: null,
    };
    this.#seats.set(place, agent);
    return agent;
  }

  #at(place: number | null): CallAgent | null {
    return place === null ? null : (this.#seats.get(place) ?? null);
  }

  #sought(agent: CallAgent, at: string, hasTurn: boolean): void {
    agent.sought_at ??= at;
    if (hasTurn) this.#turn = agent.seat;
  }

  /** Whoever has the turn has the person, once both are there. */
  #begin(at: string): void {
    const agent = this.#at(this.#turn);
    if (agent !== null && agent.ready_at !== null && this.#pickedUpAt !== null && agent.why === null) agent.from ??= at;
  }

  #over(agent: CallAgent | null, at: string, why: string): void {
    if (agent === null || agent.why !== null) return;
    agent.why = why;
    // A deadline is written with its own time, which may lie before that of what came just ahead of it.
    if (agent.from !== null) agent.to = at < agent.from ? agent.from : at;
  }
}
