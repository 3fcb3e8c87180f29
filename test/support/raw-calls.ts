import { type AgentWire, type CallContext, createAgentWire } from '../../src/agents/index.ts';
import type { RawAgent as RawTarget, TokenPlace } from '../../src/call/index.ts';
import { agentTarget } from './call.ts';
import { callContext } from './call-context.ts';
import { RawAgent, type RawAgentConnection } from './raw-agent.ts';
import { RecordingWireListener, wireServices } from './wire-listener.ts';

export interface RawCall {
  readonly wire: AgentWire;
  readonly connection: RawAgentConnection;
}

/** How a target differs from one without a token that is dialled at the scripted agent's URL. */
export interface RawDifferences extends Partial<Omit<RawTarget, 'wire' | 'entry'>> {
  readonly url?: string;
  readonly token?: string | null;
  readonly tokenIn?: TokenPlace;
}

export function rawTarget(agentUrl: string, differences: RawDifferences = {}): RawTarget {
  const { url = agentUrl, token = null, tokenIn = 'header', ...others } = differences;
  return agentTarget({ entry: { kind: 'dial', url, token, tokenIn }, ...others });
}

/** Calls over the raw wire with one scripted agent; their wires are aborted and the agent is gone after `stop`. */
export class RawCalls {
  readonly agent: RawAgent;
  readonly listener = new RecordingWireListener();
  readonly #wires: AgentWire[] = [];

  private constructor(agent: RawAgent) {
    this.agent = agent;
  }

  static async start(): Promise<RawCalls> {
    return new RawCalls(await RawAgent.start());
  }

  /** A wire that did not dial yet. */
  wire(differences: RawDifferences = {}, context: CallContext = callContext()): AgentWire {
    const wire = createAgentWire(rawTarget(this.agent.url, differences), context, this.listener, wireServices());
    this.#wires.push(wire);
    return wire;
  }

  dial(differences: RawDifferences = {}, context: CallContext = callContext()): AgentWire {
    const wire = this.wire(differences, context);
    wire.connect();
    return wire;
  }

  /** The agent said ready. */
  async ready(differences: RawDifferences = {}): Promise<RawCall> {
    const wire = this.dial(differences);
    const connection = await this.agent.connection();
    await this.listener.next('ready');
    return { wire, connection };
  }

  /** The person is on the line, and the agent knows. */
  async answered(differences: RawDifferences = {}): Promise<RawCall> {
    const call = await this.ready(differences);
    call.wire.start();
    await call.connection.hear('answered');
    return call;
  }

  async stop(): Promise<void> {
    for (const wire of this.#wires) wire.abort();
    await this.agent.stop();
  }
}
