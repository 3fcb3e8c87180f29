import { z } from 'zod';
import { lineMessages } from '../../door/messages.ts';
import { agentMessages, vonageMessages } from './agent-messages.ts';
import { bridgeMessages } from './bridge-messages.ts';

/**
 * docs/protocol.schema.json: JSON Schema 2020-12 of every control message, made from the schemas that the bridge reads
 * with. `$defs` has `agentMessage`, `bridgeMessage` and `lineMessage`, and each message as `agent.<type>`, `bridge.<type>`,
 * `line.<type>`, `vonage.<action>`.
 */
export function protocolSchema(): Record<string, unknown> {
  const agent = definitions('agent', agentMessages);
  const vonage = definitions('vonage', vonageMessages);
  const bridge = definitions('bridge', bridgeMessages);
  const line = definitions('line', lineMessages);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'talkwire raw v1',
    description: 'Control messages between the bridge and an agent. See protocol.md.',
    anyOf: [reference('agentMessage'), reference('bridgeMessage'), reference('lineMessage')],
    $defs: {
      agentMessage: { anyOf: [...Object.keys(agent), ...Object.keys(vonage)].map(reference) },
      bridgeMessage: { anyOf: Object.keys(bridge).map(reference) },
      lineMessage: { anyOf: Object.keys(line).map(reference) },
      ...agent,
      ...vonage,
      ...bridge,
      ...line,
    },
  };
}

function definitions(prefix: string, schemas: Readonly<Record<string, z.ZodType>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(schemas).map(([type, schema]) => {
      // `input`: fields with a default may be left out, and fields that nobody named are let through.
      const { $schema: _, ...definition } = z.toJSONSchema(schema, { io: 'input' });
      return [`${prefix}.${type}`, definition];
    }),
  );
}

function reference(name: string): { readonly $ref: string } {
  return { $ref: `#/$defs/${name}` };
}
