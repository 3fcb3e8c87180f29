import type { CallIdentity, ToolDefinition, ToolWebhook } from '../../call/index.ts';
import { isObject, type JsonObject, parseObject } from '../json.ts';
import { failed, OWN_TOOLS } from './reserved.ts';
import { askToolWebhook } from './tool-webhook.ts';
import type { ToolBox, ToolOutcome } from './tools.ts';

export interface ToolBoxOptions {
  /** The user's tools; null if they are listed elsewhere, so that any name may be one. */
  readonly definitions: readonly ToolDefinition[] | null;
  readonly webhook: ToolWebhook | null;
  readonly identity: CallIdentity;
  readonly allowLinkLocal: boolean;
}

/** Arguments as text, characters. */
const MAX_ARGUMENTS = 64 * 1024;
const MAX_NAME = 64;

/** The tools of one call: the bridge's own, and those of the user, which the webhook runs. */
export function createToolBox({ definitions, webhook, identity, allowLinkLocal }: ToolBoxOptions): ToolBox {
  const over = new AbortController();
  return {
    definitions: [...OWN_TOOLS.map(({ definition }) => definition), ...(definitions ?? [])],

    async run(name, args): Promise<ToolOutcome> {
      const given = readArguments(args);
      if (given === null) return failed('The arguments must be a JSON object.');
      const own = OWN_TOOLS.find(({ definition }) => definition.name === name);
      if (own !== undefined) return own.run(given);
      const isKnown = definitions === null || definitions.some((definition) => definition.name === name);
      if (!isKnown || webhook === null) {
        return failed(`There is no tool named ${JSON.stringify(name.slice(0, MAX_NAME))}.`);
      }
      return askToolWebhook({ webhook, tool: name, args: given, identity, allowLinkLocal, signal: over.signal });
    },

    close() {
      over.abort();
    },
  };
}

/** What the model wrote, as an object; models write nothing at all for a tool without parameters. Null if it is none. */
function readArguments(args: unknown): JsonObject | null {
  if (args === undefined || args === null) return {};
  if (typeof args !== 'string') return isObject(args) ? args : null;
  if (args.length > MAX_ARGUMENTS) return null;
  return args.trim() === '' ? {} : parseObject(args);
}
