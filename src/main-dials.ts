import type { CallPlanner } from './agents/index.ts';
import { type CallIdentity, DEFAULT_POLICY } from './call/index.ts';
import {
  type CallPlacer,
  ClientDesk,
  DialDesk,
  type DialOrder,
  type PermissionGraph,
  type PlacingRefusal,
} from './permissions/index.ts';
import type { CallRuntime, Clock, GraphPort } from './runtime/index.ts';
import type { CallingWatch, GraphClient } from './signaling/index.ts';
import type { Database } from './storage/index.ts';

/** Everything about calls that the business starts: the desk for its own, and the one for clients of Graph's routes. */
export interface Dials {
  readonly desk: DialDesk;
  readonly clients: ClientDesk;
  /** The Graph port with an ear for what a refused connect says of limits. */
  readonly graph: GraphPort;
}

export interface DialsOptions {
  readonly database: Database;
  readonly graph: GraphClient;
  readonly calling: CallingWatch;
  readonly planner: CallPlanner;
  /** Asked for when a call is placed; the runtime is made after this, because it places through `graph`. */
  readonly runtime: () => CallRuntime;
  readonly clock: Clock;
  readonly onFault: (during: string, fault: unknown) => void;
}

/** Joins the permissions' room to storage, signaling and the runtime. */
export function joinDials(options: DialsOptions): Dials {
  const { database, graph, calling, clock, onFault } = options;
  const { permissions: book, numbers } = database;
  const calls = placerOf(options);
  const desk = new DialDesk({ book, numbers, graph: heard(options), calls, calling, clock, onFault });
  const { lessons } = desk;
  return {
    desk,
    clients: new ClientDesk({ book, numbers, graph: graph.requests, calls, lessons, clock }),
    graph: {
      act: (request) => graph.act(request),
      async connect(request) {
        const result = await graph.connect(request);
        if (result.type === 'failed' && result.error.kind === 'refused') {
          const { phoneNumberId, user } = request;
          const { code, retryAt } = result.error;
          lessons
            .refused(phoneNumberId, user, { code, retryAt: retryAt ?? null })
            .catch((fault) => onFault('learning from a refusal of Graph', fault));
        }
        return result;
      },
    },
  };
}

/** Requests for permission that this service sends by itself are messages of their conversations, as those of clients are. */
function heard({ database, graph, clock, onFault }: DialsOptions): PermissionGraph {
  const { requests } = graph;
  return {
    read: (phoneNumberId, user, version) => requests.read(phoneNumberId, user, version),
    connect: (phoneNumberId, body) => requests.connect(phoneNumberId, body),
    async send(phoneNumberId, body) {
      const sent = await requests.send(phoneNumberId, body);
      if (sent.type !== 'sent') return sent;
      try {
        const request: unknown = JSON.parse(Buffer.from(body.json).toString('utf8'));
        await database.messageKeeper.onSent(phoneNumberId, request, sent.body, clock.now());
      } catch (fault) {
        onFault('keeping a message that was sent', fault);
      }
      return sent;
    },
  };
}

function placerOf({ database, planner, runtime }: DialsOptions): CallPlacer {
  const { numbers } = database;

  function planFor(order: Pick<DialOrder, 'phoneNumberId' | 'voiceAgentId' | 'context' | 'ringTimeoutMs'>) {
    const rules = numbers.dialRules(order.phoneNumberId);
    if (rules === null) return { refusal: 'unknown_number' } as const;
    return planner.planForDial({
      ...order,
      ringTimeoutMs: order.ringTimeoutMs ?? rules.ringTimeoutMs,
      answeredBy: rules.answeredBy,
    });
  }

  return {
    async refusal(phoneNumberId, voiceAgentId): Promise<PlacingRefusal | null> {
      const plan = planFor({ phoneNumberId, voiceAgentId, context: {}, ringTimeoutMs: null });
      return 'refusal' in plan ? plan.refusal : runtime().dialRefusal();
    },
    async place(order, identity) {
      const plan = planFor(order);
      // Between the question and the reservation an agent may have been deleted: with nobody to speak the call ends unplaced.
      await runtime().dial(identity, 'refusal' in plan ? { ...DEFAULT_POLICY, agents: [] } : plan.policy);
    },
    follow: (identity: CallIdentity) => runtime().follow(identity, { ...DEFAULT_POLICY, agents: [] }),
    expectName: (phoneNumberId) => runtime().expectName(phoneNumberId),
  };
}
