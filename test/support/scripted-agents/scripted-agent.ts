import type { SampleRate } from '../../../src/call/index.ts';
import type { ScriptedCall } from './scripted-call.ts';

/** An agent whose script is the test, over real sockets, whatever it speaks. */
export interface ScriptedAgent {
  /** What the table calls it. */
  readonly name: string;
  /** `provider` of the body of POST /platform/v1/voice_agents. */
  readonly provider: object;
  /** Of the sound that it makes and of the sound that it hears, Hz. */
  readonly agentRate: SampleRate;
  readonly callerRate: SampleRate;
  readonly can: AgentAbilities;
  /** The bridge is up; resolves when the agent can get calls. */
  meet(bridgeUrl: string): Promise<void>;
  /** The next connection to a call, in order. */
  nextCall(): Promise<ScriptedCall>;
  /** From now on nobody gets through to it, until what is returned is called. */
  hold(): () => void;
  close(): Promise<void>;
}

/** What its protocol has a word for. */
export interface AgentAbilities {
  /** To be told when a sound was played. */
  readonly marks: boolean;
  /** To be told how much was played of what was cleared. */
  readonly accounts: boolean;
}
