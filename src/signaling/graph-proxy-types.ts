import type { Readable } from 'node:stream';

/** What a client asks of Graph through us. */
export interface ProxiedRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Whose credential is used. */
  readonly phoneNumberId: string;
  /** Such as `v23.0`; null: the one that is set. */
  readonly version: string | null;
  /** The path below the version, decoded. */
  readonly segments: readonly string[];
  /** Without the question mark. */
  readonly query: string;
  /** All that the client sent; what must not pass is left out here. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Readable | Uint8Array | null;
  /** Bytes; null if it is not known before. */
  readonly bodyLength: number | null;
  /** Where links of Graph to itself shall lead, such as `https://bridge.example.com/meta/whatsapp`. */
  readonly home: string;
  readonly signal: AbortSignal;
}

/** How what a link leads to is fetched. */
export interface GraphLink {
  readonly headers: ProxiedRequest['headers'];
  readonly signal: AbortSignal;
}

export type ProxiedAnswer =
  | {
      readonly type: 'answered';
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: Readable;
    }
  | { readonly type: 'unanswered'; readonly sent: boolean }
  | { readonly type: 'speechless' };
