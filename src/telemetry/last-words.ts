import type { Logger } from './logger.ts';

/**
 * What nobody caught still ends the process, as it must: nobody knows what state it is in, and the next start closes its
 * calls. But it is said through the logger, because Node would print it as it is, and an error may quote anything.
 */
export function logLastWords(logger: Logger): void {
  process.on('uncaughtException', (error: unknown) => {
    logger.fatal({ err: error }, 'talkwire failed and ends');
    process.exit(1);
  });
}
