import type { Readable } from 'node:stream';

/** Passes requests on to Graph as a client wrote them, with the credential of one of our numbers in place of the client's. */
export interface GraphProxy {
  /** Never rejects, but of a path that is none. What is not GET is sent once. */
  pass(request: PassedRequest): Promise<PassedAnswer>;
  /** GET of what an answer of Graph gave a link to, such as `url` of media; only where the credential may be shown. */
  fetchLink(
    phoneNumberId: string,
    link: string,
    options: Pick<PassedRequest, 'headers' | 'signal'>,
  ): Promise<PassedAnswer>;
}

export interface PassedRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Whose credential is used. */
  readonly phoneNumberId: string;
  /** Such as `v23.0`; null: the one that is set for the service. */
  readonly version: string | null;
  /** The path below the version, decoded: an id first. None may be empty, `.` or `..`. */
  readonly segments: readonly string[];
  /** As the client wrote it, without the question mark; empty for none. */
  readonly query: string;
  /** Those of connections, credentials and cookies are not passed on. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Readable | Uint8Array | null;
  /** Bytes; null if it is not known before. */
  readonly bodyLength: number | null;
  /** Where links of Graph to itself shall lead, such as `https://bridge.example.com/meta/whatsapp`. */
  readonly home: string;
  /** When the client is gone. */
  readonly signal: AbortSignal;
}

export type PassedAnswer =
  | {
      readonly type: 'answered';
      readonly status: number;
      /** Those that may be told; names in small letters. */
      readonly headers: Readonly<Record<string, string>>;
      /** To be read or destroyed. Of an answer in JSON: without the number's token, and with links that lead back here. */
      readonly body: Readable;
    }
  /** `sent`: false if for certain not one byte of it reached Graph. */
  | { readonly type: 'unanswered'; readonly sent: boolean }
  /** There is no credential for the number. */
  | { readonly type: 'speechless' };

/** Keeps what Graph and its clients say of a number's calling settings (meta-calling.md §2.3). */
export interface SettingsMirror {
  /**
   * Durable when it resolves. Passwords of SIP servers, which such an object may have, are not kept.
   *
   * @param calling the object `calling` of an answer to GET, or of a successful POST, which names only what it changes
   * @param at when the request for it began, Unix milliseconds
   */
  seen(phoneNumberId: string, calling: unknown, at: number): Promise<void>;
}

/** Hears of every message that a client sent through us. */
export interface SentMessages {
  /**
   * Graph took the message.
   *
   * @param request the body as the client wrote it, parsed
   * @param answer Graph's, parsed
   * @param at Unix milliseconds
   */
  onSent(phoneNumberId: string, request: unknown, answer: unknown, at: number): Promise<void>;
}

/** Which numbers belong to a WhatsApp business account. */
export interface AccountNumbers {
  /** Their phone number ids, of all projects; empty for an account that is not known. */
  numbersOfAccount(businessAccountId: string): readonly string[];
}
