/**
 * The first thing a newcomer runs: the real service between a simulated WhatsApp and an agent, on this machine. Knows
 * everything, decides nothing: it starts the others, watches one call, and says what it saw.
 */
export type { DemoOptions } from './options.ts';
export { runDemo } from './run-demo.ts';
