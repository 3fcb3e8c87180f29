import { type AgentWire, type CallContext, createAgentWire } from '../../src/agents/index.ts';
import type { AgentTarget } from '../../src/call/index.ts';
import { RecordingAgentListener } from './agent-listener.ts';
import { agentTarget } from './call.ts';
import { callContext } from './call-context.ts';
import { RawAgent, type RawAgentConnection } from './raw-agent.ts';

export interface RawCall {
  readonly wire: AgentWire;
  readonly connection: RawAgentConnection;
}

/** Calls over the raw wire with one scripted agent; their wires are aborted and the agent is gone after `stop`. */
export class RawCalls {
  readonly agent: RawAgent;
  readonly listener = new RecordingAgentListener();
  readonly #wires: AgentWire[] = [];

  private constructor(agent: RawAgent) {
    this.agent = agent;
  }

  static async start(): Promise<RawCalls> {
    return new RawCalls(await RawAgent.start());
  }

  dial(overrides: Partial<AgentTarget> = {}, context: CallContext = callContext()): AgentWire {
    const wire = createAgentWire(agentTarget({ url: this.agent.url, ...overrides }), context, this.listener);
    this.#wires.push(wire);
    wire.connect();
    return wire;
  }

  /** The agent said ready. */
  async ready(overrides: Partial<AgentTarget> = {}): Promise<RawCall> {
    const wire = this.dial(overrides);
    const connection = await this.agent.connection();
    await this.listener.next('ready');
    return { wire, connection };
  }

  /** The person is on the line, and the agent knows. */
  async answered(overrides: Partial<AgentTarget> = {}): Promise<RawCall> {
    const call = await this.ready(overrides);
    call.wire.start();
    await call.connection.hear('answered');
    return call;
  }

  async stop(): Promise<void> {
    for (const wire of this.#wires) wire.abort();
    await this.agent.stop();
  }
}
