import { registerHooks } from 'node:module';
import type { CrashPoint } from './dial-process-points.ts';

/*
 * The service of src/main.ts with media that need no threads, in a process that dies where it is told to. It loads
 * everything, says `warm`, and starts when it is told to, so that the next one stands ready when this one dies.
 */

const MEDIA = new URL('../../src/media/index.ts', import.meta.url).href;
const QUICK = new URL('./dial-process-media.ts', import.meta.url).href;

registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context);
    return resolved.url === MEDIA ? { ...resolved, url: QUICK } : resolved;
  },
});

const { armCrash } = await import('./dial-process-points.ts');
const { loadConfig } = await import('../../src/config.ts');
const { startService } = await import('../../src/main.ts');
const { createLogger } = await import('../../src/telemetry/index.ts');

/** What the parent says. */
export type Order = { readonly type: 'start' } | { readonly type: 'arm'; readonly point: CrashPoint };

/** What the child says. */
export type Word = { readonly type: 'warm' } | { readonly type: 'up'; readonly url: string };

process.on('message', async (order: Order) => {
  if (order.type === 'arm') return armCrash(order.point);
  const config = loadConfig(process.env);
  const logger = createLogger({ level: 'info', destination: { write: () => {} }, secrets: config.secrets });
  const { url } = await startService(config, logger);
  say({ type: 'up', url });
});
// Without its parent it has no purpose.
process.once('disconnect', () => process.exit());
say({ type: 'warm' });

function say(word: Word): void {
  process.send?.(word);
}
