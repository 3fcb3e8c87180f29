import type { SimulatedWhatsApp } from '../simulator/index.ts';
import type { Api } from './call-log.ts';
import type { Greeting } from './greeting-agent.ts';
import type { Narrator } from './narrator.ts';
import type { DemoOptions } from './options.ts';

/** What the calls of the demo are played on. */
export interface Stage {
  readonly options: DemoOptions;
  readonly narrator: Narrator;
  readonly whatsapp: SimulatedWhatsApp;
  readonly api: Api;
  /** What the agent says first; null if it is not known, or it says nothing. */
  readonly greeting: Greeting | null;
}
