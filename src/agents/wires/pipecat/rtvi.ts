import { z } from 'zod';
import { parseJson } from '../../json.ts';

/** RTVI is what Pipecat's clients and bots tell each other beside the sound (agent-protocols.md §1.3). */
const LABEL = 'rtvi-ai';
/** Bots of all versions take it; 2.x, which only new bots know, would change `bot-output`. */
const VERSION = '1.2.0';

/** What a bot says that matters here. */
export type RtviMessage =
  /** `pipecat` is the version of Pipecat, null if it is not one. */
  | { readonly type: 'bot-ready'; readonly pipecat: string | null }
  | { readonly type: 'user-started-speaking' | 'bot-started-speaking' | 'bot-stopped-speaking' }
  | { readonly type: 'user-transcription' | 'user-input'; readonly text: string; readonly final: boolean }
  /** `spoken`: it was said; otherwise it may be said later, and comes again then. */
  | { readonly type: 'bot-output'; readonly text: string; readonly spoken: boolean }
  | { readonly type: 'bot-transcription'; readonly text: string }
  | { readonly type: 'server-message'; readonly data: unknown }
  | { readonly type: 'error'; readonly fatal: boolean };

export type BotMessage =
  | { readonly kind: 'rtvi'; readonly message: RtviMessage }
  /** RTVI that does not matter here, or that breaks its own rules. */
  | { readonly kind: 'ignored' }
  | { readonly kind: 'application'; readonly data: unknown };

const envelope = z.object({ label: z.literal(LABEL) });

const about = z.object({ library: z.string(), library_version: z.string() });
const bare = z.object({ type: z.enum(['user-started-speaking', 'bot-started-speaking', 'bot-stopped-speaking']) });
const words = z.object({ text: z.string() });

const message = z.discriminatedUnion('type', [
  bare,
  z
    .object({ type: z.literal('bot-ready'), data: z.object({ about: about.nullish().catch(null) }).nullish() })
    .transform(({ type, data }) => {
      const library = data?.about ?? null;
      return { type, pipecat: library?.library === 'pipecat-ai' ? library.library_version : null };
    }),
  z
    .object({
      type: z.enum(['user-transcription', 'user-input']),
      data: words.extend({ final: z.boolean().default(true) }),
    })
    .transform(({ type, data }) => ({ type, text: data.text, final: data.final })),
  z
    .object({
      type: z.literal('bot-output'),
      // `spoken` up to RTVI 1.x; `spoken_status` from 2.0, also to a client that has not said its version yet.
      data: words.extend({ spoken: z.boolean().nullish(), spoken_status: z.string().nullish() }),
    })
    .transform(({ type, data }) => ({
      type,
      text: data.text,
      spoken: data.spoken === true || data.spoken_status === 'completed',
    })),
  z
    .object({ type: z.literal('bot-transcription'), data: words })
    .transform(({ type, data }) => ({ type, text: data.text })),
  z.object({ type: z.literal('server-message'), data: z.unknown() }),
  z
    .object({ type: z.literal('error'), data: z.object({ fatal: z.boolean().nullish() }) })
    .transform(({ type, data }) => ({ type, fatal: data.fatal === true })),
]);

/** Reads the text of a message frame; null if it is not JSON. Never throws. */
export function parseBotMessage(text: string): BotMessage | null {
  const data = parseJson(text);
  if (data === undefined) return null;
  if (!envelope.safeParse(data).success) return { kind: 'application', data };
  const parsed = message.safeParse(data);
  return parsed.success ? { kind: 'rtvi', message: parsed.data } : { kind: 'ignored' };
}

/** Makes RTVI messages of a client, numbered. */
export class RtviClient {
  #id = 0;

  /** The bot may greet and hear. */
  ready(): unknown {
    return this.#message('client-ready', { version: VERSION, about: { library: 'talkwire' } });
  }

  /** `button` is read by Pipecat 1.5, `buttons` from 1.6 on; earlier ones know no keys. */
  dtmf(digit: string): unknown {
    return this.#message('dtmf', { button: digit, buttons: [digit] });
  }

  /** Something for the bot's own code (`on_client_message`). */
  tell(type: string, data: unknown): unknown {
    return this.#message('client-message', { t: type, d: data });
  }

  disconnect(): unknown {
    return this.#message('disconnect-bot');
  }

  #message(type: string, data?: unknown): unknown {
    this.#id += 1;
    return { label: LABEL, type, id: String(this.#id), data };
  }
}
