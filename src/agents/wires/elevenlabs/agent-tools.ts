import type { CallIdentity, ToolWebhook } from '../../../call/index.ts';
import { createToolBox } from '../../tools/tool-box.ts';
import { askToolWebhook } from '../../tools/tool-webhook.ts';
import { RESERVED_TOOLS, type ToolOutcome } from '../../tools/tools.ts';

export interface AgentTools {
  /** Never rejects. */
  run(name: string, args: Readonly<Record<string, unknown>>): Promise<ToolOutcome>;
  /** The call is over: what is under way is given up. */
  close(): void;
}

export interface AgentToolsOptions {
  readonly webhook: ToolWebhook | null;
  readonly identity: CallIdentity;
  readonly allowLinkLocal: boolean;
}

/** The client tools of an agent. Their list is kept by the service, so whatever is not the bridge's own is the webhook's. */
export function createAgentTools({ webhook, identity, allowLinkLocal }: AgentToolsOptions): AgentTools {
  const own = createToolBox({ definitions: [], webhook: null, identity, allowLinkLocal });
  const over = new AbortController();
  return {
    run: (name, args) =>
      webhook === null || RESERVED_TOOLS.includes(name)
        ? own.run(name, args)
        : askToolWebhook({ webhook, tool: name, args, identity, allowLinkLocal, signal: over.signal }),
    close() {
      over.abort();
      own.close();
    },
  };
}
