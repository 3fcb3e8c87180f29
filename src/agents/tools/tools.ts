import type { ToolDefinition } from '../../call/index.ts';

/** Tools that every model is offered: the bridge does them itself. */
export const HANG_UP = 'hang_up';
export const SEND_DTMF = 'send_dtmf';
/** Names that a user's tool cannot have. */
export const RESERVED_TOOLS: readonly string[] = [HANG_UP, SEND_DTMF];

/** What came of a tool call. `output` goes back to the model as text. */
export type ToolOutcome =
  /** End the call once what was said has been played. */
  | { readonly type: 'hang_up'; readonly reason: string | null; readonly output: string }
  /** Press these keys towards the phone. */
  | { readonly type: 'dtmf'; readonly digits: string; readonly output: string }
  | { readonly type: 'answer'; readonly output: string; readonly failed: boolean };

/** One call's tools. */
export interface ToolBox {
  /** The bridge's own, then the user's. */
  readonly definitions: readonly ToolDefinition[];
  /** Never rejects: a tool that fails answers so, in words for the model. `args` is what the model wrote, JSON text or parsed. */
  run(name: string, args: unknown): Promise<ToolOutcome>;
  /** The call is over: what is under way is given up. */
  close(): void;
}
