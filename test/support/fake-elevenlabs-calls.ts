import { type AgentWire, type CallContext, createAgentWire } from '../../src/agents/index.ts';
import type { ElevenLabsAgent } from '../../src/call/index.ts';
import { callContext } from './call-context.ts';
import { FakeElevenLabs, type FakeElevenLabsOptions } from './fake-elevenlabs.ts';
import type { FakeConversation } from './fake-elevenlabs-conversation.ts';
import { RecordingWireListener, wireServices } from './wire-listener.ts';

export type ElevenLabsDifferences = Partial<Omit<ElevenLabsAgent, 'wire'>>;

export function elevenLabsTarget(baseUrl: string, differences: ElevenLabsDifferences = {}): ElevenLabsAgent {
  return {
    id: 'agent-e',
    name: 'ElevenLabs',
    wire: 'elevenlabs',
    agentId: 'agent_fake',
    apiKey: null,
    baseUrl,
    dynamicVariables: {},
    overrides: {},
    toolWebhook: null,
    connectTimeoutMs: 5_000,
    speakWithinMs: null,
    maxConcurrentCalls: null,
    parameters: {},
    ...differences,
  };
}

/** Calls over the wire with one fake service; their wires are aborted and the service is gone after `stop`. */
export class ElevenLabsCalls {
  readonly fake: FakeElevenLabs;
  readonly listener = new RecordingWireListener();
  readonly #wires: AgentWire[] = [];

  private constructor(fake: FakeElevenLabs) {
    this.fake = fake;
  }

  static async start(options: Partial<FakeElevenLabsOptions> = {}): Promise<ElevenLabsCalls> {
    return new ElevenLabsCalls(await FakeElevenLabs.start(options));
  }

  dial(differences: ElevenLabsDifferences = {}, context: CallContext = callContext()): AgentWire {
    const target = elevenLabsTarget(this.fake.baseUrl, differences);
    const wire = createAgentWire(target, context, this.listener, wireServices());
    this.#wires.push(wire);
    wire.connect();
    return wire;
  }

  /** The agent is to be had; the person is not there. */
  async ready(differences: ElevenLabsDifferences = {}, context: CallContext = callContext()) {
    const wire = this.dial(differences, context);
    const conversation = await this.fake.conversation();
    await this.listener.next('ready');
    return { wire, conversation };
  }

  /** The person is on the line, and the agent listens. */
  async talking(differences: ElevenLabsDifferences = {}, context: CallContext = callContext()) {
    const { wire, conversation } = await this.ready(differences, context);
    wire.start();
    await this.settle(conversation);
    return { wire, conversation };
  }

  /** Everything that either side said before was heard. */
  async settle(conversation: FakeConversation): Promise<void> {
    if (conversation.initiation === null) await conversation.hear('conversation_initiation_client_data');
    await conversation.settle();
  }

  /** All that was heard of the agent, at 16 kHz. */
  get sound(): Int16Array {
    return Int16Array.from(this.listener.all('audio').flatMap(({ samples }) => [...samples]));
  }

  async stop(): Promise<void> {
    for (const wire of this.#wires) wire.abort();
    await this.fake.stop();
  }
}
