/** Seals the databases of the tests. */
export const MASTER_KEY = Buffer.alloc(32, 7);
