/**
 * Everything that touches sound runs in media threads: a session joins one leg, one agent and their sound path. The main
 * thread sees only the pool, which takes effects of the call machine and gives back inputs for it.
 */
export { MediaPool, type MediaPoolOptions, type PoolReport } from './media-pool.ts';
export { promptFault } from './prompts.ts';
export type { MediaReport, ThreadLoad } from './protocol.ts';
