import { registerHooks } from 'node:module';

/* The service of dial-process-child.ts, whose deliveries are tried again much sooner. */

const SCHEDULE = new URL('../../src/events/retry-schedule.ts', import.meta.url).href;
const QUICK = new URL('./quick-retry-schedule.ts', import.meta.url).href;

registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context);
    return resolved.url === SCHEDULE && context.parentURL !== QUICK ? { ...resolved, url: QUICK } : resolved;
  },
});

await import('./dial-process-child.ts');
