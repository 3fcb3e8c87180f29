import { z } from 'zod';

const call = z.object({ id: z.string().describe('The id of the call in this bridge; `call.id` of its `start`.') });

/** What the bridge says on the line of an agent that dials it (docs/protocol.md "Agents behind NAT"), by `type`. */
export const lineMessages = {
  hello: z.object({
    type: z.literal('hello'),
    agent: z.object({
      id: z.string().describe('The id of the agent in this bridge.'),
      name: z.string().describe('Its name, as the operator wrote it.'),
    }),
  }),
  call: z.object({
    type: z.literal('call'),
    call,
    url: z.string().describe('ws:// or wss:// to dial for this call. Works once.'),
    expires_at: z.iso.datetime().describe('When the bridge stops waiting, UTC.'),
  }),
  call_withdrawn: z.object({
    type: z.literal('call_withdrawn'),
    call,
  }),
  ping: z.object({
    type: z.literal('ping'),
  }),
} as const;

export type LineMessage = {
  [T in keyof typeof lineMessages]: z.input<(typeof lineMessages)[T]>;
}[keyof typeof lineMessages];

/**
 * What a media thread tells the main thread of the calls it waits for. `token` is good for one connection to `port` of
 * 127.0.0.1, at `/{token}`.
 */
export type DoorReport =
  | {
      readonly type: 'invite';
      readonly token: string;
      readonly agentId: string;
      /** The call's own id. */
      readonly key: string;
      readonly port: number;
      readonly waitMs: number;
    }
  /** Nobody is waited for any more. */
  | { readonly type: 'withdraw'; readonly token: string };

export type DoorCommand =
  /** The agent cannot be told of the call. */
  { readonly type: 'absent'; readonly token: string };
