import type { MessageSink, MessageWord } from './message-word.ts';

/**
 * Hands over who wrote, and what became of messages of ours.
 *
 * @param isOurs whether the webhook may speak for that number of ours
 * @param awaiting bounds the time that one of them may take
 * @param now Unix milliseconds
 */
export async function deliverMessages(
  words: readonly MessageWord[],
  sink: MessageSink,
  isOurs: (phoneNumberId: string) => boolean,
  awaiting: (handling: Promise<void>) => Promise<void>,
  now: () => number,
): Promise<void> {
  for (const each of words) {
    switch (each.type) {
      case 'message': {
        const { author, message } = each;
        if (isOurs(author.phoneNumberId)) await awaiting(sink.wrote(author, message, now()));
        break;
      }
      case 'status': {
        const { word } = each;
        if (isOurs(word.phoneNumberId)) await awaiting(sink.status(word, now()));
        break;
      }
      default:
        each satisfies never;
    }
  }
}
