/**
 * Everything that must outlive the process: kysely on an embedded SQLite file or on a PostgreSQL database. One repository per
 * noun, each the implementation of a port that another room declares. A write is durable (fsynced) when its promise
 * resolves; writes that are asked for in the same tick share one transaction. Secrets are sealed before they reach a row.
 */

export type { ClaimWatch } from './claim-watch.ts';
export { type Database, type DatabaseOptions, openDatabase } from './database.ts';
export { DatabaseError } from './database-error.ts';
export type { DatabasePlace } from './database-place.ts';
export type { NumberSettings } from './number-row.ts';
export type { NumberStore } from './numbers.ts';
export { SealError } from './seal.ts';
export { claimDatabase } from './single-owner.ts';
