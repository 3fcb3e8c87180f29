import type { CallIdentity, MetaInput } from '../call/index.ts';

/** One thing Meta said about one call; `identity` as the webhook gave it, without our own id. */
export interface IncomingCallEvent {
  readonly identity: Omit<CallIdentity, 'id'>;
  readonly input: MetaInput;
  /** Of a connect: Meta's body with this call alone, for a runtime that answers it itself. */
  readonly webhook?: unknown;
}
